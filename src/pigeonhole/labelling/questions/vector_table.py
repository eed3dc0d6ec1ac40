"""Many feature vectors, in a file without a name, so that the memory stays that of a few."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BLOCK = 2048  # rows at a time
ROOM = 1024  # rows at first


class VectorTable:
    """float32 [D] by digest. One thread writes; others may read what was there when they asked."""

    def __init__(self, folder: Path) -> None:
        """The file is made in `folder`, and is gone when the process ends, however it ends."""
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open for as long as the table is
        self._row_of: dict[str, int] = {}
        self._rows: NDArray[np.float32] = np.empty((0, 0), dtype=np.float32)

    def close(self) -> None:
        """Let go of the file; what was read of it stays."""
        self._file.close()

    def __contains__(self, sha256: str) -> bool:
        return sha256 in self._row_of

    def __len__(self) -> int:
        return len(self._row_of)

    def add(self, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        new = [(sha256, vector) for sha256, vector in vectors.items() if sha256 not in self._row_of]
        if not new:
            return
        self._make_room(len(self._row_of) + len(new), len(new[0][1]))
        for sha256, vector in new:
            row = len(self._row_of)
            self._rows[row] = vector
            self._row_of[sha256] = row

    def of(self, digests: Sequence[str]) -> NDArray[np.float32]:
        """The vectors [N, D] of `digests`, which are all there."""
        return np.asarray(self._rows[[self._row_of[sha256] for sha256 in digests]])

    def blocks(self, digests: Sequence[str]) -> Iterator[tuple[Sequence[str], NDArray[np.float32]]]:
        """The same, a part of them at a time in memory."""
        for start in range(0, len(digests), BLOCK):
            part = digests[start : start + BLOCK]
            yield part, self.of(part)

    def rows(self, digests: Sequence[str]) -> "TableRows":
        """The same without any of them in memory."""
        return TableRows(self, digests)

    def _make_room(self, rows: int, width: int) -> None:
        if rows <= len(self._rows):
            return
        room = max(ROOM, 2 * len(self._rows), rows)
        self._file.truncate(room * width * 4)
        self._rows = np.memmap(self._file, dtype=np.float32, mode="r+", shape=(room, width))


class TableRows:
    """The vectors of some digests, read as they are asked for by their places."""

    def __init__(self, table: VectorTable, digests: Sequence[str]) -> None:
        self._table = table
        self._digests = digests

    def __len__(self) -> int:
        return len(self._digests)

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return self._table.of([self._digests[row] for row in rows.tolist()])
