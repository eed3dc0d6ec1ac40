"""What fine-tuning would take on this machine's processors, told from a few runs of the frozen network.

Torch computes what onnxruntime computes, forwards and backwards, and besides writes and reads the result of each layer
several times, where onnxruntime joins layers. So learning takes two to nine times as long as looking, the more the
thinner the layers are (decision 0183).
"""

import time
from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from pigeonhole.backbones.frozen import Backbone
from pigeonhole.cpus import available_cpus
from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.split import Split
from pigeonhole.errors import UnreadableError
from pigeonhole.files import read
from pigeonhole.finetuning.plan import SMALL_SET, plan_for
from pigeonhole.images import to_square
from pigeonhole.images.views import canvas_of
from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT

COMPUTING = 2.0  # times a run in onnxruntime: 1.4 in bfloat16, 3 in float32
WRITING = 4.7e-9  # seconds for each number that a layer results in
AUGMENTING = 1.2e-3  # seconds for a picture
SAVING = 1e-8  # seconds for each byte of the network, after every epoch
LAYERS = ("Conv", "Gemm", "MatMul")
BATCH = 4
RUNS = 3
PICTURES = 5  # from all over the set, to see how long they take to read


def expected_seconds(backbone: Backbone, split: Split, examples: Sequence[Example]) -> float:
    """For every fold of `split` (one, where there are many pictures) and then for all `examples`."""
    size = backbone.preprocessing.size
    several = len(examples) < SMALL_SET and len(split.folds) > 1
    folds = len(split.folds) if several else 1
    learning = len(examples) * folds  # the folds' parts, and all once more
    plan = plan_for(len(split.folds[0].train), size)
    passes = sum((edge / size) ** 2 for edge in plan.sizes)
    preparing = plan.epochs * (_reading(backbone, examples) + AUGMENTING)  # by one processor, the others wait
    saving = (folds + several) * plan.epochs * SAVING * len(backbone.onnx)
    return learning * (preparing + passes * _learning(backbone) / available_cpus()) + saving


def _learning(backbone: Backbone) -> float:
    """Of one processor, for one picture at full size, forwards and backwards."""
    size = backbone.preprocessing.size
    session, pixels = open_on_cpu(backbone.onnx), np.zeros((BATCH, size, size, 3), dtype=np.uint8)
    run = min(_taken(lambda: session.run([FEATURES], {INPUT: pixels})) for _ in range(1 + RUNS)) / BATCH
    return COMPUTING * run + WRITING * _results(backbone.onnx)


def _reading(backbone: Backbone, examples: Sequence[Example]) -> float:
    """Of one processor, for one picture."""
    canvas = canvas_of(backbone.preprocessing)

    def read_some() -> None:
        for example in examples[:: max(1, len(examples) // PICTURES)][:PICTURES]:
            try:
                to_square(read(example.found.path)[0], canvas)
            except (UnreadableError, OSError):  # whoever learns from it says so
                continue

    return _taken(read_some) / min(PICTURES, len(examples))


def _results(onnx: bytes) -> int:
    """How many numbers the layers of a network result in, for one picture."""
    from onnx import load_model_from_string, shape_inference

    graph = shape_inference.infer_shapes(load_model_from_string(onnx)).graph
    made = {name for node in graph.node if node.op_type in LAYERS for name in node.output}
    shapes = [value.type.tensor_type.shape.dim for value in graph.value_info if value.name in made]
    return sum(prod(size.dim_value for size in shape[1:]) for shape in shapes)


def _taken(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
