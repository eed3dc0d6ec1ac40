"""Real file systems to sort between: a second one, a tiny one, one that may only be read."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount file systems")


@contextmanager
def second_disk() -> Iterator[Path]:
    """A folder on another file system than the tests', in memory."""
    memory = Path("/dev/shm")  # noqa: S108
    if not memory.is_dir() or not os.access(memory, os.W_OK) or memory.stat().st_dev == Path.cwd().stat().st_dev:
        pytest.skip("needs /dev/shm as a second file system")
    folder = memory / f"pigeonhole-test-{os.getpid()}-{os.urandom(4).hex()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A new file system in memory, mounted at `folder` (made)."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", folder], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """`folder` itself for as long as nothing in it can be changed, not even by root."""
    bound = subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False)
    if bound.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", folder], check=True)
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def bound(folder: Path, point: Path) -> Iterator[Path]:
    """`folder` seen at `point` as well, as a container's mounts make it."""
    made = subprocess.run(["mount", "--bind", folder, point], capture_output=True, check=False)
    if made.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield point
    finally:
        subprocess.run(["umount", "-l", point], check=True)


@contextmanager
def fused(point: Path, seconds: float) -> Iterator[Path]:
    """A FUSE file system at `point` (made), of whose files the kernel believes for so many seconds what it was told."""
    behind = point.with_name(f"{point.name} behind")
    for folder in (behind, point):
        folder.mkdir()
    server = Path(__file__).with_name("fuse_disk.py")
    with subprocess.Popen(
        [sys.executable, server, behind, point, str(seconds)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            while not point.is_mount():
                if process.poll() is not None:
                    why = process.stderr.read().decode().strip().rpartition("\n")[2] if process.stderr else ""
                    pytest.skip(f"FUSE cannot be had here: {why}")
                time.sleep(0.02)
            yield point
        finally:
            if process.poll() is None:
                subprocess.run(["umount", "-l", point], check=True)
                process.terminate()
