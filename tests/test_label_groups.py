"""Groups of pictures without labels, of more than fit into the memory too."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.groups import FOLDED_MOST, MOST, Grouping, folded
from pigeonhole.labelling.questions.opinion import Opinion
from pigeonhole.labelling.questions.queue import questions
from pigeonhole.labelling.questions.typical import TypicalPictures
from pigeonhole.labelling.questions.vector_table import VectorTable


def kinds(count: int, width: int = 40) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Features of `count` pictures of four kinds, and the kind of each."""
    chance = np.random.default_rng(0)
    truth = chance.integers(4, size=count)
    return (8 * np.eye(4, width, dtype=np.float32)[truth] + chance.random((count, width), dtype=np.float32)), truth


@pytest.mark.parametrize("count", [1, 2, 300, MOST + 1500])
def test_every_picture_is_in_one_group_of_its_kind(count: int) -> None:
    features, truth = kinds(count)
    grouping = Grouping(features)
    groups = grouping.groups(4)
    assert sorted(row for group in groups for row in group.rows) == list(range(count))
    assert [len(group.rows) for group in groups] == sorted((len(group.rows) for group in groups), reverse=True)
    if count >= 300:
        assert all(len(set(truth[list(group.rows)])) == 1 for group in groups)
        finer = [set(group.rows) for group in grouping.groups(9)]
        assert all(any(small <= set(group.rows) for group in groups) for small in finer)


@pytest.mark.parametrize("count", [300, MOST + 1500])
def test_the_most_typical_of_a_group_comes_first(count: int) -> None:
    features, truth = kinds(count)
    odd = int(np.flatnonzero(truth == truth[0])[7])
    features[odd, 5:] += 3 * np.random.default_rng(1).random(features.shape[1] - 5, dtype=np.float32)
    (group,) = (group for group in Grouping(features).groups(4) if odd in group.rows)
    assert group.rows[-1] == odd


def test_many_pictures_are_never_in_memory_at_once(tmp_path: Path) -> None:
    count = FOLDED_MOST + 1
    features, _ = kinds(count)
    names = [f"{row:064x}" for row in range(count)]
    table = VectorTable(tmp_path)
    table.add(dict(zip(names, features, strict=True)))
    rows = table.rows(names)
    most = 0

    class Counted:
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
            nonlocal most
            most = max(most, len(wanted))
            return rows[wanted]

    alike = folded([*names[:-1], names[0]], np.empty((0, 32, 32), np.uint8), Counted())
    assert len(alike) == count - 1
    assert most == 0
    grouping = Grouping(Counted())
    assert most < count / 2
    expected = Grouping(features).groups(4)
    table.close()
    assert [set(group.rows) for group in grouping.groups(4)] == [set(group.rows) for group in expected]


def test_while_labels_are_few_each_kind_without_one_is_asked_about_first(tmp_path: Path) -> None:
    features, truth = kinds(200)
    names = [f"{row:064x}" for row in range(200)]
    kind_of = dict(zip(names, truth.tolist(), strict=True))
    table, typical = VectorTable(tmp_path), TypicalPictures()
    table.add(dict(zip(names, features, strict=True)))
    assert len(typical.of(table, names, {})) == 10

    labels = {name: str(kind) for name, kind in kind_of.items() if kind < 2}
    labels = {name: label for name, label in labels.items() if name in list(labels)[:6]}
    found = typical.of(table, names, labels)
    assert set(found).isdisjoint(labels)
    assert {kind_of[name] for name in found[:4]} >= {2, 3}
    pictures = [Picture(tmp_path / name, tmp_path, Kind.UNSORTED, sha256=name) for name in names]
    asked = questions(pictures, Opinion(typical=found))
    assert [question.picture.sha256 for question in asked[: len(found)]] == found
    assert typical.of(table, names, {name: str(kind_of[name]) for name in names[:16]}) == []
    table.close()
