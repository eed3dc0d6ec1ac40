"""What all peers share: which pictures there are, what they may be told, and how they write down their answers."""

import argparse
import csv
import sys
from collections.abc import Iterable
from pathlib import Path

SIZE = 224
CLASSES = 1000


def arguments(doc: str | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="what convert.py has made for this peer")
    parser.add_argument("pictures", type=Path, help="a folder, or one picture")
    parser.add_argument("out", type=Path, nargs="?", help="the CSV file to write")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bfloat16", action="store_true")
    return parser.parse_args()


def pictures_below(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.rglob("*")) if path.suffix in (".jpg", ".png")]


def write(out: Path, paths: Iterable[str], labels: Iterable[int | str]) -> None:
    with out.open("w", newline="") as file:
        csv.writer(file).writerows(zip(paths, labels, strict=True))


def say(label: int | str) -> None:
    sys.stdout.write(f"{label}\n")
