"""Stage `folders`: whole folders through `pigeonhole guess-dir`, on the GPU and on the CPU, and one picture.

`per second` is without the start of the program, `with start` from its start to its end.
"""

import sys
import time
from pathlib import Path
from typing import Any

from stage import GPU_OFF, GPU_ON, KINDS, SMALL, Figures, guess_dir, pictures, run, tf_files

import corpus as corpora

WAYS = {"copies": (), "dry run": ("--dry-run",)}
SMALLEST = "0.2 megapixels"  # where the way of placing matters most


def main() -> None:
    figures = Figures("folders")
    for name in KINDS:
        folder = pictures(name).pictures
        corpora.read_once(folder)
        for way, options in list(WAYS.items())[: None if name == SMALLEST else 1]:
            with figures.part(f"{name}, GPU, {way}") as keep:
                keep(_timed(folder, options, GPU_ON))
        with figures.part(f"{name}, CPU, copies") as keep:
            keep(_timed(folder, (), GPU_OFF))
    one = next(corpora.files(pictures("2 megapixels").one))
    for device, environment in (("GPU", GPU_ON), ("CPU", GPU_OFF)):
        with figures.part(f"one picture, {device}") as keep:
            keep(_one(one, environment))
    figures.end()


def _timed(folder: Path, options: tuple[str, ...], environment: dict[str, str]) -> dict[str, Any]:
    began = time.perf_counter()
    said = guess_dir(folder, *options, environment=environment)
    seconds = time.perf_counter() - began
    return {"per second": round(said["seen"] / max(said["seconds"], 1e-3)), "device": said["device"],
            "with start": round(said["seen"] / seconds), "seconds": round(seconds, 2), "seen": said["seen"],
            "notes": said["notes"]}  # fmt: skip


def _one(picture: Path, environment: dict[str, str]) -> dict[str, Any]:
    seconds = []
    for _ in range(1 if SMALL else 3):
        began = time.perf_counter()
        command = [sys.executable, "-m", "pigeonhole", "guess", str(tf_files()), str(picture)]
        code, said, complained = run(command, environment)
        seconds.append(round(time.perf_counter() - began, 2))
        if code:
            raise RuntimeError(complained[-2000:])
    return {"seconds": seconds, "said": said.splitlines()[0], "notes": complained.strip()}


if __name__ == "__main__":
    main()
