"""Fine-tuning beside a plain loop: the same network and weights, the same crop, judged on the same test pictures.

python benchmarks/finetuning.py SETS... --weights mobilenet_v2.pth [--seeds 2] [--size 224] [--threads 1] [--whole]

Each of SETS is a folder with train/<category>/ and test/<category>/. The plain loop is the one of many tutorials, with
settings that suit small sets: a random head, batches of 16, ten epochs, AdamW with one cycle of the learning rate and
peaks of 1e-4 and 5e-4 for the halves of the trunk and 2e-3 for the head, RandomResizedCrop and mirroring, label
smoothing, dropout, batch norm that learns its statistics. Ours is the final training of recipe finetune; with
--whole its folds come first, for the first seed: they choose the epoch at which it ends, and whether it replaces the
probe. Without --whole it ends after its last epoch. On a GPU where there is one; else on the CPU, whose seconds count.
"""

import argparse
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torchvision.transforms import v2

from pigeonhole.backbones import registry
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.dataset.split import Fold
from pigeonhole.evaluation.head import Head
from pigeonhole.finetuning import distributed
from pigeonhole.finetuning.finetune import Finetuned, common_best, fine_tune
from pigeonhole.finetuning.loop import Material, Tuned, tune
from pigeonhole.finetuning.plan import plan_for
from pigeonhole.images.views import LARGER
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Silent
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import Probed, probe_pictures
from pigeonhole.stream import Decoded, decoded
from pigeonhole.workspace import Workspace

EPOCHS = 10
BATCH = 16
RATES = (1e-4, 5e-4)
HEAD_RATE = 2e-3
SMOOTHING = 0.1
DROPOUT = 0.2
HEAD = (
    "| set | pictures | test | probe, right | plain loop, right | finetune, right | finetune replaces the probe "
    "| plain loop, s | final training, s | with folds, s |\n|---|---:|---:|---:|---|---|---|---:|---:|---:|"
)


@dataclass(frozen=True)
class Timed:
    """Right answers of one network, and the seconds it took to train."""

    right: int
    seconds: float


@dataclass(frozen=True)
class Task:
    """What both learn from: `pixels` [T, S, S, 3] and `targets` [T] are those of the test pictures."""

    probed: Probed
    weights: Weights
    workspace: Workspace
    pixels: Tensor
    targets: NDArray[np.int64]

    def right(self, network: nn.Module) -> int:
        network.cpu().eval()
        with torch.inference_mode():
            said = torch.cat([network(part) for part in torch.split(self.pixels, BATCH)]).argmax(dim=1).numpy()
        return int((said == self.targets).sum())

    def trunk(self) -> nn.Module:
        name = self.probed.backbone.name
        network = registry.backbone_network(name, self.weights.path)
        return from_pixels(network, *registry.normalisation_of(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--size", type=int)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print(HEAD, flush=True)  # noqa: T201
    for folder in options.sets:
        with tempfile.TemporaryDirectory() as place:
            task = _task(folder, Path(place), options.weights, options.size)
            print(_line(folder.name, task, options.seeds, whole=options.whole), flush=True)  # noqa: T201


def _task(folder: Path, place: Path, file: Path, size: int | None) -> Task:
    shutil.copytree(folder / "train", place / "tf" / "data", copy_function=shutil.copyfile)
    shutil.copytree(folder / "test", place / "test" / "data", copy_function=shutil.copyfile)
    workspace = Workspace(place / "tf")
    weights = obtain_weights(workspace, None, file)
    choice = PreprocessingChoice("centre", size)
    dataset = read_dataset(workspace)
    probed = probe_pictures(workspace, dataset, weights, preprocessing=choice, seed=0, output=Silent())
    examples = read_dataset(Workspace(place / "test")).examples
    category_of = {example.found.path: example.category for example in examples}
    items = [
        item
        for item in decoded((example.found for example in examples), probed.backbone.preprocessing)
        if isinstance(item, Decoded)
    ]
    targets = [probed.dataset.categories.index(category_of[item.found.path]) for item in items]
    pixels = torch.from_numpy(np.stack([item.pixels for item in items]))
    return Task(probed, weights, workspace, pixels, np.array(targets))


def _line(name: str, task: Task, seeds: int, *, whole: bool) -> str:
    head = task.probed.probe.head
    probe = task.right(Tuned(task.trunk(), head))
    plain = [_timed(task, lambda seed=seed: _plain(task, seed)) for seed in range(seeds)]  # type: ignore[misc]
    tuned, replaces, with_folds = None, "", ""
    if whole:
        began = _now()
        tuned = fine_tune(task.workspace, task.probed, task.weights, seed=0, output=Silent())
        with_folds = f"{_now() - began:.0f}"
        gain = f"{tuned.gained.mean:.3f} ± {tuned.gained.error:.3f} nats"
        replaces = f"{'yes' if tuned.gained.is_beyond_doubt else 'no'}, {gain}"
    ours = [_timed(task, lambda seed=seed: _ours(task, seed, tuned)) for seed in range(seeds)]  # type: ignore[misc]
    figures = [
        name,
        str(len(task.probed.dataset.examples)),
        str(len(task.targets)),
        str(probe),
        _all(plain),
        _all(ours),
        replaces,
        f"{np.mean([each.seconds for each in plain]):.0f}",
        f"{np.mean([each.seconds for each in ours]):.0f}",
        with_folds,
    ]
    return f"| {' | '.join(figures)} |"


def _all(runs: list[Timed]) -> str:
    right = [each.right for each in runs]
    return f"{', '.join(map(str, right))} (mean {np.mean(right):.1f})"


def _timed(task: Task, train: Callable[[], nn.Module]) -> Timed:
    began = _now()
    network = train()
    timed = Timed(task.right(network), _now() - began)
    print(timed, file=sys.stderr, flush=True)  # noqa: T201  # a whole line takes long
    return timed


def _now() -> float:
    """Of the processor, so that other programs do not count; of the clock where a GPU does the work."""
    return time.perf_counter() if torch.cuda.is_available() else time.process_time()


def _ours(task: Task, seed: int, tuned: Finetuned | None) -> nn.Module:
    """What `fine_tune` trains in the end, for as many epochs as its folds chose, else for all."""
    probed = task.probed
    targets = np.array(probed.dataset.targets)
    material = Material(probed.dataset.examples, targets, probed.backbone.preprocessing)
    everything = Fold(probed.split.learn, probed.split.learn[:0])
    plan = plan_for(len(probed.split.folds[0].train), probed.backbone.preprocessing.size)
    until = replace(plan, stop_after=common_best(list(tuned.curves)) if tuned else plan.epochs - 1)
    network = Tuned(task.trunk(), probed.probe.head)
    checkpoint = task.workspace.cache / f"benchmark-{seed}.pt"
    tune(network, material, everything, until, seed=seed, checkpoint=checkpoint, output=Silent(), advance=lambda: None)
    return network


def _plain(task: Task, seed: int) -> nn.Module:
    """The loop of many tutorials."""
    torch.manual_seed(seed)
    examples, size = task.probed.dataset.examples, task.probed.backbone.preprocessing.size
    pictures = [_read(example.found.path, round(size * LARGER)) for example in examples]
    device = distributed.device()
    targets = torch.tensor(task.probed.dataset.targets, device=device)
    crop = v2.Compose([v2.RandomResizedCrop(size, antialias=True), v2.RandomHorizontalFlip()])
    features, categories = task.probed.features.shape[1], len(task.probed.dataset.categories)
    linear = nn.Linear(features, categories)
    start = Head(linear.weight.detach().numpy(), linear.bias.detach().numpy())
    network = Tuned(task.trunk(), start)
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = _halves(network)
    optimiser = torch.optim.AdamW(groups)
    steps = EPOCHS * math.ceil(len(pictures) / BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [group["lr"] for group in groups], total_steps=steps)
    for _ in range(EPOCHS):
        network.train()
        for rows in _batches(len(pictures)):
            pixels = torch.stack([crop(pictures[row]) for row in rows.tolist()]).permute(0, 2, 3, 1).to(device)
            kept = nn.functional.dropout(network.trunk(pixels), DROPOUT)
            loss = nn.functional.cross_entropy(network.linear(kept), targets[rows], label_smoothing=SMOOTHING)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network


def _read(path: Path, short: int) -> Tensor:
    """uint8 [3, H, W], the shorter edge `short` pixels."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    scale = short / min(picture.size)
    width, height = (max(short, round(edge * scale)) for edge in picture.size)
    return torch.from_numpy(np.array(picture.resize((width, height), Image.Resampling.BILINEAR))).permute(2, 0, 1)


def _batches(count: int) -> Iterator[Tensor]:
    """By chance; none of a single picture, which has no statistics."""
    for rows in torch.split(torch.randperm(count), BATCH):
        yield rows if len(rows) > 1 else rows.repeat(2)


def _halves(network: Tuned) -> list[dict[str, Any]]:
    layers = [own for module in network.trunk.modules() if (own := list(module.parameters(recurse=False)))]
    middle = len(layers) // 2
    groups: list[dict[str, Any]] = [
        {"params": [parameter for layer in part for parameter in layer], "lr": rate}
        for part, rate in zip((layers[:middle], layers[middle:]), RATES, strict=True)
    ]
    return [*groups, {"params": list(network.linear.parameters()), "lr": HEAD_RATE}]


if __name__ == "__main__":
    main()
