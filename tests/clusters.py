"""Ray clusters on this machine, whose nodes have one processor each and can be killed."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 1024**2, "include_log_monitor": False}


@contextmanager
def ray_nodes(count: int) -> Iterator[Any]:
    """ray.cluster_utils' Cluster of `count` nodes; its `address` is what --cluster takes.

    The first node holds the cluster together and has no processor for the work: it is none of the `count`.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_AUTH_MODE"] = "token"  # otherwise Ray makes one, and keeps it in the home of whoever runs the tests
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - so it is called; other tests may run beside this one
    from ray.cluster_utils import Cluster

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="nodes-", ignore_cleanup_errors=True) as folder:  # a short name
        os.environ["RAY_TMPDIR"] = folder
        head = {**NODE, "num_cpus": 0, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        try:
            for _ in range(count):
                cluster.add_node(**NODE)
            yield cluster
        finally:
            cluster.shutdown()  # type: ignore[no-untyped-call]
            os.environ.pop("RAY_TMPDIR", None)
