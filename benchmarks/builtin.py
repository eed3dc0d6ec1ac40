"""How good the built-in backbone is: a probe on it against random features, a histogram of colours, and the teacher.

    python tools/judging_pictures.py SETS
    python benchmarks/builtin.py SETS/stamps [TF_FILES ...] [--teacher FILE]

Every folder is a TF_FILES: data/<category>/ is cross-validated in five folds, near-duplicates kept together, all by one
split, from one plain view of each picture; test/<category>/, where there is one, is asked about afterwards. Nothing
is written into it.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from pigeonhole.backbones.builtin_network import TOP, BuiltinNetwork
from pigeonhole.backbones.feature_extractor import FeatureExtractor
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.weights import BUILTIN, Weights, builtin_weights
from pigeonhole.dataset.folders import Dataset, Example, read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.split import make_split
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.heads.blended_head import Probe, fit_probe
from pigeonhole.images import Preprocessing
from pigeonhole.output import Recorder
from pigeonhole.stream import Decoded, decoded
from pigeonhole.workspace import Workspace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))
from distilling.pack import packed  # what makes the backbone is no part of the package

BINS = (8, 4, 4)  # of hue, saturation and value
SIZE = 128
RANDOM = "random features"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--teacher", type=Path, help="weights of mobilenet_v2")
    parser.add_argument("--builtin", type=Path, help="another file to judge than the one in the package")
    wanted = parser.parse_args()
    ours = Weights(wanted.builtin, BUILTIN, "") if wanted.builtin else builtin_weights("")
    for folder in wanted.folders:
        dataset = read_dataset(Workspace(folder))
        with tempfile.TemporaryDirectory() as place:
            cache = Path(place)
            measure(folder, dataset, cache, ours, wanted.teacher)


def measure(folder: Path, dataset: Dataset, cache: Path, ours: Weights, teacher: Path | None) -> None:
    print(f"\n{folder.name}: {len(dataset.examples)} pictures, {len(dataset.categories)} categories", flush=True)  # noqa: T201
    (cache / "random.onnx").write_bytes(packed(random_network(), SIZE))
    rivals = {"built-in": ours, RANDOM: Weights(cache / "random.onnx", BUILTIN, "")}
    if teacher:
        rivals["mobilenet_v2"] = Weights(teacher, "mobilenet_v2", "")
    split = None
    for name, weights in rivals.items():
        backbone = load_backbone(Workspace(cache), weights, None, dataset, Recorder())
        with FeatureExtractor.open(Workspace(cache), Recorder()) as extractor:
            dataset, features = extractor.readable(dataset, backbone)
            if split is None:  # the same for all
                thumbnails = extractor.thumbnails(dataset.examples, backbone)
                split = make_split(dataset, find_groups(dataset, thumbnails, features, Workspace(cache)), 0)
            width = TOP if name == RANDOM else None  # without the colours, which random weights do not spoil
            fitted = fit_probe(features[None, :, :width], np.array(dataset.targets), split, Recorder())
            say(name, dataset, fitted, in_test(folder, dataset, backbone, fitted, extractor))
    if split is not None:
        colours = histograms(dataset.examples)
        say("colours", dataset, fit_probe(colours[None], np.array(dataset.targets), split, Recorder()), None)


def say(name: str, dataset: Dataset, fitted: Probe, test: Proportion | None) -> None:
    held_out = fitted.held_out
    right = held_out.logits.argmax(axis=1) == np.array(dataset.targets)[held_out.rows]
    said = f"; test/: {test}" if test else ""
    print(f"  {name:16} {Proportion(int(right.sum()), len(right))}{said}", flush=True)  # noqa: T201


def in_test(
    folder: Path, dataset: Dataset, backbone: Backbone, fitted: Probe, extractor: FeatureExtractor
) -> Proportion | None:
    """How many pictures of test/<category>/ the probe gets right."""
    if not (folder / "test").is_dir():
        return None
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "data").symlink_to((folder / "test").resolve())
        asked = read_dataset(Workspace(Path(place)))
        embeddings = extractor.views(asked.examples, backbone)[0][:, : fitted.head.weight.shape[1]]
        answers = fitted.head.logits(embeddings).argmax(axis=1)
    truths = [dataset.categories.index(example.category) for example in asked.examples]
    return Proportion(int((answers == truths).sum()), len(truths))


def random_network() -> BuiltinNetwork:
    """The same architecture, having learnt nothing; begun as torchvision begins mobilenet_v2."""
    torch.manual_seed(0)
    network = BuiltinNetwork(norm=True).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
    return network


def histograms(examples: tuple[Example, ...]) -> NDArray[np.float64]:
    """How many pixels have which colour: [N, 8·4·4] over hue, saturation and value of the whole picture."""
    whole = Preprocessing(size=SIZE, fraction=1.0, crop="squeeze")
    rows = []
    items = {
        item.sha256: item for item in decoded([each.found for each in examples], whole) if isinstance(item, Decoded)
    }
    for example in examples:
        colours = np.asarray(Image.fromarray(items[example.sha256].pixels).convert("HSV")).reshape(-1, 3)
        counted, _ = np.histogramdd(colours, bins=BINS, range=((0, 256),) * 3)
        rows.append(np.sqrt(counted.ravel() / len(colours)))
    return np.array(rows)


if __name__ == "__main__":
    main()
