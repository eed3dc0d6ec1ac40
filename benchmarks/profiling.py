"""Where the time goes when a folder is sorted, by py-spy's samples of every process and thread.

python benchmarks/profiling.py TF_FILES PICTURES

Every sample counts for the first of the parts below that is on its stack. What waits without work is not sampled, but
waiting for the disk is.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

# A name as it stands in py-spy's stacks: function (file). The first that fits counts, so inner parts come first.
PARTS = {
    "PNG, decoded by libspng": ("spng_decode_image",),
    "JPEG, decoded at reduced size": ("ImagingJpegDecode", "jpeg_"),
    "scaling to the model's size": ("ImagingResample", "ImagingReduce", "_resized (pigeonhole/images"),
    "other decoding": (
        "read (pigeonhole/images",
        "open_picture (pigeonhole/images",
        "(pigeonhole/formats",
    ),
    "the network": ("_run (pigeonhole/model",),
    "waiting for the disk": ("fsync", "fdatasync"),
    "copying, proving, naming": ("place_file (pigeonhole/placing",),
    "journal and plans": ("place_all (pigeonhole/sorting",),
    "reading and SHA-256": ("answer (pigeonhole/decoding", "_Worker.answer"),
    "between the processes": ("decode (pigeonhole/decoding/pool", "serve (pigeonhole/decoding"),
    "starting up": ("<module>", "_find_and_load", "load_model"),
}
RATE = 200  # samples a second


def samples(tf_files: Path, pictures: Path, made: Path) -> dict[str, int]:
    raw = made / "raw.txt"
    sort = [sys.executable, "-m", "pigeonhole", "guess-dir", tf_files, pictures, made / "out"]
    command = ["py-spy", "record", "--native", "--subprocesses", "--rate", RATE, "--format", "raw", "--output", raw]
    subprocess.run([str(part) for part in (*command, "--", *sort)], check=True, stdout=subprocess.DEVNULL)
    lines = (line.rpartition(" ") for line in raw.read_text().splitlines())
    return {stack: int(count) for stack, _, count in lines}


def part_of(stack: str) -> str:
    return next((part for part, names in PARTS.items() if any(name in stack for name in names)), "the rest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tf_files", type=Path)
    parser.add_argument("pictures", type=Path)
    chosen = parser.parse_args()
    shares: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as made:
        for stack, count in samples(chosen.tf_files, chosen.pictures, Path(made)).items():
            shares[part_of(stack)] += count
    sys.stdout.write("| part | share |\n|---|---:|\n")
    for part, count in shares.most_common():
        sys.stdout.write(f"| {part} | {count / shares.total():.1%} |\n".replace("%", " %"))


if __name__ == "__main__":
    main()
