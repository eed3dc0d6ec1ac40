"""How fast the candidates for the default backbone answer, as exported: speed does not depend on what the weights are.

python benchmarks/backbones.py [--rounds 3] [NAME ...]

Random weights, at the pace at which a folder is sorted, the networks in turn for several rounds, the best round of
each. Accuracy on ImageNet and GFLOPs are those that torchvision publishes with the weights that pigeonhole downloads.
"""

import argparse

import onnxruntime
import torch
import torchvision

from pigeonhole.backbones import registry
from pigeonhole.backbones.torchvision_models import published_weights, without_last_layer
from pigeonhole.model import open_session
from pigeonhole.model.tensors import FEATURES
from pigeonhole.onnx_graph.from_torch import from_pixels, to_onnx
from pigeonhole.onnx_graph.throughput import rate

CANDIDATES = (
    "mobilenet_v2",
    "mobilenet_v3_large",
    "regnet_y_400mf",
    "regnet_y_800mf",
    "efficientnet_b0",
    "resnet18",
    "resnet50",
    "convnext_tiny",
)
BASELINE = "mobilenet_v2"
SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=CANDIDATES)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sessions = {name: _session(name) for name in dict.fromkeys((BASELINE, *options.names))}
    rates = dict.fromkeys(sessions, 0.0)
    for _ in range(options.rounds):
        for name, session in sessions.items():
            rates[name] = max(rates[name], rate(session, FEATURES, SECONDS))
    print("| backbone | ImageNet top-1, % | GFLOPs | weights, MB | pictures/s | of the baseline |")  # noqa: T201
    print("|---|---:|---:|---:|---:|---:|")  # noqa: T201
    for name, found in rates.items():
        published = published_weights(name)[0].meta
        accuracy = published["_metrics"]["ImageNet-1K"]["acc@1"]
        figures = f"{accuracy:.1f} | {published['_ops']:.2f} | {published['_file_size']:.0f}"
        print(f"| {name} | {figures} | {found:.0f} | {found / rates[BASELINE]:.2f} |")  # noqa: T201


def _session(name: str) -> onnxruntime.InferenceSession:
    torch.manual_seed(0)
    trunk = without_last_layer(torchvision.models.get_model(name, weights=None)).eval()
    size = registry.preprocessing_of(name, "").size
    return open_session(to_onnx(from_pixels(trunk, *registry.normalisation_of(name)), size).SerializeToString())


if __name__ == "__main__":
    main()
