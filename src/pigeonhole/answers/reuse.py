"""Answers out of a table, for whoever sorts by it: a row counts for a file that still has the digest it was made of."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator

from pigeonhole.answers.index import Index
from pigeonhole.answers.listed import Store
from pigeonhole.answers.parts import part_names, read_part
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.table import STATE, About, rows_of, states_of
from pigeonhole.errors import DataError
from pigeonhole.files.source import SourceError, open_unchanged
from pigeonhole.records import Failed, Found, Guess, Skipped, Unreadable
from pigeonhole.text import printable

OPEN = 4  # files of rows in memory: a folder is listed in nearly the same order as it was answered
NO_ROW = "there is no answer for it in the table. Run answers again"
OTHER_CONTENT = "it has other content than what was answered. Run answers again"


class AnswerTable:
    """The rows of the table in `store`, found by the name of the picture.

    Raises DataError where a file of it is damaged, or is about another model or folder than the others.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names = part_names(store)
        self._index = Index()
        self._rows: OrderedDict[int, list[Row]] = OrderedDict()
        self.about: About | None = None
        for number, name in enumerate(self._names):
            table, about = read_part(store, name, STATE)
            if self.about and (about.model, about.source) != (self.about.model, self.about.source):
                raise DataError(
                    f"{printable(store.address)} holds answers of several models or about several folders.", ""
                )
            self.about = about
            self._index.add(number, states_of(table))

    def row(self, name: str) -> Row | None:
        indexed = self._index.find(name)
        if indexed is None:
            return None
        if indexed.part not in self._rows:
            table, about = read_part(self._store, self._names[indexed.part])
            self._rows[indexed.part] = list(rows_of(table, about))
            if len(self._rows) > OPEN:
                self._rows.popitem(last=False)
        self._rows.move_to_end(indexed.part)
        return self._rows[indexed.part][indexed.number]

    def answers(self, found: Iterable[Found | Skipped | Failed]) -> Iterator[Guess | Unreadable | Skipped | Failed]:
        """What the table says of every file, in their order; Failed where it says nothing that holds."""
        for item in found:
            if not isinstance(item, Found):
                yield item
            elif row := self.row(str(item.relative)):
                yield verified(item, row)
            else:
                yield Failed(item.path, NO_ROW)


def verified(found: Found, row: Row) -> Guess | Unreadable | Failed:
    """The answer of `row` for the file `found`, whose content is read and compared with what was answered."""
    path = found.path
    if row.result is Result.FAILED:
        return Failed(path, row.reason)
    try:
        with open_unchanged(path) as file:
            identity, sha256 = file.identity, file.digest()
    except SourceError as error:
        return Failed(path, error.reason, error.transient)
    if sha256 != row.sha256:
        return Failed(path, OTHER_CONTENT)
    if row.result is Result.UNREADABLE:
        return Unreadable(path, row.reason, identity, sha256)
    return Guess(path, row.ranking, sha256, identity, row.distance, row.why_unknown, face=row.face)
