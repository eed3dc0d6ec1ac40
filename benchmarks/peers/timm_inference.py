"""What the inference.py of timm's repository does, which its package does not bring along.

python benchmarks/peers/timm_inference.py CHECKPOINT PICTURES [OUT.csv] [--workers N]

The same calls of timm in the same order: create_model with a checkpoint, resolve_data_config, create_dataset,
create_loader with the prefetcher, softmax, the best class, a table of file names and classes at the end. Left out: the
options that are not used here, its log, the names of classes (their numbers are written). Its interpolation is set to
that of these weights, and batches are of 32 as everywhere here, not 256. One picture is answered without a loader, with
timm's own transform.
"""

import torch
from PIL import Image
from timm.data import create_dataset, create_loader, create_transform, resolve_data_config
from timm.models import create_model

from answers import arguments, say, write


def main() -> None:
    chosen = arguments(__doc__)
    device = torch.device(chosen.device)
    model = create_model("mobilenetv2_100", checkpoint_path=str(chosen.model)).to(device).eval()
    config = resolve_data_config({"interpolation": "bilinear"}, model=model)
    if chosen.pictures.is_file():
        transform = create_transform(**config)
        with Image.open(chosen.pictures) as picture, torch.inference_mode():
            say(int(model(transform(picture.convert("RGB"))[None].to(device)).argmax()))
        return
    dataset = create_dataset("", root=str(chosen.pictures), split="validation", class_map="")
    loader = create_loader(
        dataset,
        batch_size=chosen.batch,
        use_prefetcher=True,
        num_workers=chosen.workers,
        persistent_workers=chosen.workers > 0,  # torch refuses them where there are none
        device=device,
        img_dtype=torch.float32,
        **config,
    )
    labels: list[int] = []
    with torch.inference_mode():
        for batch, _ in loader:
            probabilities = model(batch).softmax(-1)
            labels += probabilities.topk(1).indices[:, 0].tolist()
    write(chosen.out, loader.dataset.filenames(absolute=True), labels)


if __name__ == "__main__":
    main()
