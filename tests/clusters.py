"""Ray clusters on this machine, whose nodes have one processor each and can be killed."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 1024**2, "include_log_monitor": False}


# What Python runs first in the nodes' processes: workers stop at their next chunk as long as a file lies in a folder,
# and say there which node they belong to. The first chunk that comes to any of them passes, whichever it is: Ray may
# hand a worker two, and the second first.
_HOLD = """
import os, sys
folder = os.environ.get("TESTS_GATE")
if folder and any(each.endswith("default_worker.py") for each in sys.orig_argv):
    import time
    from pathlib import Path
    from pigeonhole.cluster.job import Worker
    closed, answer = Path(folder, "closed"), Worker._answer
    def is_first():
        try:
            Path(folder, "passed").touch(exist_ok=False)
        except FileExistsError:
            return False
        return True
    def held(self, number, listed):
        import ray
        if closed.exists() and not is_first():
            Path(folder, ray.get_runtime_context().get_node_id()).touch()
            while closed.exists():
                time.sleep(0.01)
        return answer(self, number, listed)
    Worker._answer = held
"""


class Gate:
    """Where workers of nodes with its `environment` can be stopped between two chunks: no speed decides what is met
    there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._closed = folder / "closed"
        self._passed = folder / "passed"
        (folder / "sitecustomize.py").write_text(_HOLD)
        self.environment = {"PYTHONPATH": str(folder), "TESTS_GATE": str(folder)}

    def close(self) -> None:
        for name in self.waiting():
            (self._folder / name).unlink()
        self._passed.unlink(missing_ok=True)
        self._closed.touch()

    def open(self) -> None:
        self._closed.unlink(missing_ok=True)

    def waiting(self) -> set[str]:
        """The nodes whose workers are stopped, by their ids."""
        ours = {"closed", "passed", "sitecustomize.py", "__pycache__"}
        return {path.name for path in self._folder.iterdir()} - ours


@contextmanager
def ray_nodes(count: int, **more: Any) -> Iterator[Any]:
    """ray.cluster_utils' Cluster of `count` nodes like NODE with `more`; its `address` is what --cluster takes.

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
                cluster.add_node(**NODE, **more)
            yield cluster
        finally:
            cluster.shutdown()  # type: ignore[no-untyped-call]
            os.environ.pop("RAY_TMPDIR", None)
