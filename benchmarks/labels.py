"""How many labels the page needs: a script plays the person, in the page's order and in a random one.

python benchmarks/labels.py TRAIN [TEST] [--weights FILE] [--every 5] [--seeds 3] [--most 300]

TRAIN and TEST hold a folder for each category. Every game begins with two labelled pictures of each category; after
some decisions the head is fitted anew and the other pictures are put in order, as on the page. The answers are those
of the folders' names. Accuracy is that on all pictures of TRAIN without a label, and on TEST.

At last the groups of TRAIN without any label: how many pictures are right when each group gets the name of most in it.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.heads.refit import Refitted, refit
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture, training_pictures
from pigeonhole.labelling.questions.features import backbone_for, look_at
from pigeonhole.labelling.questions.groups import Grouping
from pigeonhole.labelling.questions.opinion import opinion
from pigeonhole.labelling.questions.queue import questions
from pigeonhole.labelling.questions.typical import TypicalPictures
from pigeonhole.labelling.questions.vector_table import VectorTable
from pigeonhole.output import Silent
from pigeonhole.workspace import Workspace

Order = Literal["page", "random"]
BEGUN_WITH = 2  # labels of each category
GROUPS = (2, 4, 8, 12)


@dataclass(frozen=True)
class Pictures:
    """Different pictures with their true categories [N] and features [N, D]."""

    digests: tuple[str, ...]
    truth: tuple[str, ...]
    features: NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """After so many `decisions`: the share of right answers to pictures without a label, and on TEST."""

    decisions: int
    rest: float
    test: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path, nargs="?")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--every", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--most", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        if options.weights:
            workspace.weights.mkdir()
            (workspace.weights / options.weights.name).symlink_to(options.weights.absolute())
        train = looked_at(options.train, workspace)
        test = looked_at(options.test, workspace) if options.test else None
        everything = refit(train.features, train.truth, digests=train.digests)
        print(f"{len(train.truth)} pictures, all with labels: {100 * right(everything, test or train):.1f} % right.\n")  # noqa: T201
        games: dict[Order, list[list[Point]]] = {"page": [], "random": []}
        for order, played in games.items():
            for seed in range(options.seeds):
                chosen = np.random.default_rng(seed)
                played.append(list(play(train, test, order, chosen, Path(folder), options.every, options.most)))
        show(games)
        show_groups(train)


def looked_at(folder: Path, workspace: Workspace) -> Pictures:
    pictures = list(training_pictures(folder))
    backbone = backbone_for(workspace, Silent())
    with FeatureStore.open(workspace, backbone) as store:
        found = look_at(pictures, backbone, store, Silent())
    first = {each.sha256: each for each in reversed(pictures) if each.sha256 in found}
    digests = tuple(sorted(sha256 for sha256 in first if sha256))
    return Pictures(
        digests, tuple(first[each].category or "" for each in digests), np.stack([found[each] for each in digests])
    )


def play(  # noqa: PLR0917 - one game has that many rules
    train: Pictures,
    test: Pictures | None,
    order: Order,
    chance: np.random.Generator,
    folder: Path,
    every: int,
    most: int,
) -> Iterator[Point]:
    """One game to its end."""
    table = VectorTable(folder)
    table.add(dict(zip(train.digests, train.features, strict=True)))
    truth = dict(zip(train.digests, train.truth, strict=True))
    labels = dict(_beginning(train, chance))
    begun, previous, typical = len(labels), None, TypicalPictures()
    while True:
        known = list(labels)
        previous = refit(table.of(known), list(labels.values()), previous, digests=known)
        rest = [each for each in train.digests if each not in labels]
        decisions = len(labels) - begun
        if rest:
            part = Pictures(tuple(rest), tuple(truth[each] for each in rest), table.of(rest))
            yield Point(decisions, right(previous, part), right(previous, test) if test else float("nan"))
        if decisions >= most or not rest:
            return
        if order == "random":
            asked = [rest[place] for place in chance.permutation(len(rest))]
        else:
            pictures = [Picture(Path(each), Path(), Kind.UNSORTED, sha256=each) for each in rest]
            stand = typical.of(table, rest, labels)
            found = questions(pictures, replace(opinion(previous, labels, table, rest), typical=stand))
            asked = [question.picture.sha256 or "" for question in found]
        labels.update((each, truth[each]) for each in asked[:every])


def _beginning(train: Pictures, chance: np.random.Generator) -> Iterator[tuple[str, str]]:
    truth = np.array(train.truth)
    for category in sorted(set(train.truth)):
        for row in chance.choice(np.flatnonzero(truth == category), BEGUN_WITH, replace=False):
            yield train.digests[row], category


def right(refitted: Refitted, pictures: Pictures) -> float:
    answers = np.array(refitted.categories)[refitted.probabilities(pictures.features).argmax(axis=1)]
    return float(np.mean(answers == np.array(pictures.truth)))


def show(games: dict[Order, list[list[Point]]]) -> None:
    """Means over the games, at some numbers of decisions."""
    heads = [f"{order}: {what}, %" for order in games for what in ("rest", "test")]
    print(f"| decisions | {' | '.join(heads)} |\n|---:{'|---:' * len(heads)}|")  # noqa: T201
    for place in range(min(len(game) for played in games.values() for game in played)):
        points = [[game[place] for game in played] for played in games.values()]
        means = [_mean([value(each) for each in part]) for part in points for value in (_rest, _test)]
        print(f"| {points[0][0].decisions} | {' | '.join(f'{100 * mean:.1f}' for mean in means)} |")  # noqa: T201


def _rest(point: Point) -> float:
    return point.rest


def _test(point: Point) -> float:
    return point.test


def show_groups(train: Pictures) -> None:
    grouping = Grouping(train.features)
    print("\n| groups named | right, % |\n|---:|---:|")  # noqa: T201
    for count in (*GROUPS, grouping.usual):
        groups = grouping.groups(count)
        most = sum(Counter(train.truth[row] for row in group.rows).most_common(1)[0][1] for group in groups)
        print(f"| {len(groups)} | {100 * most / len(train.truth):.1f} |")  # noqa: T201


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    main()
