"""A table of answers as a test looks at it: with pyarrow alone, as any other program would. Times have nanoseconds,
which Python's own have not: they are left out.
"""

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow.dataset
import pyarrow.parquet

from stores import BUCKET


def rows_in(table: Path) -> dict[str, dict[str, Any]]:
    """Every row by its path. No picture may have two."""
    return _by_path(pyarrow.dataset.dataset(table).to_table())


def rows_in_store(client: Any, folder: str) -> dict[str, dict[str, Any]]:
    """The same of a table in the bucket of `stores.s3_server`, which gave the `client`."""
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{folder}/")
    keys = [each["Key"] for page in pages for each in page.get("Contents", []) if each["Size"]]
    files = [BytesIO(client.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys]
    return _by_path(pyarrow.concat_tables(map(pyarrow.parquet.read_table, files)))


def _by_path(table: pyarrow.Table) -> dict[str, dict[str, Any]]:
    rows = table.drop_columns(["modified", "changed", "answered"]).to_pylist()
    by_path = {row["path"]: row for row in rows}
    assert len(by_path) == len(rows)
    return by_path


def parts_of(table: Path) -> list[str]:
    return sorted(path.name for path in table.iterdir() if path.suffix == ".parquet") if table.is_dir() else []
