"""Rows as Arrow has them, and as Parquet keeps them. The columns are the interface: docs/answers.md explains them."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from pigeonhole.answers.listed import Listed
from pigeonhole.answers.row import Result, Row
from pigeonhole.errors import DataError
from pigeonhole.records import FaceSearch
from pigeonhole.text import printable

FORM = 1
KEY = b"pigeonhole"  # of the metadata that are ours
LARGEST = 2**63 - 1  # a column of times ends in the year 2262; some file systems go on
TIME = pa.timestamp("ns", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("path_bytes", pa.binary()),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("modified", TIME, nullable=False),
        pa.field("changed", TIME),
        pa.field("sha256", pa.string()),
        pa.field("result", pa.string(), nullable=False),
        pa.field("category", pa.string()),
        pa.field("score", pa.float32()),
        pa.field("ranking", pa.list_(pa.struct([("category", pa.string()), ("score", pa.float32())]))),
        pa.field("unknown", pa.bool_()),
        pa.field("why_unknown", pa.string()),
        pa.field("distance", pa.float32()),
        pa.field("face", pa.list_(pa.int32())),
        pa.field("reason", pa.string()),
        pa.field("answered", TIME, nullable=False),
    ]
)
STATE = ["path", "path_bytes", "size", "modified", "changed", "sha256", "result", "answered"]


@dataclass(frozen=True, slots=True)
class About:
    """What all rows of a table have in common, in the metadata of each of its files.

    `model` is the SHA-256 of the model file, `version` that of pigeonhole, `source` where the pictures lie;
    `unknown` and `tta` as in InferenceOptions.
    """

    model: str
    labels: tuple[str, ...]
    unknown: bool
    tta: bool
    source: str
    version: str
    form: int = FORM

    @classmethod
    def of(cls, schema: pa.Schema, name: str) -> Self:
        """Raises DataError where the file `name` is not one of ours."""
        try:
            values: dict[str, Any] = json.loads((schema.metadata or {})[KEY])
            if values["form"] != FORM:
                raise DataError(f"{printable(name)} is of form {values['form']}, and this version reads {FORM}.", "")
            about = cls(**{**values, "labels": tuple(values["labels"])})
        except (KeyError, TypeError, ValueError):
            raise DataError(f"{printable(name)} is a Parquet file, but not one of pigeonhole's answers.", "") from None
        return about


def to_table(rows: Sequence[Row], about: About) -> pa.Table:
    names = [_text(row.listed.name) for row in rows]
    answered = [row.result is Result.ANSWERED for row in rows]
    columns = {
        "path": names,
        "path_bytes": [
            os.fsencode(row.listed.name) if name != row.listed.name else None
            for row, name in zip(rows, names, strict=True)
        ],
        "size": [row.listed.size for row in rows],
        "modified": [_bounded(row.listed.mtime_ns) for row in rows],
        "changed": [None if row.listed.ctime_ns is None else _bounded(row.listed.ctime_ns) for row in rows],
        "sha256": [row.sha256 for row in rows],
        "result": [row.result.value for row in rows],
        "category": [_text(row.ranking[0][0]) if row.ranking else None for row in rows],
        "score": [row.ranking[0][1] if row.ranking else None for row in rows],
        "ranking": _rankings(rows),
        "unknown": [
            bool(row.why_unknown) if is_answer else None for row, is_answer in zip(rows, answered, strict=True)
        ],
        "why_unknown": [row.why_unknown or None for row in rows],
        "distance": [row.distance for row in rows],
        "face": [None if row.face is None else list(row.face.box or ()) for row in rows],
        "reason": [_text(row.reason) or None for row in rows],
        "answered": [row.answered_ns for row in rows],
    }
    schema = SCHEMA.with_metadata({KEY: json.dumps(asdict(about)).encode()})
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _rankings(rows: Sequence[Row]) -> pa.Array:
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row.ranking))
    pairs = [pair for row in rows for pair in row.ranking]
    texts = {label: _text(label) for label, _ in pairs}
    categories = pa.array([texts[label] for label, _ in pairs], pa.string())
    scores = pa.array([score for _, score in pairs], pa.float32())
    structs = pa.StructArray.from_arrays([categories, scores], ["category", "score"])
    offsets = [end if row.ranking else None for row, end in zip(rows, ends, strict=False)]
    return pa.ListArray.from_arrays(pa.array([*offsets, ends[-1]], pa.int32()), structs)


def rows_of(table: pa.Table, about: About) -> Iterator[Row]:
    labels = {_text(label): label for label in about.labels}
    for values in table.cast(_in_numbers(table.schema)).to_pylist():
        ranking = tuple(
            (labels.get(each["category"], each["category"]), each["score"]) for each in values["ranking"] or ()
        )
        yield Row(
            listed_of(values), values["answered"], Result(values["result"]), values["sha256"], ranking,
            values["distance"], values["why_unknown"] or "", values["reason"] or "", _face(values["face"]),
        )  # fmt: skip


def _face(box: list[int] | None) -> FaceSearch | None:
    if box is None:
        return None
    return FaceSearch((box[0], box[1], box[2], box[3]) if box else None)


def states_of(table: pa.Table) -> Iterator[tuple[Listed, int, str | None, Result]]:
    """Of a table with the columns STATE, for each row: the picture, when it was answered, its digest, its result."""
    for values in table.cast(_in_numbers(table.schema)).to_pylist():
        yield listed_of(values), values["answered"], values["sha256"], Result(values["result"])


def listed_of(values: dict[str, Any]) -> Listed:
    name = values["path"] if values["path_bytes"] is None else os.fsdecode(values["path_bytes"])
    return Listed(name, values["size"], values["modified"], values["changed"])


def without(table: pa.Table, names: set[str]) -> pa.Table:
    """The rows of other pictures than `names`."""
    listed = table.select(["path", "path_bytes"]).to_pylist()
    kept = [
        (each["path"] if each["path_bytes"] is None else os.fsdecode(each["path_bytes"])) not in names
        for each in listed
    ]
    return table.filter(pa.array(kept, pa.bool_()))


def to_parquet(table: pa.Table) -> bytes:
    sink = BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def from_parquet(data: bytes, name: str, columns: list[str] | None = None) -> tuple[pa.Table, About]:
    """Raises DataError where `data`, which stands in the file `name`, is no part of a table of ours."""
    cure = "Write the table anew, into another folder."
    try:
        file = pq.ParquetFile(BytesIO(data))
        about = About.of(file.schema_arrow, name)
        missing = set(columns or SCHEMA.names) - set(file.schema_arrow.names)
        if missing:
            raise DataError(f"{printable(name)} lacks the column {min(missing)}.", cure)
        return file.read(columns), about
    except (pa.ArrowException, OSError):
        raise DataError(f"{printable(name)} is damaged, or no Parquet file.", cure) from None


def _in_numbers(schema: pa.Schema) -> pa.Schema:
    """Times as numbers: Python's own have no nanoseconds."""
    return pa.schema([pa.field(each.name, pa.int64() if each.type == TIME else each.type) for each in schema])


def _bounded(nanoseconds: int) -> int:
    return max(-LARGEST, min(nanoseconds, LARGEST))


def _text(name: str) -> str:
    """`name` as text that every program can read; where that is another one, its bytes stand beside it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
