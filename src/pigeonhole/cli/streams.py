"""Standard output and error that may be full, closed or gone: what cannot be printed is dropped, the work goes on."""

import io
import os
import select
import sys
from contextlib import suppress
from typing import TextIO

from pigeonhole.text import printable


class NobodyReadsError(Exception):
    """The program that read our output has ended: `pigeonhole guess … | head -n 1`."""


class _Lossy(io.FileIO):
    """Writes to `descriptor` what can be written there. `is_closed`: it was closed before we began."""

    def __init__(self, descriptor: int, *, is_closed: bool) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.lost = ""  # why something was
        self.stops_at_closed_pipe = False
        self._is_closed = is_closed
        self._has_stopped = False

    def write(self, data: "bytes | bytearray | memoryview", /) -> int:  # type: ignore[override]
        if self._is_closed:
            self.lost = "it is closed"
            return len(data)
        try:
            written = super().write(data)
        except OSError as error:
            if not isinstance(error, BrokenPipeError) or not self.stops_at_closed_pipe:
                self.lost = error.strerror or str(error)
            elif not self._has_stopped:
                self._has_stopped = True
                raise NobodyReadsError from None
            return len(data)
        if written is None:  # another program has told the pipe not to wait, and it is full
            select.select([], [self.fileno()], [])
            return self.write(data)
        return written


class Streams:
    """In the place of sys.stdout and sys.stderr from creation on."""

    def __init__(self) -> None:
        # A descriptor that is closed would be given to the next file that is opened, and that file would be written to.
        closed = [number for number in (0, 1, 2) if not _is_open(number)]
        for _ in closed:
            os.open(os.devnull, os.O_RDWR)
        self._files = [_Lossy(number, is_closed=number in closed) for number in (1, 2)]
        sys.stdout = _text(self._files[0], sys.stdout, "strict", is_line=os.isatty(1))
        sys.stderr = _text(self._files[1], sys.stderr, "backslashreplace", is_line=True)

    def stop_at_closed_pipe(self) -> None:
        """For a command that does nothing but print: nobody reads it any more."""
        for file in self._files:
            file.stops_at_closed_pipe = True

    @property
    def lost(self) -> str:
        """Why something could not be printed; empty where everything was."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(NobodyReadsError):
                stream.flush()
        return next((file.lost for file in self._files if file.lost), "")


def sentence_of(error: OSError) -> str:
    """What a user is told of an error that no room has expected."""
    what = printable(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else "A file or a disk"
    return f"{what} cannot be read or written: {error.strerror}. Check its permissions and its disk."


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _text(file: _Lossy, before: TextIO | None, errors: str, *, is_line: bool) -> TextIO:
    encoding = before.encoding if before else "utf-8"
    errors = (before.errors if before else None) or errors
    buffered = io.BufferedWriter(file)  # type: ignore[type-var]  # FileIO is what it is made for
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=is_line)
