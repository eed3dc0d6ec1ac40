"""Recipe `finetune`: a probe, then the whole network from there, which replaces the probe only where it is better."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pigeonhole.backbones import registry
from pigeonhole.backbones.weights import Weights
from pigeonhole.dataset.split import Fold, Split
from pigeonhole.errors import UsageError
from pigeonhole.evaluation.findings import Epoch
from pigeonhole.evaluation.head import Head
from pigeonhole.evaluation.out_of_fold import OutOfFold
from pigeonhole.evaluation.paired_gain import PairedGain, paired_gain
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.files import digest
from pigeonhole.finetuning.checkpoint import CHECKPOINTS
from pigeonhole.finetuning.loop import HEAD_RATE, RATES, Material, Run, Tuned, fresh, tune
from pigeonhole.finetuning.plan import SMALL_SET, Plan, plan_for
from pigeonhole.heads.blended_head import fit_head
from pigeonhole.onnx_graph.export import exported
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Output
from pigeonhole.recipes.probe import Probed, as_trained
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.recipes.saved_network import saved
from pigeonhole.stream import Decoded, decoded
from pigeonhole.workspace import Workspace

BATCH = 16


@dataclass(frozen=True, slots=True)
class Finetuned:
    """The network, what it said of held-out pictures, and how much better than the probe's that is.

    `curves` has a Run for every fold.
    """

    network: Tuned
    split: Split
    held_out: OutOfFold
    gained: PairedGain
    curves: tuple[Run, ...]


def train_finetune(
    workspace: Workspace, probed: Probed, weights: Weights, *, seed: int, output: Output
) -> TrainedRecipe:
    """The fine-tuned network, or the probe again where that is as good; which, and by how much, is said."""
    tuned = fine_tune(workspace, probed, weights, seed=seed, output=output)
    output.note(comparison(probed, tuned))
    trained = as_finetuned(probed, tuned) if tuned.gained.is_beyond_doubt else as_trained(probed)
    return replace(trained, epochs=epochs_of(probed, tuned))


def epochs_of(probed: Probed, tuned: Finetuned) -> tuple[Epoch, ...]:
    """The metrics after each epoch, of all folds together, as long as all of them trained."""
    targets = np.array(probed.dataset.targets)
    folds = [targets[fold.held_out] for fold in tuned.split.folds]
    total = sum(len(own) for own in folds)

    def right(epoch: int) -> float:
        logits = [run.logits[epoch].numpy().argmax(axis=1) for run in tuned.curves]
        return sum(int((said == own).sum()) for said, own in zip(logits, folds, strict=True)) / total

    return tuple(
        Epoch(
            epoch + 1,
            float(np.mean([run.training_losses[epoch] for run in tuned.curves])),
            sum(run.losses[epoch] * len(own) for run, own in zip(tuned.curves, folds, strict=True)) / total,
            right(epoch),
        )
        for epoch in range(min(len(run.losses) for run in tuned.curves))
    )


def fine_tune(workspace: Workspace, probed: Probed, weights: Weights, *, seed: int, output: Output) -> Finetuned:
    """Fine-tune on every fold and evaluate; then on all pictures.

    Of large sets one fold is held out, and the network trained on the others is the result. With several folds,
    the final one learns for as many epochs as were best on average over them.
    """
    targets = np.array(probed.dataset.targets)
    material = Material(probed.dataset.examples, targets, probed.backbone.preprocessing)
    split = probed.split.one(targets) if len(targets) >= SMALL_SET else probed.split
    trunk = from_pixels(
        registry.backbone_network(probed.backbone.name, weights.path), *registry.normalisation_of(probed.backbone.name)
    )
    plan = _plan(trunk, probed, split)
    folder = _folder(workspace, probed, split, plan, seed)
    base = Tuned(trunk, probed.probe.head)
    several = len(split.folds) > 1
    runs: list[Run] = []
    network = base
    with output.stage("Fine-tuning", plan.epochs * (len(split.folds) + several)) as advance:
        for number, fold in enumerate(split.folds):
            network = fresh(base, _start(probed, fold))
            place = folder / f"fold-{number}.pt"
            runs.append(
                tune(network, material, fold, plan, seed=seed, checkpoint=place, output=output, advance=advance)
            )
        chosen = common_best(runs)
        if several:
            network = fresh(base, probed.probe.head)
            everything, place = Fold(split.learn, split.learn[:0]), folder / "final.pt"
            until = replace(plan, stop_after=chosen)
            tune(network, material, everything, until, seed=seed, checkpoint=place, output=output, advance=advance)
    held_out = OutOfFold.of(split, [run.logits[chosen].double().numpy() for run in runs])
    before = probed.probe.held_out.of_rows(held_out.rows)
    return Finetuned(network, split, held_out, paired_gain(before, held_out, targets), tuple(runs))


def common_best(runs: list[Run]) -> int:
    """The epoch, from 0, that is best for all folds together: one number, which flatters by far less than one each."""
    shortest = min(len(run.losses) for run in runs)
    return int(np.argmin(np.mean([run.losses[:shortest] for run in runs], axis=0)))


def comparison(probed: Probed, tuned: Finetuned) -> str:
    """Fine-tuned network and probe on the same held-out pictures, in a sentence."""
    targets = np.array(probed.dataset.targets)
    before = probed.probe.held_out.of_rows(tuned.held_out.rows)
    right = [
        Proportion(int((each.logits.argmax(axis=1) == targets[each.rows]).sum()), len(each.rows))
        for each in (tuned.held_out, before)
    ]
    gained = f"log loss fell by {tuned.gained.mean:.4f} ± {tuned.gained.error:.4f}"
    end = "so it replaces the probe" if tuned.gained.is_beyond_doubt else "which may be luck, so the probe stays"
    return f"Fine-tuned: {right[0]}; probe: {right[1].right} of {right[1].total}; {gained}, {end}."


def _start(probed: Probed, fold: Fold) -> Head:
    """The head that a fold starts from has seen none of its held-out pictures either."""
    targets = np.array(probed.dataset.targets)
    return fit_head(probed.features[fold.train], targets[fold.train], probed.probe.blend)


def _plan(trunk: torch.nn.Module, probed: Probed, split: Split) -> Plan:
    size = probed.backbone.preprocessing.size
    plan = plan_for(len(split.folds[0].train), size)
    try:
        registry.check_size(trunk, probed.backbone.name, plan.sizes[0])
    except UsageError:  # it sees pictures of one size only
        return replace(plan, sizes=(size,) * plan.epochs)
    return plan


def _folder(workspace: Workspace, probed: Probed, split: Split, plan: Plan, seed: int) -> Path:
    """Another one for everything that would lead to other weights."""
    folds = digest(b" ".join(fold.held_out.tobytes() for fold in split.folds))
    facts = [
        probed.dataset.digest,
        probed.backbone.digest,
        asdict(probed.backbone.preprocessing),
        asdict(plan),
        RATES,
        HEAD_RATE,
    ]
    key = digest(json.dumps([*facts, folds, seed], sort_keys=True).encode())[:16]
    return workspace.cache / CHECKPOINTS.replace("*", key)


def as_finetuned(probed: Probed, tuned: Finetuned) -> TrainedRecipe:
    """As the probe's, with another trunk and head; how alike pictures are, the frozen network says best.

    See "distance on frozen features" in docs/decisions.
    """
    trained = as_trained(probed)
    network = tuned.network
    return replace(
        trained,
        recipe="finetune",
        split=tuned.split,
        trunk=exported(network.trunk, trained.preprocessing.size).SerializeToString(),
        head=network.head,
        held_out=tuned.held_out,
        sample_features=_features(network, trained.sample),
        ood_features=_ood_features(network, probed),
        frozen_trunk=probed.backbone.onnx,
        network=saved(network.trunk.state_dict()),
    )


def _ood_features(network: Tuned, probed: Probed) -> NDArray[np.float64]:
    found = (example.found for example in probed.dataset.ood)
    items = [item for item in decoded(found, probed.backbone.preprocessing) if isinstance(item, Decoded)]
    batches = [
        _features(network, np.stack([item.pixels for item in items[start : start + BATCH]]))
        for start in range(0, len(items), BATCH)
    ]
    return np.concatenate(batches) if batches else np.empty((0, network.linear.in_features))


def _features(network: Tuned, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    with torch.inference_mode():
        array: NDArray[np.float64] = network.trunk(torch.from_numpy(pixels)).double().numpy()
    return array
