"""The frozen network that turns pictures into features: exported to ONNX once, then kept by digest."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.weights import BUILTIN, Weights
from pigeonhole.dataset.folders import Dataset
from pigeonhole.decoding.item import Decoders
from pigeonhole.errors import PigeonholeError
from pigeonhole.files import digest, write_aside_and_replace
from pigeonhole.files.source import is_file
from pigeonhole.images import Preprocessing
from pigeonhole.model import schema
from pigeonhole.model.known_good import remember_as_good
from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.model.trial import try_out
from pigeonhole.output import Output, Stage
from pigeonhole.stream import Decoded, decoded
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

if TYPE_CHECKING:
    from torch import nn

EXPORT_VERSION = 3  # raise it when onnx_graph/traced.py or from_torch.py change: then every backbone is made anew
EXPORT_STEPS = 6
SAMPLE = 16  # pictures on which torch and onnxruntime must agree
TOLERANCE = 1e-3  # of the largest feature


@dataclass(frozen=True, slots=True)
class Backbone:
    """An ONNX graph `pixels` → `features` with what it needs to know about its pictures and its origin."""

    name: str
    origin: str
    weights_sha256: str
    preprocessing: Preprocessing
    onnx: bytes

    @property
    def digest(self) -> str:
        """Of everything that makes the features what they are."""
        return digest(self.onnx + repr(self.preprocessing).encode())


def load_backbone(
    workspace: Workspace, weights: Weights, size: int | None, dataset: Dataset, output: Output
) -> Backbone:
    """The backbone for `weights` from TF_FILES/cache, exported first if it is not there (seconds, and needs torch).

    The built-in one is a graph already.

    It takes pictures of `size` × `size` pixels, None for as many as its weights were trained with.
    """
    weights_sha256 = digest(weights.path.read_bytes())
    if weights.backbone == BUILTIN:
        from pigeonhole.backbones.builtin import unpacked

        return _read(weights, weights_sha256, unpacked(weights.path.read_bytes(), size), size)
    key = digest(f"{EXPORT_VERSION} {weights.backbone} {size} {weights_sha256}".encode())[:16]
    path = workspace.cache / f"backbone-{weights.backbone.replace(':', '-')}-{key}.onnx"
    if is_file(path):
        try:
            onnx = path.read_bytes()
            if _digest_file(path).read_text("ascii") != digest(onnx):
                raise ValueError("it is not what was written")
            try_out(onnx, "features")
            return _read(weights, weights_sha256, onnx, size)
        except Exception:  # onnxruntime's and json's own, whatever the damage
            output.note(f"The cache {printable(path)} is damaged and is made anew.")
            path.unlink(missing_ok=True)
    output.note(f"Exporting {weights.backbone} to ONNX, once.")
    with output.stage(f"Exporting {weights.backbone}", EXPORT_STEPS) as advance:
        _export(weights, weights_sha256, size, dataset=dataset, path=path, advance=advance)
    return _read(weights, weights_sha256, path.read_bytes(), size)


def _read(weights: Weights, weights_sha256: str, onnx: bytes, size: int | None) -> Backbone:
    metadata = open_on_cpu(onnx).get_modelmeta().custom_metadata_map
    if metadata.get("backbone", weights.backbone) != weights.backbone:
        raise ValueError("it is another network")
    preprocessing = schema.preprocessing(schema.parsed(metadata["preprocessing"]))
    if size:
        preprocessing = replace(preprocessing, size=size)
    return Backbone(weights.backbone, weights.origin, weights_sha256, preprocessing, onnx)


def _export(
    weights: Weights, weights_sha256: str, size: int | None, *, dataset: Dataset, path: Path, advance: Stage
) -> None:
    from onnx import helper

    advance()
    from pigeonhole.onnx_graph.export import exported  # half of the time: torch comes with it
    from pigeonhole.onnx_graph.from_torch import from_pixels

    advance()
    from pigeonhole.backbones import registry

    advance()
    trunk = registry.backbone_network(weights.backbone, weights.path)
    network = from_pixels(trunk, *registry.normalisation_of(weights.backbone))
    preprocessing = registry.preprocessing_of(weights.backbone, weights_sha256)
    if size:
        preprocessing = replace(preprocessing, size=size)
    registry.check_size(network, weights.backbone, preprocessing.size)
    advance()
    model = exported(network, preprocessing.size)
    advance()
    helper.set_model_props(model, {"preprocessing": json.dumps(asdict(preprocessing)), "backbone": weights.backbone})
    onnx: bytes = model.SerializeToString()
    pictures = sample(dataset, preprocessing)
    if pictures:  # where none can be read, the training ends soon for that reason
        _compare(network, onnx, np.stack([item.pixels for item in pictures]))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_aside_and_replace(_digest_file(path), digest(onnx).encode())
    write_aside_and_replace(path, onnx)
    remember_as_good(onnx, "features")
    advance()


def _digest_file(path: Path) -> Path:
    """Where the digest of the cached network at `path` is kept, so that no other is taken for it."""
    return path.with_name(f"{path.name}.sha256")


def sample(dataset: Dataset, preprocessing: Preprocessing, decoders: Decoders | None = None) -> list[Decoded]:
    """Up to SAMPLE readable training pictures from all over the set."""
    step = max(1, len(dataset.examples) // SAMPLE)
    chosen = [example.found for example in dataset.examples[::step]][:SAMPLE]
    return [item for item in decoded(chosen, preprocessing, decoders) if isinstance(item, Decoded)]


def _compare(network: "nn.Module", onnx: bytes, pixels: NDArray[np.uint8]) -> None:
    import torch

    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)).numpy()
    difference = float(np.abs(open_on_cpu(onnx).run([FEATURES], {INPUT: pixels})[0] - expected).max())
    if difference > TOLERANCE * max(1.0, float(np.abs(expected).max())):
        raise PigeonholeError(f"torch and onnxruntime disagree on this network by {difference:.2g}; it is not used.")
