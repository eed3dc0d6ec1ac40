"""The student learns to say of small pictures what the teacher says of large ones (Hinton et al. 2015, 1503.02531)."""

import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from distilling.student import BATCH, normalised
from pigeonhole.backbones.builtin_network import BuiltinNetwork
from pigeonhole.files import write_aside_and_replace
from pigeonhole.recipes.saved_network import saved

RATE = 1e-3
WARM_UP = 100  # steps
LOGITS_SHARE = 0.25  # of the loss
CHECKPOINT_STEPS = 250


@dataclass(frozen=True)
class Lessons:
    """`pixels` uint8 [N, S, S, 3] and what the teacher saw in them, `features` float16 [N, D]."""

    pixels: NDArray[np.uint8]
    features: NDArray[np.float16]


def distil(
    student: BuiltinNetwork,
    classifier: nn.Module,
    lessons: Lessons,
    validation: Lessons,
    checkpoint: Path,
    *,
    steps: int,
    seed: int,
) -> BuiltinNetwork:
    """`student` after `steps` batches of `lessons`; goes on from `checkpoint` where there is one.

    Its features shall equal the teacher's, and lead the teacher's `classifier` to the same probabilities.
    """
    student.to(memory_format=torch.channels_last)
    decayed = [each for each in student.parameters() if each.dim() > 1]
    free = [each for each in student.parameters() if each.dim() == 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 1e-4}, {"params": free, "weight_decay": 0.0}], lr=RATE, fused=True
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(state["student"])
        optimiser.load_state_dict(state["optimiser"])
        schedule.load_state_dict(state["schedule"])
        first = state["step"]
    variance = float(lessons.features[:2048].astype(np.float32).var(axis=0).mean())
    print(f"start: explained {explained(student, validation):.4f}", flush=True)
    began, total = time.monotonic(), 0.0
    for step in range(first, steps):
        student.train()
        pictures, wanted = _batch(lessons, step, seed)
        with torch.autocast("cpu", torch.bfloat16):
            features = student.trained(pictures)
        loss = _loss(features.float(), wanted, classifier, variance)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        total += float(loss.detach())
        if (step + 1) % CHECKPOINT_STEPS == 0 or step + 1 == steps:
            pace = (time.monotonic() - began) / (step + 1 - first)
            said = explained(student, validation)
            mean = total / ((step - first) % CHECKPOINT_STEPS + 1)
            print(f"step {step + 1}: loss {mean:.4f}, explained {said:.4f}, {pace:.2f} s a step", flush=True)
            total = 0.0
            state = {"student": student.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
            write_aside_and_replace(checkpoint, saved({**state, "schedule": schedule.state_dict()}))
    print(f"end: explained {explained(student, validation):.4f}", flush=True)
    return student


def explained(student: BuiltinNetwork, validation: Lessons) -> float:
    """How much of the variance of the teacher's features the student's own predict: 1 is all of it."""
    student.eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        parts = [
            student.trained(normalised(validation.pixels[start : start + BATCH])).float().numpy()
            for start in range(0, len(validation.pixels), BATCH)
        ]
    wanted = validation.features.astype(np.float32)
    wrong = np.square(np.concatenate(parts) - wanted).mean()
    return float(1 - wrong / wanted.var(axis=0).mean())


def _rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / min(WARM_UP, max(1, steps // 4)))
    return warm * 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))


def _batch(lessons: Lessons, step: int, seed: int) -> tuple[Tensor, Tensor]:
    """Number `step`: every view once an epoch, mirrored by chance. The same whenever a run is resumed."""
    count = len(lessons.pixels) // BATCH
    rows = np.random.default_rng([seed, step // count]).permutation(len(lessons.pixels))
    rows = rows[step % count * BATCH :][:BATCH]
    pixels = lessons.pixels[rows]
    mirrored = np.random.default_rng([seed, 1, step]).random(len(rows)) < 0.5
    pixels[mirrored] = pixels[mirrored][:, :, ::-1]
    return normalised(pixels), torch.from_numpy(lessons.features[rows].astype(np.float32))


def _loss(features: Tensor, wanted: Tensor, classifier: nn.Module, variance: float) -> Tensor:
    off = nn.functional.mse_loss(features, wanted) / variance
    with torch.no_grad():
        said = torch.log_softmax(classifier(wanted), dim=1)
    answers = torch.log_softmax(classifier(features), dim=1)
    surprise = nn.functional.kl_div(answers, said, reduction="batchmean", log_target=True)
    return off + LOGITS_SHARE * surprise
