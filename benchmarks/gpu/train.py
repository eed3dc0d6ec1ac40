"""Stage `train`: `pigeonhole train` on the pictures that were packed, the probe and then fine-tuning."""

import shutil
import sys
import time
from pathlib import Path
from typing import Any

from stage import SMALL, UNPACKED, Figures, run, tf_files, work


def main() -> None:
    figures = Figures("train")
    weights = next((UNPACKED / "data").glob("*.pth"), None) if not SMALL else None
    options = ["--weights", str(weights)] if weights else ["--backbone", "builtin"]
    data = tf_files() / "data"
    for recipe in ("probe",) if SMALL or not weights else ("probe", "finetune"):
        with figures.part(recipe) as keep:
            keep(_trained(recipe, data, options))
    figures.end()


def _trained(recipe: str, data: Path, options: list[str]) -> dict[str, Any]:
    learning = work() / "learning"
    shutil.rmtree(learning, ignore_errors=True)
    shutil.copytree(data, learning / "data")
    began = time.perf_counter()
    command = [sys.executable, "-m", "pigeonhole", "train", str(learning), "--recipe", recipe, "--no-report", *options]
    code, said, complained = run(command, seconds=100)
    if code:
        raise RuntimeError(f"train ended with {code}: {complained[-2500:]}")
    return {"seconds": round(time.perf_counter() - began, 1), "said": said.splitlines()[:2], "notes": complained[-800:]}


if __name__ == "__main__":
    main()
