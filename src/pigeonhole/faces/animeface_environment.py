"""The small environment that animeface runs in: there already, or made on first use."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from pigeonhole.errors import PigeonholeError
from pigeonhole.faces.animeface import Animeface
from pigeonhole.text import printable
from pigeonhole.user_cache import user_cache

PACKAGES = ("animeface==2.0.3", "pillow==11.3.0")
PLACE = "PIGEONHOLE_ANIMEFACE"  # the interpreter of an environment that is there already, as in the container image
OFFLINE = "PIGEONHOLE_OFFLINE"
LEAST_ROOM = 10 * 2**20  # bytes
SECONDS = 300.0  # for pip, which fetches seven megabytes


def animeface_python(note: Callable[[str], None] = lambda sentence: None) -> Path:
    """The interpreter of an environment in which animeface works, which is made in the user's cache if need be.

    `note` is told that before, since it takes a while. Raises PigeonholeError with the reason where it cannot be made.
    """
    if given := os.environ.get(PLACE):
        if not Animeface(Path(given)).works():
            raise PigeonholeError(f"animeface does not run in {printable(given)}, which {PLACE} names.", "")
        return Path(given)
    folder = _environment()
    python = folder / "bin" / "python"
    if python.exists() and Animeface(python).works():
        return python
    if os.environ.get(OFFLINE) == "1":
        raise PigeonholeError(f"animeface is not installed, and {OFFLINE}=1 forbids to fetch it.", "")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f"{folder.name}.lock").open("w") as lock:
            fcntl.lockf(lock, fcntl.LOCK_EX)  # two runs must not install into one folder
            if not (python.exists() and Animeface(python).works()):
                note(f"Setting up animeface in {printable(folder)}, once.")
                make(folder)
    except OSError as error:
        raise PigeonholeError(
            f"animeface cannot be installed into {printable(folder)}: {error.strerror}.", ""
        ) from None
    return python


def animeface_if_there() -> Path | None:
    """The same where that environment is there already and works; nothing is fetched."""
    given = os.environ.get(PLACE)
    python = Path(given) if given else _environment() / "bin" / "python"
    return python if python.exists() and Animeface(python).works() else None


def make(folder: Path) -> None:
    """Make the environment in `folder`, in place of whatever is there. Raises PigeonholeError with the reason."""
    python = folder / "bin" / "python"
    pip = [str(python), "-I", "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *PACKAGES]
    for command in ([sys.executable, "-I", "-m", "venv", "--clear", str(folder)], pip):
        try:
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL, timeout=SECONDS)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            if _disk_is_full(folder, error.stderr or b""):
                shutil.rmtree(folder, ignore_errors=True)  # half of it is of no use and in the way
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
            raise PigeonholeError("animeface cannot be fetched; the network may be missing.", "") from None
    if not Animeface(python).works():
        raise PigeonholeError("animeface was fetched, but does not run here.", "")


def _disk_is_full(folder: Path, said: bytes) -> bool:
    """Whether that is why `folder` was not made; the module venv does not say it."""
    places = [folder.parent, Path(tempfile.gettempdir())]
    return b"[Errno 28]" in said or any(shutil.disk_usage(place).free < LEAST_ROOM for place in places)


def _environment() -> Path:
    return user_cache() / f"animeface-{sys.version_info.major}.{sys.version_info.minor}"
