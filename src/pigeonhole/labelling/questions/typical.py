"""Which pictures are asked about first while there are few labels: those that stand for many alike ones.

Hacohen, Dekel and Weinshall 2022, "Active learning on a budget: opposite strategies suit high and low budgets", with
Ward's groups: what is least certain tells little as long as the head knows two pictures of each category.
"""

from collections.abc import Iterable, Mapping

from pigeonhole.labelling.questions.groups import MOST, Grouping
from pigeonhole.labelling.questions.vector_table import VectorTable

FEW = 4  # labels of each category, on average, up to which it is so
LEAST = 5  # pictures of a group that one can stand for
AHEAD = 10  # pictures that are found at once


class TypicalPictures:
    """Of up to MOST pictures, the same ones from call to call as long as there are no others."""

    def __init__(self) -> None:
        self._digests: list[str] = []
        self._grouping: Grouping | None = None

    def of(self, table: VectorTable, digests: Iterable[str], labels: Mapping[str, str]) -> list[str]:
        """Up to AHEAD of `digests`, all in `table`: the most typical of each group of at least LEAST of which no
        picture has one of the `labels`, the largest group's first; none where there are enough labels.
        """
        if len(labels) >= FEW * max(2, len(set(labels.values()))):
            return []
        chosen = sorted({*sorted(digests)[:MOST], *labels})
        if not chosen:
            return []
        if self._grouping is None or chosen != self._digests:
            self._digests, self._grouping = chosen, Grouping(table.rows(chosen))
        groups = self._grouping.groups(min(len(labels) + AHEAD, len(chosen)))
        members = [[self._digests[row] for row in group.rows] for group in groups if len(group.rows) >= LEAST]
        return [alike[0] for alike in members if not any(each in labels for each in alike)][:AHEAD]
