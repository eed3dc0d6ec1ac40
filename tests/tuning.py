"""A small fine-tuning to try things on: 24 drawings of 64 pixels, and the network `tiny`."""

import os
import sys
from pathlib import Path
from typing import Any

import torch

from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.backbones.weights import Weights
from pigeonhole.cli import run
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.finetuning import distributed, finetune
from pigeonhole.finetuning.finetune import Finetuned, fine_tune
from pigeonhole.output import Recorder
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import Probed, probe_pictures
from pigeonhole.workspace import Workspace
from scenes import drawn
from tiny import TINY, write_tiny_weights

PICTURES = 6  # of each category; a fold holds out one of each
OPTIONS = ("--recipe", "finetune", "--backbone", TINY, "--size", "64", "--crop", "squeeze", "--no-report")


def write_set(tf_files: Path) -> Path:
    """Two categories of PICTURES drawings each, told by their shape, and the weights."""
    drawn(tf_files / "data" / "wide", range(PICTURES), (160, 100))
    drawn(tf_files / "data" / "tall", range(100, 100 + PICTURES), (100, 160))
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    return tf_files


def probe(tf_files: Path) -> tuple[Probed, Weights]:
    weights = obtain_weights(Workspace(tf_files), TINY)
    preprocessing = PreprocessingChoice("squeeze", 64)
    dataset = read_dataset(Workspace(tf_files))
    return probe_pictures(
        Workspace(tf_files), dataset, weights, preprocessing=preprocessing, seed=0, output=Recorder()
    ), weights


def tuned(tf_files: Path) -> Finetuned:
    probed, weights = probe(tf_files)
    return fine_tune(Workspace(tf_files), probed, weights, seed=0, output=Recorder())


def keep(result: Finetuned, out: Path) -> None:
    """Weights and held-out logits in a file of this process."""
    kept = {"weights": result.network.state_dict(), "logits": torch.from_numpy(result.held_out.logits)}
    torch.save(kept, out / f"{distributed.rank()}.pt")


def train(tf_files: Path, out: Path) -> int:
    """`pigeonhole train`, which fine-tunes; what came of that is kept. Returns the exit code."""

    def kept(*arguments: Any, **settings: Any) -> Finetuned:
        result = fine_tune(*arguments, **settings)
        keep(result, out)
        return result

    finetune.fine_tune = kept
    return run(["train", str(tf_files), *OPTIONS])


def main() -> None:
    """Fine-tune; by torchrun all processes do so together, as they would for a user."""
    tf_files, out = map(Path, sys.argv[1:])
    if "WORLD_SIZE" in os.environ:
        sys.exit(train(tf_files, out))
    keep(tuned(tf_files), out)


if __name__ == "__main__":
    main()
