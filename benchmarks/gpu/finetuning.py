"""Stage `finetuning`: our fine-tuning loop, in the GPU's fast type and in float32: one whole epoch with its decoding,
and its steps alone on pixels that lie on the device.
"""

import time
from typing import Any

import numpy as np
import torch
from stage import SMALL, Figures, gpu_memory_mib, pictures
from torch import nn
from torchvision import models

from pigeonhole.dataset.folders import Example
from pigeonhole.evaluation.head import Head
from pigeonhole.files import find
from pigeonhole.finetuning import distributed
from pigeonhole.finetuning.loop import Material, Plan, Tuned, _Learner
from pigeonhole.finetuning.mixed_precision import autocast, fast_dtype
from pigeonhole.images import Preprocessing
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.records import Found

SIZE = 64 if SMALL else 224
COUNT = 8 if SMALL else 2000
BATCHES = (4,) if SMALL else (32, 128)
CATEGORIES = 10


def main() -> None:
    figures = Figures("finetuning")
    device = distributed.device()
    fast = fast_dtype(device)
    found = [each for each in find(pictures("0.2 megapixels").pictures) if isinstance(each, Found)][:COUNT]
    material = Material([_example(each) for each in found], np.arange(len(found)) % CATEGORIES, Preprocessing(SIZE))
    for dtype in (fast, None):
        label = str(dtype or "float32").removeprefix("torch.")
        for batch in BATCHES:
            with figures.part(f"{label}, steps of {batch} alone") as keep:
                keep(_alone(_network(), batch, device, dtype))
    with figures.part("an epoch") as keep:
        keep(_epoch(_network(), material, device, fast))
    with figures.part("memory in use, MiB") as keep:
        keep(gpu_memory_mib())
    figures.end()


def _example(found: Found) -> Example:
    return Example(found=found, category="", sha256="", part="")


def _network() -> Tuned:
    """mobilenet_v2 with random weights, which learns nothing sensible at the same speed."""
    trunk: Any = models.mobilenet_v2()
    trunk.classifier = nn.Identity()
    head = Head(np.zeros((CATEGORIES, 1280)), np.zeros(CATEGORIES))
    return Tuned(from_pixels(trunk, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), head)


def _epoch(network: Tuned, material: Material, device: torch.device, dtype: torch.dtype | None) -> dict[str, Any]:
    network.to(device, memory_format=torch.channels_last)
    plan = Plan((SIZE,) * 2, batch=32, freeze_statistics=False)
    rows = np.arange(len(material.targets))
    learner = _Learner(network, plan, len(rows), device)
    learner._dtype = dtype
    began = time.perf_counter()
    learner.learn(material, rows[: max(4, len(rows) // 10)], 1, 0)
    warm = time.perf_counter()
    loss = learner.learn(material, rows, 1, 0)
    seconds = time.perf_counter() - warm
    return {"steps/s": round(len(rows) / plan.batch / seconds, 1), "pictures/s": round(len(rows) / seconds),
            "first tenth, s": round(warm - began, 1), "loss": loss}  # fmt: skip


def _alone(network: Tuned, batch: int, device: torch.device, dtype: torch.dtype | None) -> dict[str, Any]:
    network.to(device, memory_format=torch.channels_last).train()
    optimiser = torch.optim.AdamW(network.parameters(), 1e-4)
    pixels = torch.randint(0, 256, (batch, SIZE, SIZE, 3), dtype=torch.uint8, device=device)
    targets = torch.arange(batch, device=device) % CATEGORIES
    steps, began = 0, 0.0
    while steps < 3 or time.perf_counter() - began < (0.1 if SMALL else 1.5):
        if steps == 2:  # the first ones try out ways to convolve
            began = time.perf_counter()
        with autocast(device, dtype):
            loss = nn.functional.cross_entropy(network(pixels).float(), targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        float(loss.detach())  # waits for the GPU
        steps += 1
    rate = (steps - 2) / (time.perf_counter() - began)
    return {"steps/s": round(rate, 1), "pictures/s": round(rate * batch)}


if __name__ == "__main__":
    main()
