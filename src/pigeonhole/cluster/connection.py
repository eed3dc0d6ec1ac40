"""A Ray cluster, from the first sentence to the last."""

import io
import logging
import os
import re
import secrets
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import PigeonholeError, UsageError
from pigeonhole.files import scratch_folder
from pigeonhole.text import printable

STORE_BYTES = 256 * 1024**2  # of shared memory for what a cluster of one machine hands around: the model, and lists
LONGEST = 23  # characters of a temporary folder's path: with what Ray adds to it, a socket's may have 107
LAST_PORT = 65535
ANSWER_SECONDS = 10
# Ray itself asks for minutes where nobody answers, or somebody else does; these are one try of 16 s.
PATIENCE = {
    "RAY_gcs_server_port_wait_time_s": "1",  # tries
    "RAY_gcs_rpc_server_connect_timeout_s": "3",  # twice
    "RAY_py_gcs_connect_timeout_s": "10",
}
START = "Start a cluster with ray start, as docs/scaling.md shows."
ADDRESS = re.compile(r"auto|local|[^:/\s]+:\d+|\[[0-9A-Fa-f:]+\]:\d+")


def check_address(address: str) -> None:
    """Raise UsageError where it is none, and PigeonholeError where nobody answers there."""
    if not ADDRESS.fullmatch(address) or (":" in address and int(address.rpartition(":")[2]) > LAST_PORT):
        raise UsageError(
            f"{printable(address)} is no address of a cluster.",
            "It is auto (the cluster that this machine is a node of), local (this machine alone), or HOST:PORT.",
        )
    if ":" in address:
        _refuse_nobody(address)


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Be part of the cluster at `address`; of `local` nothing is left afterwards.

    Raises PigeonholeError where there is none, or one of another version of Ray or Python.
    """
    check_address(address)
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # before it is imported: it would tell its maker of its use
    if address != "local":
        for name, value in PATIENCE.items():
            os.environ.setdefault(name, value)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    with (
        scratch_folder(_short_folder()) as folder,
        _own_stderr(),
    ):
        settings = _local(folder) if address == "local" else {"address": address}
        import ray
        from ray._private import worker

        worker.print_to_stdstream = _untold  # else the loss of a node is told, in 50 lines, between those for a program
        try:
            ray.init(log_to_driver=False, logging_level=logging.CRITICAL, **settings)
        except (ray.exceptions.RayError, ConnectionError, RuntimeError, TimeoutError, ValueError) as error:
            raise PigeonholeError(*_cannot_connect(address, error)) from None
        finally:
            for number, handler in handlers.items():  # Ray puts its own in their place
                signal.signal(number, handler)
        try:
            yield
        finally:
            ray.shutdown()


def _untold(*_: Any, **__: Any) -> None: ...


@contextmanager
def _own_stderr() -> Iterator[None]:
    """Ray's libraries write to descriptor 2, for developers; what Python writes still gets to where that led."""
    before = sys.stderr
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    with io.TextIOWrapper(io.FileIO(kept, "w"), before.encoding, "backslashreplace", line_buffering=True) as ours:
        os.dup2(nowhere, 2)
        os.close(nowhere)
        if _writes_to_2(before):
            sys.stderr = ours
        try:
            yield
        finally:
            sys.stderr = before
            os.dup2(kept, 2)


def _writes_to_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except OSError:  # a test's, in memory
        return False


def _refuse_nobody(address: str) -> None:
    """The commonest mistake costs no waiting."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except OSError as error:
        raise PigeonholeError(f"Nobody answers at {address}: {error.strerror or error}.", START) from None


def _local(folder: Path) -> dict[str, Any]:
    # Ray listens on every interface. A token that nobody else knows keeps out who does not belong here.
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 - so it is called; else any other program comes first
    return {
        "address": "local",
        "num_cpus": available_cpus(),
        "include_dashboard": False,
        "object_store_memory": STORE_BYTES,
        "_node_ip_address": "127.0.0.1",
        "_temp_dir": str(folder),
    }


def _short_folder() -> Path:
    folder, short = Path(tempfile.gettempdir()), Path("/tmp")  # noqa: S108 - mkdtemp makes one in it
    return folder if len(bytes(folder)) <= LONGEST or not short.is_dir() else short


def _cannot_connect(address: str, error: BaseException) -> tuple[str, str]:
    text = _whole_text(error)
    if "uthentication" in text or "Unauthenticated" in text:
        return f"The cluster at {address} does not know this machine.", (
            "Set RAY_AUTH_MODE=token and the RAY_AUTH_TOKEN of the cluster, as docs/scaling.md shows."
        )
    if "ersion mismatch" in text:
        told = " ".join(line.strip() for line in text.splitlines() if "Ray:" in line or "Python:" in line)
        return f"The cluster at {address} has other versions than this machine ({told}).", "Use the same everywhere."
    if address == "local":
        return f"No cluster can be started on this machine: {text.splitlines()[0]}", ""
    where = "that this machine is a node of" if address == "auto" else f"at {address}"
    return f"There is no Ray cluster {where}.", START


def _whole_text(error: BaseException) -> str:
    """Ray's errors are often not the ones that say why: those were met before."""
    before = error.__cause__ or error.__context__
    return f"{error}\n{_whole_text(before)}" if before else str(error)
