"""What fine-tuning would take on this machine's processors, told from a few runs of the frozen network."""

import time

import numpy as np

from pigeonhole.backbones.frozen import Backbone
from pigeonhole.cpus import available_cpus
from pigeonhole.dataset.split import Split
from pigeonhole.finetuning.plan import SMALL_SET, plan_for
from pigeonhole.model.session import open_on_cpu
from pigeonhole.model.tensors import FEATURES, INPUT

# A picture learnt from, forwards and backwards in torch, takes so many times as long as one looked at in onnxruntime:
# 33 against 303 pictures/s on two processors (benchmarks/README.md, mobilenet_v2 at 224 pixels).
LEARNING = 9.0
BATCH = 4
RUNS = 3


def expected_seconds(backbone: Backbone, split: Split, pictures: int) -> float:
    """For every fold of `split` (one, where there are many pictures) and then for all `pictures`."""
    size = backbone.preprocessing.size
    several = pictures < SMALL_SET and len(split.folds) > 1
    learning = pictures * (len(split.folds) if several else 1)  # the folds' parts, and all once more
    plan = plan_for(len(split.folds[0].train), size)
    passes = sum((edge / size) ** 2 for edge in plan.sizes)
    return learning * passes * LEARNING * _seconds_each(backbone) / available_cpus()


def _seconds_each(backbone: Backbone) -> float:
    """Of one processor, for one picture at full size: the quickest of RUNS."""
    size = backbone.preprocessing.size
    session, pixels = open_on_cpu(backbone.onnx), np.zeros((BATCH, size, size, 3), dtype=np.uint8)
    session.run([FEATURES], {INPUT: pixels})
    taken = []
    for _ in range(RUNS):
        began = time.thread_time()
        session.run([FEATURES], {INPUT: pixels})
        taken.append(time.thread_time() - began)
    return min(taken) / BATCH
