"""What the files of the journal, the page and the preparing commands rest on: a change is whole or not there."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from pigeonhole.transaction import transaction


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(tmp_path / "file.sqlite", isolation_level=None)
    made.execute("CREATE TABLE number (value INTEGER PRIMARY KEY)")
    yield made
    made.close()


def numbers(tmp_path: Path) -> list[int]:
    """What another process would find."""
    with sqlite3.connect(tmp_path / "file.sqlite") as other:
        return [value for (value,) in other.execute("SELECT value FROM number")]


def test_a_change_that_ends_is_there_as_a_whole(connection: sqlite3.Connection, tmp_path: Path) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO number VALUES (1)")
        assert numbers(tmp_path) == []
        connection.execute("INSERT INTO number VALUES (2)")
    assert numbers(tmp_path) == [1, 2]


def broken_off(connection: sqlite3.Connection, reason: type[BaseException]) -> None:
    with transaction(connection):
        connection.execute("INSERT INTO number VALUES (1)")
        raise reason


@pytest.mark.parametrize("reason", [KeyboardInterrupt, ValueError, sqlite3.IntegrityError])
def test_a_change_that_is_broken_off_leaves_nothing(
    connection: sqlite3.Connection, tmp_path: Path, reason: type[BaseException]
) -> None:
    with pytest.raises(reason):
        broken_off(connection, reason)
    assert numbers(tmp_path) == []
    with transaction(connection):  # and the next one can begin
        connection.execute("INSERT INTO number VALUES (3)")
    assert numbers(tmp_path) == [3]
