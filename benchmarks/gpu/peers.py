"""Stage `peers`: the same network and folders with torch: torch.compile and autocast behind torchvision's DataLoader,
and with JPEGs decoded on the GPU (nvJPEG, by torchvision). Rates are without start and compilation, which stand apart.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from PIL import Image
from stage import DEVICE, KINDS, SMALL, Figures, gpu_memory_mib, pictures
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import io, models
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional

import corpus as corpora
from pigeonhole.cpus import available_cpus

BATCH = 4 if SMALL else 128
DTYPE = torch.bfloat16 if SMALL else torch.float16
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Files(Dataset[Tensor]):
    """uint8 [3, 224, 224]: normalising is left to the GPU, which saves three quarters of what has to go there."""

    def __init__(self, paths: list[str], *, draft: bool) -> None:
        self.paths, self._draft = paths, draft

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as picture:
            if self._draft:
                picture.draft("RGB", (256, 256))
            small = functional.center_crop(functional.resize(picture.convert("RGB"), [256]), [224, 224])
        return functional.pil_to_tensor(small)


class Network(nn.Module):
    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.trunk = models.mobilenet_v2().eval()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) * 255)
        self.register_buffer("std", torch.tensor(STD).view(1, 3, 1, 1) * 255)

    def forward(self, pixels: Tensor) -> Tensor:
        labels: Tensor = self.trunk((pixels.float() - self.mean) / self.std).argmax(1)
        return labels


def main() -> None:
    figures = Figures("peers")
    network: Any = Network().to(DEVICE, memory_format=torch.channels_last).eval()
    with figures.part("compiling, s") as keep:
        began = time.perf_counter()
        if not SMALL:
            network = torch.compile(network)
        _ask(network, torch.zeros(BATCH, 3, 224, 224, dtype=torch.uint8))
        keep(round(time.perf_counter() - began, 1))
    with figures.part("model alone") as keep:
        keep(_alone(network))
    for name in KINDS:
        paths = [str(path) for path in corpora.files(pictures(name).pictures)]
        for label, draft in (("DataLoader", False), ("DataLoader, JPEGs at reduced size", True)):
            with figures.part(f"{name}, {label}") as keep:
                keep(_loaded(network, paths if draft else paths[: len(paths) // 2], draft=draft))
        with figures.part(f"{name}, nvJPEG") as keep:
            keep(_on_the_gpu(network, [path for path in paths if path.endswith(".jpg")]))
    with figures.part("memory in use, MiB") as keep:
        keep(gpu_memory_mib())
    figures.end()


def _ask(network: Any, pixels: Tensor) -> list[int]:
    with torch.inference_mode(), torch.autocast(DEVICE, DTYPE):
        there = pixels.to(DEVICE, non_blocking=True).contiguous(memory_format=torch.channels_last)
        labels: list[int] = network(there).tolist()
    return labels


def _alone(network: Any) -> float:
    pixels = torch.randint(0, 256, (BATCH, 3, 224, 224), dtype=torch.uint8).to(DEVICE)
    _ask(network, pixels)
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < (0.1 if SMALL else 1.5):
        _ask(network, pixels)
        count += BATCH
    return round(count / (time.perf_counter() - began))


def _loaded(network: Any, paths: list[str], *, draft: bool) -> dict[str, Any]:
    workers = 0 if SMALL else min(available_cpus(), 16)
    loader = DataLoader(Files(paths, draft=draft), BATCH, num_workers=workers, pin_memory=not SMALL)
    began = time.perf_counter()
    count, first = 0, 0.0
    for pixels in loader:
        count += len(_ask_padded(network, pixels))
        first = first or time.perf_counter()
    seconds = time.perf_counter() - began
    steady = (count - BATCH) / max(time.perf_counter() - first, 1e-6)
    return {"per second": round(len(paths) / seconds), "after the first batch": round(steady)}


def _on_the_gpu(network: Any, paths: list[str]) -> dict[str, Any]:
    def decoded(some: list[str]) -> Tensor:
        data = [io.read_file(path) for path in some]
        full = io.decode_jpeg(data, mode=io.ImageReadMode.RGB, device=DEVICE)
        return torch.stack([v2.functional.center_crop(v2.functional.resize(each, [256], antialias=True), [224, 224])
                            for each in full])  # fmt: skip

    size = BATCH if "/12-" not in paths[0] else max(2, BATCH // 8)
    parts = [paths[start : start + size] for start in range(0, len(paths) - size + 1, size)]
    _ask_padded(network, decoded(parts[0]))
    began = time.perf_counter()
    with ThreadPoolExecutor(1 if SMALL else 3) as ahead:
        for pixels in ahead.map(decoded, parts):
            _ask_padded(network, pixels)
    return {"per second": round(len(parts) * size / (time.perf_counter() - began))}


def _ask_padded(network: Any, pixels: Tensor) -> list[int]:
    """A batch of another size would be compiled anew."""
    padding = pixels.new_zeros(BATCH - len(pixels), *pixels.shape[1:])
    return _ask(network, torch.cat([pixels, padding]))[: len(pixels)]


if __name__ == "__main__":
    main()
