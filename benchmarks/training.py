"""Recipes and backbones on real pictures: how good, how long, how fast. Runs small on a CPU and whole on a GPU.

python benchmarks/training.py PICTURES WEIGHTS [--test FOLDER] [--backbone NAME ...] [--size PIXELS] [--throughput]

PICTURES has a folder for each category, WEIGHTS files such as mobilenet_v2.pth. For each backbone: the probe, then
fine-tuning on the same folds, both judged on the same held-out pictures; with --test also on a folder of others. With
--throughput, training steps a second in float32 and in the machine's fast type, on random pixels; that needs no
pictures' worth of patience and tells what a GPU is good for.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from pigeonhole.backbones import registry
from pigeonhole.backbones.weights import Weights, weights_in
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.finetuning import distributed
from pigeonhole.finetuning.finetune import fine_tune
from pigeonhole.finetuning.loop import Tuned
from pigeonhole.finetuning.mixed_precision import autocast, fast_dtype
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Terminal
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import Probed, probe_pictures
from pigeonhole.stream import Decoded, decoded
from pigeonhole.workspace import Workspace

STEPS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--test", type=Path)
    parser.add_argument("--backbone", action="append")
    parser.add_argument("--size", type=int)
    parser.add_argument("--throughput", action="store_true")
    options = parser.parse_args()
    device = distributed.device()
    name = torch.cuda.get_device_name() if device.type == "cuda" else f"{torch.get_num_threads()} CPU threads"
    _say(f"On {name}; fast type: {fast_dtype(device) or 'none'}.")
    for weights in _chosen(options.weights, options.backbone):
        if options.throughput:
            _throughput(weights, device)
        else:
            _accuracy(options.pictures, weights, options.test, options.size)


def _chosen(folder: Path, names: list[str] | None) -> Iterator[Weights]:
    for each in weights_in(Workspace(folder.parent)) if folder.name == "weights" else _beside(folder):
        if names is None or each.backbone in names:
            yield each


def _beside(folder: Path) -> list[Weights]:
    sys.exit(f"{folder} has to be a folder called weights.")


def _accuracy(pictures: Path, weights: Weights, test: Path | None, size: int | None) -> None:
    with tempfile.TemporaryDirectory() as place:
        tf_files = Path(place)
        shutil.copytree(pictures, tf_files / "data", copy_function=shutil.copyfile)
        dataset = read_dataset(Workspace(tf_files))
        began = time.perf_counter()
        probed = probe_pictures(
            Workspace(tf_files),
            dataset,
            weights,
            preprocessing=PreprocessingChoice(size=size),
            seed=0,
            output=Terminal(),
        )
        probing = time.perf_counter() - began
        tuned = fine_tune(Workspace(tf_files), probed, weights, seed=0, output=Terminal())
        tuning = time.perf_counter() - began - probing
    targets = np.array(probed.dataset.targets)
    heads = ((probed.probe.held_out, "probe", probing), (tuned.held_out, "finetune", tuning))
    for held_out, recipe, seconds in heads:
        _say(f"{weights.backbone} {recipe}: {_right(held_out, targets)}; {seconds:.0f} s")
    epochs = sum(len(run.losses) for run in tuned.curves)
    _say(
        f"  gain {tuned.gained.mean:.4f} ± {tuned.gained.error:.4f} nats; {epochs} epochs in {len(tuned.curves)} folds"
    )
    if test is not None:
        _say(f"  fine-tuned on {test.name}: {_on(test, probed, tuned.network)}")


def _right(held_out: OutOfFold, targets: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> Proportion:
    return Proportion(int((held_out.logits.argmax(axis=1) == targets[held_out.rows]).sum()), len(held_out.rows))


def _on(folder: Path, probed: Probed, network: Tuned) -> Proportion:
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(folder, Path(place) / "data", copy_function=shutil.copyfile)
        examples = read_dataset(Workspace(Path(place))).examples
        category_of = {example.found.path: example.category for example in examples}
        right = 0
        for item in decoded((example.found for example in examples), probed.backbone.preprocessing):
            if not isinstance(item, Decoded):
                continue
            with torch.inference_mode():
                best = int(network(torch.from_numpy(item.pixels[None].copy())).argmax())
            right += probed.dataset.categories[best] == category_of[item.found.path]
    return Proportion(right, len(examples))


def _throughput(weights: Weights, device: torch.device) -> None:
    trunk = from_pixels(
        registry.backbone_network(weights.backbone, weights.path), *registry.normalisation_of(weights.backbone)
    )
    size = registry.preprocessing_of(weights.backbone, "").size
    with torch.inference_mode():
        features = trunk(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]
    network = Tuned(trunk, Head(np.zeros((10, features)), np.zeros(10))).to(device)
    network.train()
    plain = _steps(network, size, device, None)
    _say(f"{weights.backbone} at {size}: {plain:.1f} pictures/s learnt in float32")
    if dtype := fast_dtype(device):
        fast = _steps(network, size, device, dtype)
        _say(f"  {fast:.1f} pictures/s in {str(dtype).removeprefix('torch.')}: x {fast / plain:.2f}")


def _steps(network: Tuned, size: int, device: torch.device, dtype: torch.dtype | None) -> float:
    """Pictures a second, forwards and backwards."""
    batch = 128 if device.type == "cuda" else 16
    pixels = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8, device=device)
    targets = torch.zeros(batch, dtype=torch.int64, device=device)
    for step in range(STEPS + 1):
        if step == 1:  # the first one tries out ways to convolve
            began = time.perf_counter()
        with autocast(device, dtype):
            loss = nn.functional.cross_entropy(network(pixels).float(), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        float(loss.detach())  # waits for the GPU
    return STEPS * batch / (time.perf_counter() - began)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
