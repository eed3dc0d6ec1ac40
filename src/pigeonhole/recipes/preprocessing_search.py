"""How the pictures are best looked at, measured on the pictures themselves: which part of them, and in how many views.

A choice is made by the log loss of held-out pictures, on the folds that also give the accuracy: one of three rules and
one of three numbers flatter it by far less than its uncertainty.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.feature_extractor import FeatureExtractor
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.faces import with_faces
from pigeonhole.dataset.folders import Dataset
from pigeonhole.dataset.split import Split
from pigeonhole.evaluation.paired_gain import paired_gain
from pigeonhole.heads.blended_head import Probe, fit_probe
from pigeonhole.images.preprocessing import Crop
from pigeonhole.output import Output
from pigeonhole.recipes.at_faces import at_faces, detector_worth_trying, looking_at
from pigeonhole.workspace import Workspace

Rule = Literal["auto", "centre", "squeeze", "letterbox", "faces"]
WHOLE: tuple[Crop, ...] = ("squeeze", "letterbox")
ENOUGH = 1000  # pictures to choose a rule by
VIEWS = (3, 9)  # the plain one and others
LITTLE = 0.03  # of all answers wrong: what is left to win is not worth looking at all pictures again and again
MOST_ROWS = 4500  # views and pictures together: with many pictures of their own, views cost more than they bring


@dataclass(frozen=True, slots=True)
class PreprocessingChoice:
    """What the user wants of it: a rule ("faces": around the largest face), or "auto" to measure; and the edge in
    pixels, None for the network's own.
    """

    rule: Rule = "auto"
    size: int | None = None


def with_crop(backbone: Backbone, crop: Crop) -> Backbone:
    """`backbone`, looking at another part of its pictures."""
    if crop == backbone.preprocessing.crop:
        return backbone
    return replace(backbone, preprocessing=replace(backbone.preprocessing, crop=crop, fraction=1.0))


class Chosen(NamedTuple):
    """A `backbone` with the best rule, the `dataset` with what that needs to know, and the `probe` on the plain view of
    all pictures, where it is the usual rule and the trials have made that one.
    """

    backbone: Backbone
    dataset: Dataset
    probe: Probe | None = None


def choose_crop(
    extractor: FeatureExtractor,
    dataset: Dataset,
    split: Split,
    backbone: Backbone,
    output: Output,
    *,
    plain: NDArray[np.float32],
) -> Chosen:
    """`backbone` as it is, or seeing the whole of each picture, or its face, where that is better by more than luck.

    What tells drawn faces or film frames apart may stand at the border, which the usual centred square cuts off. Faces
    are tried where most pictures have exactly one. All rules but the usual one are tried with its C and ridge. `plain`
    [N, D] are the features that `backbone` gives as it is.
    """
    workspace = extractor.workspace
    rows = _some(dataset)
    split = split.of_rows(rows)
    part = Dataset(tuple(dataset.examples[row] for row in rows), ())
    targets = np.array(dataset.targets)[rows]
    if any(set(targets[fold.train]) != set(targets) or not len(fold.held_out) for fold in split.folds):
        return Chosen(backbone, dataset)  # too few pictures of some category to try anything on

    usual = fit_probe(plain[rows][None], targets, split, output)
    best, best_gain = backbone, 0.0
    candidates = () if is_good(usual, targets) else _candidates(workspace, part, backbone, output)
    for candidate, candidate_part in candidates:
        features = extractor.views(candidate_part.examples, candidate)
        probe = fit_probe(features, targets, split, output, usual.blend)
        gained = paired_gain(usual.held_out, probe.held_out, targets)
        if gained.is_certain and gained.mean > best_gain:
            best, best_gain = candidate, gained.mean
    if best.preprocessing.face:
        output.note("Of each picture the face is used, not the centre: more accurate here.")
        dataset, best = at_faces(workspace, dataset, best, output, best.preprocessing.face)
    elif best is not backbone:
        output.note(f"The whole picture is used ({best.preprocessing.crop}), not only its centre: more accurate here.")
    return Chosen(best, dataset, usual if best is backbone and len(rows) == len(dataset.examples) else None)


def _candidates(
    workspace: Workspace, part: Dataset, backbone: Backbone, output: Output
) -> Iterator[tuple[Backbone, Dataset]]:
    """Other ways to look at the pictures of `part`, with what these need to know."""
    for crop in WHOLE:
        yield with_crop(backbone, crop), part
    if detector := detector_worth_trying(part, output):
        yield looking_at(backbone, detector), with_faces(part, detector, workspace, output)


def choose_views(
    extractor: FeatureExtractor,
    dataset: Dataset,
    split: Split,
    backbone: Backbone,
    output: Output,
    *,
    plain: NDArray[np.float32] | None = None,
    on_plain: Probe | None = None,
) -> tuple[Probe, NDArray[np.float32]]:
    """The probe on as many augmented views as pay, and the features [N, D] of the plain one.

    `plain` are these and `on_plain` the probe on them, if they are there already.
    """
    targets = np.array(dataset.targets)
    if plain is None:
        (plain,) = extractor.views(dataset.examples, backbone)
    best = on_plain or fit_probe(plain[None], targets, split, output)
    for count in VIEWS:
        if count * len(targets) > MOST_ROWS or is_good(best, targets):
            break
        more = fit_probe(extractor.views(dataset.examples, backbone, count), targets, split, output, best.blend)
        if not paired_gain(best.held_out, more.held_out, targets).is_certain:
            break
        best = more
        output.note(
            f"Each picture is used in {count} views (shifted, mirrored, recoloured): more accurate here than fewer."
        )
    return best, plain


def is_good(probe: Probe, targets: NDArray[np.int64]) -> bool:
    """Whether it is wrong of so few of the held-out pictures that there is little to win."""
    held_out = probe.held_out
    return float(np.mean(held_out.logits.argmax(axis=1) != targets[held_out.rows])) <= LITTLE


def _some(dataset: Dataset) -> NDArray[np.int64]:
    """The rows of about ENOUGH pictures, as many of each category, chosen by digest."""
    each = max(10, ENOUGH // len(dataset.categories))
    kept: dict[str, list[int]] = {category: [] for category in dataset.categories}
    for row in sorted(range(len(dataset.examples)), key=lambda row: dataset.examples[row].sha256):
        chosen = kept[dataset.examples[row].category]
        if len(chosen) < each:
            chosen.append(row)
    return np.array(sorted(row for rows in kept.values() for row in rows))
