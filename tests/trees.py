"""A whole folder as one value, so that a test can state what it was before and what it is after."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

RED, GREEN, BLUE = (250, 5, 5), (5, 250, 5), (5, 5, 250)


def tree(folder: Path) -> dict[str, str]:
    """Relative path → SHA-256 of every file below `folder`; the program's own hidden folder is left out."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and ".pigeonhole" not in path.relative_to(folder).parts
    }


def write_pictures(folder: Path, pictures: Mapping[str, tuple[int, int, int]]) -> Path:
    """`folder` with a plain picture of the given colour under each name; names may contain sub-folders."""
    for name, colour in pictures.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (40, 30), colour).save(path)
    return folder


def write_noise(folder: Path, count: int) -> Path:
    """`folder` with `count` pictures of which no two are equal, and which take a millisecond each."""
    folder.mkdir()
    noise = np.random.default_rng(0)
    for number in range(count):
        small = Image.fromarray(noise.integers(0, 255, (24, 32, 3), np.uint8))
        small.resize((320, 240)).save(folder / f"{number}.jpg")
    return folder
