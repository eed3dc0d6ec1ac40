"""The table as a whole: Parquet files that each appear complete, and at most one row for every picture.

A row that no longer holds is taken out before its picture is answered again. A run that is killed in between leaves a
picture without a row, which the next run answers; never one with two.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from pigeonhole.answers.index import Index, Indexed
from pigeonhole.answers.listed import Listed, Source, Store
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.table import STATE, About, from_parquet, states_of, to_parquet, to_table, without
from pigeonhole.errors import DataError, OutputError, UnreadableError, UsageError
from pigeonhole.files.remove import TICK_NS
from pigeonhole.text import printable

ROWS = 5000  # of one file: some megabytes, and half a minute of a processor's work


def write_part(store: Store, name: str, rows: Sequence[Row], about: About) -> None:
    """Publish `rows` as the file `name`. Raises OutputError where it cannot be written."""
    _write(store, name, to_table(rows, about))


def part_name(run: str, number: int) -> str:
    """Files of later runs come later in the order of names."""
    return f"answers-{run}-{number:06}.parquet"


class Parts:
    """The table in `store`, to be continued with rows that are `about` the same.

    Raises UsageError where it is about something else, DataError where a file of it is damaged.
    """

    def __init__(self, store: Store, about: About) -> None:
        self.store = store
        self.about = about
        self.run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
        self._index = Index()
        self._names = part_names(store)
        total = 0
        for number, name in enumerate(self._names):
            table, its = read_part(store, name, STATE)
            _refuse_other(its, about, store)
            total += self._index.add(number, states_of(table))
        if total > len(self._index):
            self._remove_twins()

    def __len__(self) -> int:
        """How many pictures had a row when it was opened, and have it still."""
        return len(self._index)

    def row_of(self, listed: Listed) -> Indexed | None:
        """The row of a picture of this name, be it about this one or an earlier state."""
        return self._index.find(listed.name)

    def take_out(self, names: Iterable[str]) -> None:
        """The rows of these pictures no longer hold."""
        by_part: defaultdict[int, set[str]] = defaultdict(set)
        for name in names:
            if indexed := self._index.find(name):
                by_part[indexed.part].add(name)
        for part, its in by_part.items():
            self._rewrite(part, its)
            self._index.remove(its)

    def _remove_twins(self) -> None:
        """Two runs into one store at a time may both have answered a picture: the later row stays."""
        for number, name in enumerate(self._names):
            table, _ = read_part(self.store, name, STATE)
            names = [listed.name for listed, *_ in states_of(table)]
            twins = {each for each in names if (found := self._index.find(each)) and found.part != number}
            if twins:
                self._rewrite(number, twins)

    def _rewrite(self, part: int, names: set[str]) -> None:
        name = self._names[part]
        table, _ = read_part(self.store, name)
        rest = without(table, names)
        if rest.num_rows:
            _write(self.store, name, rest)
        else:
            _remove(self.store, name)


def still_holds(source: Source, listed: Listed, indexed: Indexed) -> bool:
    """Whether the row is about the picture as it is now, and would not come out otherwise today.

    Its state tells where it can; where something about it is another, or the last edit was too close to the answer,
    the content does.
    """
    if indexed.result is Result.FAILED or indexed.listed.size != listed.size:
        return False
    is_settled = max(listed.mtime_ns, listed.ctime_ns or 0) < indexed.answered_ns - TICK_NS
    if indexed.listed == listed and is_settled:
        return True
    try:
        return indexed.sha256 is not None and source.digest(listed.name) == indexed.sha256
    except OSError:
        return False


def _refuse_other(its: About, about: About, store: Store) -> None:
    where = printable(store.address)
    another = "Choose another place for this table, or remove that one."
    if its.source != about.source:
        raise UsageError(f"{where} holds the answers about {printable(its.source)}.", another)
    if its.model != about.model:
        raise UsageError(f"{where} holds the answers of another model ({its.model[:12]}).", another)
    if (its.unknown, its.tta) != (about.unknown, about.tta):
        raise UsageError(f"{where} holds answers that were made with other options.", f"{another} The options are"
                         " --tta and --no-unknown.")  # fmt: skip


def part_names(store: Store) -> list[str]:
    """The files of the table, the oldest first. Raises UsageError where nobody can tell."""
    try:
        return store.names()
    except OSError as error:
        raise UsageError(f"{printable(store.address)} cannot be looked at: {_reason(error)}", "") from None


def read_part(store: Store, name: str, columns: list[str] | None = None) -> tuple[pa.Table, About]:
    """One file of the table, or these `columns` of it. Raises OutputError where it cannot be read, DataError where it
    is damaged or none of ours.
    """
    try:
        data = store.read(name)
    except OSError as error:
        raise OutputError(f"{printable(store.address)}/{name} cannot be read: {_reason(error)}", "") from None
    except UnreadableError as error:
        raise DataError(f"{printable(store.address)}/{name} cannot be read: {error}.", "Take it away.") from None
    return from_parquet(data, f"{store.address}/{name}", columns)


def _write(store: Store, name: str, table: pa.Table) -> None:
    try:
        store.write(name, to_parquet(table))
    except OSError as error:
        raise OutputError(f"{printable(store.address)} cannot be written: {_reason(error)}") from None


def _remove(store: Store, name: str) -> None:
    try:
        store.remove(name)
    except OSError as error:
        raise OutputError(f"{printable(store.address)}/{name} cannot be removed: {_reason(error)}") from None


def _reason(error: OSError) -> str:
    from pigeonhole.answers.bucket import said

    return f"{error.strerror}." if error.strerror else said(error)
