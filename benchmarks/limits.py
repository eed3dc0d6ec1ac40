"""What bounds guess-dir on this machine: how fast its decoders are without the model, and its model without decoders.

python benchmarks/limits.py TF_FILES PICTURES [--seconds 5]

Prints one JSON object, in pictures per second. Both use every processor; the decoders have been started before, and
the model has the batches that guess-dir gives it, ready in memory.
"""

import argparse
import json
import sys
import time
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.decoding.item import Decoded
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find
from pigeonhole.model import Model, load_model
from pigeonhole.model.batch_threads import OrderedThreads

BATCHES = 4  # different ones, in turn


def decoding(pool: DecoderPool, pictures: Path, model: Model) -> float:
    count, began = 0, time.perf_counter()
    for item in pool.decode(find(pictures), model.preprocessing):
        if not isinstance(item, Decoded):
            raise SystemExit(f"a picture was not decoded: {item}")
        count += 1
    return count / (time.perf_counter() - began)


def answering(model: Model, batches: list[NDArray[np.uint8]], seconds: float) -> float:
    """At guess-dir's own plan: so many batches at a time."""
    model.answers(batches[0])
    count, began = 0, time.perf_counter()
    with OrderedThreads(model.answers, model.batch_plan.threads) as threads:
        for batch in cycle(batches):
            count += sum(len(rows) for rows, _ in threads.submit(batch))
            if time.perf_counter() - began >= seconds:
                break
        count += sum(len(rows) for rows, _ in threads.drain())
        return count / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tf_files", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--seconds", type=float, default=5.0, help="for how long the model is asked")
    chosen = parser.parse_args()
    model = load_model(chosen.tf_files / "model.onnx")
    with DecoderPool() as pool:
        some = list(
            pool.decode(islice(cycle(find(chosen.pictures)), model.batch_plan.batch * BATCHES), model.preprocessing)
        )
        pixels = np.stack([item.pixels for item in some if isinstance(item, Decoded)])
        decode = decoding(pool, chosen.pictures, model)
    infer = answering(model, np.split(pixels, BATCHES), chosen.seconds)
    sys.stdout.write(json.dumps({"decode": decode, "infer": infer, "device": model.device}) + "\n")


if __name__ == "__main__":
    main()
