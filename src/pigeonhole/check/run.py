"""A check from beginning to end."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import load_backbone
from pigeonhole.backbones.looking import fill, vectors_of
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.check.appearance import Appearance, appearances
from pigeonhole.check.copies import find_copies
from pigeonhole.check.findings import TITLES, Finding, Move
from pigeonhole.check.shortcuts import find_shortcuts
from pigeonhole.dataset.folders import Dataset, Example, different_pictures, read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.heads.blended_head import fit_probe
from pigeonhole.output import Output
from pigeonhole.recipes.label_issues import suspects_by_probe
from pigeonhole.records import Failed, Unreadable
from pigeonhole.text import printable
from pigeonhole.workspace import DATA, UNKNOWN, Workspace

SURE = 0.5  # doubt from which a picture's true category is suggested
ENOUGH = 20  # different pictures of a category; with fewer, figures mean little
HARDLY_BETTER = 0.5  # of the mistakes that always naming the most frequent category would make


@dataclass(frozen=True, slots=True)
class Checked:
    """`pictures` were looked at; `findings` are in the order in which they matter."""

    pictures: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Set:
    """Everything measured of a `dataset`, row by row: its examples, then those of data/unknown."""

    workspace: Workspace
    dataset: Dataset
    seen: list[Appearance]
    features: NDArray[np.float32]

    @property
    def pictures(self) -> tuple[Example, ...]:
        return (*self.dataset.examples, *self.dataset.ood)

    @property
    def thumbnails(self) -> NDArray[np.uint8]:
        return np.stack([each.thumbnail for each in self.seen])

    def name(self, path: Path) -> Path:
        return path.relative_to(self.workspace.root)


def check(workspace: Workspace, *, backbone: str | None, weights: Path | None, seed: int, output: Output) -> Checked:
    """Look for what is wrong with TF_FILES/data (and valid/). Raises DataError where there is nothing to learn from."""
    dataset = read_dataset(workspace, output)
    for note in dataset.notes:
        output.note(note)
    everything = (*dataset.examples, *dataset.ood)
    seen, problems = appearances(everything, output)
    dataset = dataset.without(list(problems.values()))
    features, lost = _features(workspace, dataset, backbone, weights, output)
    if lost:
        dataset = dataset.without(lost)
    kept = (*dataset.examples, *dataset.ood)
    measured = _Set(workspace, dataset, [seen[each.found.path] for each in kept], features)
    findings = [*_unreadable(measured), *_few(dataset), *_copies(measured, output), *_by_split(measured, seed, output)]
    order = list(TITLES)
    return Checked(len(kept), tuple(sorted(findings, key=lambda finding: order.index(finding.kind))))


def _features(
    workspace: Workspace, dataset: Dataset, backbone: str | None, weights: Path | None, output: Output
) -> tuple[NDArray[np.float32], list[Unreadable | Failed]]:
    chosen = obtain_weights(workspace, backbone, weights)
    network = load_backbone(workspace, chosen, None, dataset, output)
    pictures = (*dataset.examples, *dataset.ood)
    with FeatureStore.open(workspace, network) as store:
        lost = fill(pictures, (PLAIN,), network, store, output)
        bad = {problem.path for problem in lost}
        return vectors_of([each for each in pictures if each.found.path not in bad], PLAIN, store), lost


def _unreadable(measured: _Set) -> Iterator[Finding]:
    for problem in measured.dataset.left_out:
        yield Finding("unreadable", (measured.name(problem.path),), problem.reason)


def _few(dataset: Dataset) -> Iterator[Finding]:
    counts = different_pictures(dataset.examples)
    for category in dataset.categories:
        if counts[category] < ENOUGH:
            yield Finding(
                "few", (), f"{printable(category)} has {counts[category]} different pictures; use at least {ENOUGH}"
            )


def _copies(measured: _Set, output: Output) -> Iterator[Finding]:
    ood = [replace(each, category=UNKNOWN) for each in measured.dataset.ood]
    examples = (*measured.dataset.examples, *ood)
    names = [measured.name(each.found.path) for each in examples]
    yield from find_copies(examples, names, measured.seen, measured.thumbnails, measured.features, output=output)


def _by_split(measured: _Set, seed: int, output: Output) -> Iterator[Finding]:
    """What is only seen when a part is held out. Pictures of valid/ are in doubt like any others."""
    count = len(measured.dataset.examples)
    dataset = replace(measured.dataset, examples=tuple(replace(each, part=DATA) for each in measured.dataset.examples))
    features = measured.features[:count]
    groups = find_groups(measured.dataset, measured.thumbnails[:count], features, measured.workspace, output)
    split = make_split(dataset, groups, seed)
    targets = np.array(dataset.targets)
    yield from find_shortcuts(measured.seen[:count], targets, dataset.categories, split)
    yield from _labels(measured, features, targets, split, output)


def _labels(
    measured: _Set, features: NDArray[np.float32], targets: NDArray[np.int64], split: Split, output: Output
) -> Iterator[Finding]:
    categories = measured.dataset.categories
    probe = fit_probe(features[None], targets, split, output)
    with output.stage("Looking for wrong labels", len(split.folds)) as advance:
        found, at_first = suspects_by_probe(probe, targets, split, advance)
    by_guessing = 1 - np.bincount(targets).max() / len(targets)
    if at_first > HARDLY_BETTER * by_guessing * len(targets):
        output.note(
            "Label check skipped: the network can hardly tell these categories apart, so its doubts mean nothing."
        )
        return
    for suspect in found:
        example = measured.dataset.examples[suspect.row]
        name, other = measured.name(example.found.path), categories[suspect.other]
        target = Path(example.part) / other / example.found.relative if suspect.doubt >= SURE else None
        yield Finding("label", (name,), f"looks like {printable(other)}", suspect.doubt, (Move(name, target),))
