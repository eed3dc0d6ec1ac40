"""A change of an SQLite file that is made whole or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """What is written inside is committed at its end, and rolled back where anything, even Ctrl-C, ends it early.

    `connection` is in autocommit mode (isolation_level None). Raises sqlite3's own errors.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
