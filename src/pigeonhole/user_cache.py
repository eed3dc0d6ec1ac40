"""Where this user's programs keep what they can make again: files here were written by nobody else."""

import os
from pathlib import Path


def user_cache() -> Path:
    """The folder of ours below $XDG_CACHE_HOME or ~/.cache. It need not exist."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "pigeonhole"
