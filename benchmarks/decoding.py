"""What it costs to decode in processes that may die, compared with threads, which may not.

python benchmarks/decoding.py [--rounds 5]

JPEGs of 0.2 and of 1.5 megapixels are read and decoded to 224 × 224; no model. Rounds alternate, and the best of each
counts. "cold" includes the start of the processes, which the commands hide behind the loading of the model.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from pigeonhole.decoding.item import Decoded, Decoders
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find
from pigeonhole.images import Preprocessing

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from thread_decoders import ThreadDecoders

KINDS = {"0.2 megapixels": (544, 400, 1000), "1.5 megapixels": (1414, 1060, 400)}


def write_pictures(folder: Path, width: int, height: int, count: int) -> None:
    """Pictures of smooth shapes and some grain, a tenth of a byte a pixel as photographs have."""
    folder.mkdir()
    random = np.random.default_rng(1)
    for number in range(20):
        coarse = random.integers(0, 255, (height // 40, width // 40, 3), np.uint8)
        smooth = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC), np.int16)
        grain = smooth + random.integers(-9, 9, smooth.shape)
        Image.fromarray(grain.clip(0, 255).astype(np.uint8)).save(folder / f"{number:04}.jpg", quality=80)
    made = [path.read_bytes() for path in sorted(folder.iterdir())]
    for number in range(20, count):
        (folder / f"{number:04}.jpg").write_bytes(made[number % 20])


def rate(decoders: Decoders, folder: Path, count: int) -> float:
    started = time.perf_counter()
    results = decoders.decode(find(folder), Preprocessing())
    if sum(isinstance(result, Decoded) for result in results) != count:
        raise SystemExit("not every picture was decoded")
    return count / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    sys.stdout.write("| pictures | threads/s | processes/s | ratio | processes, cold/s | ratio, cold |\n")
    sys.stdout.write("|---|---:|---:|---:|---:|---:|\n")
    with tempfile.TemporaryDirectory() as made:
        for name, (width, height, count) in KINDS.items():
            folder = Path(made) / name
            write_pictures(folder, width, height, count)
            threads = warm = cold = 0.0
            for _ in range(rounds):
                threads = max(threads, rate(ThreadDecoders(), folder, count))
                with DecoderPool() as pool:
                    cold = max(cold, rate(pool, folder, count))
                    warm = max(warm, rate(pool, folder, count))
            sys.stdout.write(
                f"| {name} | {threads:.0f} | {warm:.0f} | {warm / threads:.2f} | {cold:.0f} | {cold / threads:.2f} |\n"
            )


if __name__ == "__main__":
    main()
