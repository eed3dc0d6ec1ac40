"""A table of answers as a test looks at it: with pyarrow alone, as any other program would. Times have nanoseconds,
which Python's own have not: they are left out.
"""

from pathlib import Path
from typing import Any

import pyarrow.dataset


def rows_in(table: Path) -> dict[str, dict[str, Any]]:
    """Every row by its path. No picture may have two."""
    read = pyarrow.dataset.dataset(table).to_table().drop_columns(["modified", "changed", "answered"])
    rows = {row["path"]: row for row in read.to_pylist()}
    assert len(rows) == read.num_rows
    return rows


def parts_of(table: Path) -> list[str]:
    return sorted(path.name for path in table.iterdir() if path.suffix == ".parquet")
