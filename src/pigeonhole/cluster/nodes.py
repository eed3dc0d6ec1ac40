"""The machines of a cluster, looked at before the first picture."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pigeonhole
from pigeonhole import __version__
from pigeonhole.answers.folder import FolderSource, FolderStore
from pigeonhole.answers.listed import Listed, Source, Store
from pigeonhole.errors import OutputError, PigeonholeError
from pigeonhole.files import digest
from pigeonhole.own_names import PREFIX
from pigeonhole.text import printable

PATIENCE = 120  # seconds for a machine to start a process and to look at a file


@dataclass(frozen=True, slots=True)
class Shape:
    """What one worker takes: whole processors, and GPUs where there are any; `workers` is how many fit in now."""

    processors: int
    gpus: int
    workers: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What a machine says of itself: the version of pigeonhole, the digest of its `code`, since two checkouts may say
    the same version, and the digest of the first picture as it lies there.

    `digest` is the reason where it cannot be read; `writes` whether the table's folder is the same and can be written.
    """

    version: str
    code: str
    digest: str
    writes: bool


def shape() -> Shape:
    """A worker for each processor; where machines have GPUs, one for each of these, with its share of processors.

    Raises PigeonholeError where the cluster has no processor at all.
    """
    nodes = [node["Resources"] for node in _nodes()]
    with_gpu = [node for node in nodes if node.get("GPU", 0) >= 1]
    if with_gpu:
        share = max(1, int(min(node["CPU"] / node["GPU"] for node in with_gpu)))
        return Shape(share, 1, int(sum(node["GPU"] for node in with_gpu)))
    workers = int(sum(node["CPU"] for node in nodes))
    if not workers:
        raise PigeonholeError("The cluster has no processors for this.", "Add nodes to it.")
    return Shape(1, 0, workers)


def refuse_different_nodes(source: Source, first: Listed, store: Store | None) -> None:
    """Raise PigeonholeError where a machine has another version, does not see the pictures, or cannot write there."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(num_cpus=0, max_retries=0)(look_around)
    here, code = source.digest(first.name), code_digest()
    with _marker(store) as marker:
        asked = [
            (node, look.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(
                source, first.name, marker)) for node in _nodes()
        ]  # fmt: skip
        for node, answer in asked:
            name = f"The node {node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            try:
                seen: Seen = ray.get(answer, timeout=PATIENCE)
            except ray.exceptions.GetTimeoutError:
                raise PigeonholeError(f"{name} does not answer.", "Look at its logs.") from None
            except ray.exceptions.RayError as error:
                lacks = "No module named" in str(error) or "has no attribute" in str(error)
                why = "pigeonhole is not installed there, or in another version" if lacks else "a look at it fails"
                raise PigeonholeError(f"{name} cannot be used: {why}.", "Install the same everywhere.") from None
            if seen.version != __version__:
                raise PigeonholeError(
                    f"{name} has pigeonhole {seen.version}, this machine {__version__}.", "Install the same everywhere."
                )
            if seen.code != code:
                raise PigeonholeError(
                    f"{name} has another pigeonhole {seen.version} than this machine: its code differs.",
                    "Install the same everywhere.",
                )
            if seen.digest != here:
                raise PigeonholeError(
                    f"{name} does not see {printable(source.path_of(first))} as this machine does: {seen.digest[:80]}.",
                    "The folder must lie at the same place on every node: a share, or an object store.",
                )
            if not seen.writes and store is not None:
                raise OutputError(
                    f"{name} cannot write into {printable(store.address)}, or sees another folder there.",
                    "The folder must lie at the same place on every node: a share, or an object store.",
                )


def look_around(source: Source, name: str, marker: Path | None) -> Seen:
    """Runs on each machine."""
    try:
        sha256 = source.digest(name)
    except OSError as error:
        sha256 = error.strerror or str(error)
    writes = marker is None or (marker.exists() and os.access(marker.parent, os.W_OK | os.X_OK))
    return Seen(__version__, code_digest(), sha256, writes)


def code_digest() -> str:
    """The SHA-256 of every module of this pigeonhole, with its name."""
    package = Path(pigeonhole.__file__).parent
    told = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        told.update(f"{path.relative_to(package).as_posix()} {digest(path.read_bytes())}\n".encode())
    return told.hexdigest()


@contextmanager
def _marker(store: Store | None) -> Iterator[Path | None]:
    """A file in the table's folder by which others know that it is the same; an object store needs none."""
    if not isinstance(store, FolderStore):
        yield None
        return
    path = store.root / f"{PREFIX}-{secrets.token_hex(8)}"
    path.touch()
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _nodes() -> list[dict[str, Any]]:
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in nodes if node["Alive"] and node["Resources"].get("CPU", 0) > 0]


Place = TypeVar("Place", Source, Store)


def absolute(place: Place) -> Place:
    """The same on every machine, whatever folder its processes are in."""
    if isinstance(place, FolderSource | FolderStore):
        return replace(place, root=Path(os.path.realpath(place.root)))
    return place
