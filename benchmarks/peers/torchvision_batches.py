"""torchvision as its documentation shows it: a data set of files, a DataLoader, the network in eager torch.

python benchmarks/peers/torchvision_batches.py WEIGHTS PICTURES [OUT.csv] [--workers N] [--bfloat16]
"""

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import models, transforms

from answers import CLASSES, SIZE, arguments, pictures_below, say, write

TRANSFORM = transforms.Compose(
    [
        transforms.Resize(256),
        transforms.CenterCrop(SIZE),
        transforms.ToTensor(),
        transforms.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    ]
)


class Files(Dataset[Tensor]):
    """What ImageFolder does with each file, for a folder whose pictures have no categories yet."""

    def __init__(self, paths: list[str]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        with Image.open(self.paths[index]) as picture:
            return TRANSFORM(picture.convert("RGB"))


def network(weights: Path) -> nn.Module:
    made = models.mobilenet_v2(num_classes=CLASSES)
    made.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    return made.eval()


def main() -> None:
    chosen = arguments(__doc__)
    model = network(chosen.model).to(chosen.device)
    one = chosen.pictures.is_file()
    files = Files([str(chosen.pictures)] if one else pictures_below(chosen.pictures))
    loader = [files[0][None]] if one else DataLoader(files, batch_size=chosen.batch, num_workers=chosen.workers)
    labels: list[int] = []
    kind = torch.device(chosen.device).type
    with torch.inference_mode(), torch.autocast(kind, torch.bfloat16, enabled=chosen.bfloat16):
        for batch in loader:
            labels += model(batch.to(chosen.device)).argmax(1).tolist()
    if one:
        say(labels[0])
    else:
        write(chosen.out, files.paths, labels)


if __name__ == "__main__":
    main()
