"""A small fine-tuning to try things on: 24 drawings, a network with random weights, pictures of 64 pixels."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path

import torch
import torchvision

from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.finetuning import distributed
from pigeonhole.finetuning.finetune import Finetuned, fine_tune
from pigeonhole.output import Recorder
from pigeonhole.recipes.preprocessing_search import Sight
from pigeonhole.recipes.probe import Probed, probe_pictures
from pigeonhole.workspace import Workspace
from scenes import drawn

BACKBONE = "shufflenet_v2_x0_5"  # has batch norm and no dropout


def write_set(tf_files: Path) -> Path:
    """Two categories of 12 drawings, told by their shape, and the weights."""
    drawn(tf_files / "data" / "wide", range(12), (160, 100))
    drawn(tf_files / "data" / "tall", range(100, 112), (100, 160))
    write_lively_weights(tf_files / "weights" / f"{BACKBONE}.pth")
    return tf_files


def write_lively_weights(path: Path) -> None:
    """Random ones whose batch norm has seen noise: without that, the features of any two pictures are the same."""
    torch.manual_seed(0)
    network = torchvision.models.get_model(BACKBONE, weights=None)
    with torch.inference_mode():
        for _ in range(30):
            network(torch.randn(16, 3, 64, 64) + torch.randn(16, 3, 1, 1))
    path.parent.mkdir(parents=True)
    torch.save(network.state_dict(), path)


def probe(tf_files: Path) -> tuple[Probed, Weights]:
    weights = obtain_weights(Workspace(tf_files), BACKBONE)
    sight = Sight("squeeze", 64)
    dataset = read_dataset(Workspace(tf_files))
    return probe_pictures(Workspace(tf_files), dataset, weights, sight=sight, seed=0, output=Recorder()), weights


def tuned(tf_files: Path) -> Finetuned:
    probed, weights = probe(tf_files)
    return fine_tune(Workspace(tf_files), probed, weights, seed=0, output=Recorder())


def main() -> None:
    """Fine-tune, also by torchrun, and let every process write its weights into a file of its own."""
    tf_files, out = map(Path, sys.argv[1:])
    with distributed.joined() if "WORLD_SIZE" in os.environ else nullcontext():
        with distributed.first_alone():
            probed, weights = probe(tf_files)
        result = fine_tune(Workspace(tf_files), probed, weights, seed=0, output=Recorder())
        torch.save(
            {"weights": result.network.state_dict(), "logits": torch.from_numpy(result.held_out.logits)},
            out / f"{distributed.rank()}.pt",
        )


if __name__ == "__main__":
    main()
