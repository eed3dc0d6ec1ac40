"""Pictures that a person should look at first, and why."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from pigeonhole.dataset.near_duplicates import have_structure
from pigeonhole.look.measure import Measured
from pigeonhole.text import printable

ENOUGH = 10  # pictures of a category, to say what is usual in it
FAR = 5.0  # times the usual distance from the median (median absolute deviation), from which a picture is unusual
SMALL = 48  # pixels of the shorter edge, below which there is little to learn from
TWO_CATEGORIES, EMPTY, TINY, UNUSUAL = 4.0, 3.0, 2.0, 1.0  # what matters more comes first


class Suspicion(NamedTuple):
    """The picture in `row` and what is strange about it, in `words`; the larger `weight`, the sooner it is shown."""

    row: int
    words: str
    weight: float


class _Property(NamedTuple):
    value: Callable[[Measured], float]
    less: str
    more: str
    least_spread: float  # what differs by less is no difference that anybody sees


PROPERTIES = (
    _Property(lambda each: each.brightness, "much darker than the others", "much brighter than the others", 0.03),
    _Property(lambda each: each.contrast, "much paler than the others", "much more contrast than the others", 0.02),
    _Property(lambda each: each.saturation, "hardly any colour", "much more colourful than the others", 0.04),
    _Property(lambda each: float(np.log(each.width * each.height)), "much smaller", "much larger", 0.3),
    _Property(lambda each: float(np.log(each.width / each.height)), "much taller", "much wider", 0.1),
)


def suspicions(pictures: Sequence[Measured], groups: Sequence[int]) -> list[Suspicion]:
    """At most one for each of `pictures`, the gravest first. `groups` says which are the same picture, or nearly."""
    if not pictures:
        return []
    gravest: dict[int, Suspicion] = {}
    for found in (*_in_two_categories(pictures, groups), *_little_to_see(pictures), *_unusual(pictures)):
        if found.row not in gravest or gravest[found.row].weight < found.weight:
            gravest[found.row] = found
    return sorted(gravest.values(), key=lambda each: (-each.weight, each.row))


def _in_two_categories(pictures: Sequence[Measured], groups: Sequence[int]) -> Iterator[Suspicion]:
    members: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups):
        members[group].append(row)
    for rows in members.values():
        for row in rows:
            own = pictures[row].example.category
            others = sorted({pictures[other].example.category for other in rows} - {own})
            if others:
                yield Suspicion(row, f"also in {' and '.join(map(printable, others))}", TWO_CATEGORIES)


def _little_to_see(pictures: Sequence[Measured]) -> Iterator[Suspicion]:
    for row, is_something in enumerate(have_structure(np.stack([each.thumbnail for each in pictures])).tolist()):
        if not is_something:
            yield Suspicion(row, "nothing to see: one colour", EMPTY)
        if min(pictures[row].width, pictures[row].height) < SMALL:
            yield Suspicion(row, f"only {pictures[row].width} × {pictures[row].height} pixels", TINY)


def _unusual(pictures: Sequence[Measured]) -> Iterator[Suspicion]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, each in enumerate(pictures):
        rows_of[each.example.category].append(row)
    for rows in rows_of.values():
        if len(rows) < ENOUGH:
            continue
        for kind in PROPERTIES:
            values = np.array([kind.value(pictures[row]) for row in rows])
            away = values - np.median(values)
            distance = np.abs(away) / max(float(np.median(np.abs(away))), kind.least_spread)
            for place in np.flatnonzero(distance > FAR).tolist():
                words = kind.more if away[place] > 0 else kind.less
                yield Suspicion(rows[place], words, UNUSUAL - 1 / float(distance[place]))
