"""Stage `model`: pictures a second of the network alone, by type, batch and way in; are the answers the CPU's?

`run`: the batch is an ordinary array, and onnxruntime carries it over. `bound`: pinned memory, and I/O binding.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from float16 import in_float16
from numpy.typing import NDArray
from stage import DEVICE, SMALL, Figures, gpu_memory_mib, pictures, tf_files

from pigeonhole.decoding.item import Decoded
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find
from pigeonhole.model.batch_threads import OrderedThreads
from pigeonhole.model.card import ModelCard
from pigeonhole.model.fixed_batch import FixedBatch
from pigeonhole.model.session import CPU, GPU, QUICK_START, _session, open_on_cpu

BATCHES = (2, 4) if SMALL else (16, 64, 256)
SECONDS = 0.05 if SMALL else 0.3
TYPES = {"float32": "0", "TF32": "1", "float16": "1"}  # and whether what stays in float32 is multiplied in TF32
Answers = dict[str, NDArray[Any]]


def main() -> None:
    figures = Figures("model")
    data = (tf_files() / "model.onnx").read_bytes()
    pixels = _real_pixels(data)
    cpu = open_on_cpu(data, threads=1 if SMALL else 16)
    names = tuple(output.name for output in cpu.get_outputs() if output.name in ("probabilities", "distance"))
    truth = dict(zip(names, cpu.run(list(names), {"pixels": pixels}), strict=True))
    with figures.part("memory before, MiB") as keep:
        keep(gpu_memory_mib())
    for name, tf32 in TYPES.items():
        with figures.part(name) as keep:
            keep(_one(_as(name, data), {**QUICK_START, "use_tf32": tf32}, pixels, truth))
        with figures.part(f"memory after {name}, MiB") as keep:
            keep(gpu_memory_mib())
    figures.end()


def _as(name: str, data: bytes) -> bytes:
    return in_float16(onnx.load_model_from_string(data)) if name == "float16" else data


def _real_pixels(data: bytes) -> NDArray[np.uint8]:
    """Of the pictures that the model learnt from, else of those that were made."""
    entries = {entry.key: entry.value for entry in onnx.load_model_from_string(data).metadata_props}
    preprocessing = ModelCard.from_metadata(entries).preprocessing
    packed = tf_files() / "data"
    folder = packed if packed.is_dir() else pictures("0.2 megapixels").pictures
    with DecoderPool() as pool:
        items = [item.pixels for item in pool.decode(find(folder), preprocessing) if isinstance(item, Decoded)]
    return np.stack(items[: 16 if SMALL else 512])


def _open(data: bytes, options: dict[str, str]) -> Any:
    if SMALL:
        return open_on_cpu(data)
    import onnxruntime

    onnxruntime.preload_dlls()
    session = _session(data, (GPU, options), CPU)
    if session.get_providers()[0] != GPU:
        raise RuntimeError("onnxruntime has fallen back to the CPU")
    return session


def _one(data: bytes, options: dict[str, str], pixels: NDArray[np.uint8], truth: Answers) -> dict[str, Any]:
    names = tuple(truth)
    began = time.perf_counter()
    session = _open(data, options)
    session.run(list(names), {"pixels": np.zeros((BATCHES[-1], *pixels.shape[1:]), np.uint8)})
    found: dict[str, Any] = {"seconds to load": round(time.perf_counter() - began, 2)}
    place = FixedBatch(session, names, BATCHES[0], DEVICE)
    parts = [place.run(pixels[start : start + BATCHES[0]]) for start in range(0, len(pixels), BATCHES[0])]
    said = {name: np.concatenate([part[number] for part in parts]) for number, name in enumerate(names)}
    found["answers"] = _differences(truth, said)
    for batch in BATCHES:
        some = np.resize(pixels, (batch, *pixels.shape[1:]))

        def plain(_: int, some: NDArray[np.uint8] = some) -> None:
            session.run(list(names), {"pixels": some})

        plain(0)
        rates = {"run, 2 threads": _rate(plain, batch, 2)}
        for threads in (1, 2, 3):
            rates[f"bound, {threads} threads"] = _rate(_bound(session, names, some), batch, threads)
        found[str(batch)] = {name: round(rate) for name, rate in rates.items()}
    return found


def _bound(session: Any, names: tuple[str, ...], some: NDArray[np.uint8]) -> Callable[[int], None]:
    """Every thread has memory of its own."""
    mine = threading.local()

    def work(_: int) -> None:
        if not hasattr(mine, "place"):
            mine.place = FixedBatch(session, names, len(some), DEVICE)
        mine.place.run(some)

    return work


def _rate(work: Callable[[int], None], batch: int, threads: int) -> float:
    with OrderedThreads(work, threads) as together:
        for number in range(2 * threads):
            together.submit(number)
        together.drain()
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < SECONDS:
            together.submit(count)
            count += 1
        together.drain()
        return count * batch / (time.perf_counter() - began)


def _differences(truth: Answers, said: Answers) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{name}, largest difference": float(np.abs(truth[name] - said[name]).max()) for name in truth
    }
    same = int((truth["probabilities"].argmax(axis=1) == said["probabilities"].argmax(axis=1)).sum())
    return {**found, "same first category": same, "of": len(truth["probabilities"])}


if __name__ == "__main__":
    main()
