"""Who is measured, by which commands: pigeonhole, and other ways to put the same network to a folder of pictures."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from pigeonhole.cpus import available_cpus

PEERS = Path(__file__).resolve().parent / "peers"
PICTURES, OUT = "{pictures}", "{out}"
# A machine with a GPU is a machine without one for all but the rows that are about it. Nobody asks the network.
ON_CPU = {"CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
ON_GPU = {"HF_HUB_OFFLINE": "1"}
NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Contender:
    """`folder` sorts or names the pictures of a folder, `one` says what is on one.

    `ours` is the TF_FILES of pigeonhole. `exact`: in float32. `missing`: why it cannot be measured.
    """

    name: str
    folder: tuple[str, ...] = ()
    one: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: Path | None = None
    exact: bool = True
    device: str = "CPU"
    missing: str = ""

    def on_folder(self, pictures: Path, out: Path) -> list[str]:
        places = {PICTURES: str(pictures), OUT: str(out)}
        return [places.get(part, part) for part in self.folder]

    def on_one(self, picture: Path) -> list[str]:
        return [str(picture) if part == PICTURES else part for part in self.one]


def ours(tf_files: Path, name: str, *options: str, exact: bool = True, device: str = "CPU") -> Contender:
    start = (sys.executable, "-m", "pigeonhole")
    folder = (*start, "guess-dir", str(tf_files), PICTURES, OUT, "--json", *options)
    environment = ON_GPU if device == "GPU" else ON_CPU
    return Contender(name, folder, (*start, "guess", str(tf_files), PICTURES), environment, tf_files, exact, device)


def peers(weights: Path, converted: Path, device: str = "CPU") -> list[Contender]:
    """Every peer; on a GPU those that use all processors to decode."""
    cores = str(available_cpus())
    timm, transformers = converted / "timm.pth", converted / "transformers"
    every = [
        _peer("torchvision, DataLoader without workers", "torchvision_batches", weights, device),
        _peer(f"torchvision, {cores} workers", "torchvision_batches", weights, device, "--workers", cores),
        _peer(f"torchvision, {cores} workers, bfloat16", "torchvision_batches", weights, device, "--workers", cores,
              "--bfloat16"),
        _peer(f"timm's inference.py, reduced, {cores} workers", "timm_inference", timm, device, "--workers", cores),
        _peer("transformers pipeline, as it comes", "transformers_pipeline", transformers, device, "--batch", "1"),
        _peer(f"transformers pipeline, batches of 32, {cores} workers", "transformers_pipeline", transformers, device,
              "--batch", "32", "--workers", cores),
    ]  # fmt: skip
    return [peer for peer in every if device == "CPU" or (peer.exact and "--workers" in peer.folder)]


def _peer(name: str, script: str, model: Path, device: str, *options: str) -> Contender:
    start = (sys.executable, str(PEERS / f"{script}.py"), str(model))
    device_options = ("--device", "cuda") if device == "GPU" else ()
    precision = tuple(option for option in options if option == "--bfloat16")
    return Contender(
        name,
        (*start, PICTURES, OUT, *options, *device_options),
        (*start, PICTURES, *precision, *device_options),
        ON_GPU if device == "GPU" else ON_CPU,
        exact="--bfloat16" not in options,
        device=device,
        missing="" if model.exists() else f"{script.split('_', maxsplit=1)[0]} is not installed",
    )


def missing_gpu() -> str:
    """Why the rows of a GPU cannot be measured, empty where they can."""
    if find_spec("torch") is None:
        return "torch is not installed"
    script = (
        "import torch, onnxruntime as o; "
        "print(torch.cuda.is_available() and 'CUDAExecutionProvider' in o.get_available_providers())"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    return "" if answer.stdout.strip() == "True" else "no GPU that both torch and onnxruntime can use"
