"""Pictures that a browser sent: in a folder of ours, a bounded number of them, gone when the page ends."""

import secrets
import shutil
import threading
from collections import OrderedDict
from pathlib import Path, PurePosixPath, PureWindowsPath

from starlette.requests import Request

from pigeonhole.errors import UsageError, not_written
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture
from pigeonhole.text import printable, safe_label, shortened

MOST_BYTES = 100 * 1024**2  # of one picture
MOST_PICTURES = 100
MEBIBYTE = 1024**2


class TooLargeError(UsageError):
    """A picture that is refused before it has arrived."""

    def __init__(self) -> None:
        super().__init__(f"A picture may have at most {MOST_BYTES // MEBIBYTE} MiB.", "Choose a smaller one.")


class Uploads:
    def __init__(self, folder: Path) -> None:
        """`folder` is ours alone; what an earlier page left there goes away. Raises OutputError."""
        self._folder = folder
        self._pictures: OrderedDict[str, Picture] = OrderedDict()
        self._lock = threading.Lock()
        try:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        except OSError as error:
            raise not_written(f"{printable(folder)}", error, "made") from None

    def close(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def get(self, identifier: str) -> Picture | None:
        with self._lock:
            return self._pictures.get(identifier)

    async def receive(self, request: Request, name: str) -> Picture:
        """Write the body of `request` to a file. Raises TooLargeError before the first byte where its length is known,
        OutputError where there is no room.
        """
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            raise TooLargeError
        identifier = secrets.token_hex(12)
        folder = self._folder / identifier
        try:
            folder.mkdir()
            path = folder / _safe_name(name)
            await _written(request, path)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise not_written("The picture", error, "kept here") from None
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self._remember(Picture(path, folder, Kind.UPLOADED, identifier=identifier))

    def keep(self, picture: Picture, drawing: str, png: bytes) -> None:
        """Remember the PNG of a `drawing` about `picture`, such as the frames around its faces."""
        try:
            _drawn(picture, drawing).write_bytes(png)
        except OSError as error:
            raise not_written("The picture", error, "kept here") from None

    def kept(self, picture: Picture, drawing: str) -> bytes:
        """What was remembered of it. Raises UsageError where nothing was."""
        try:
            return _drawn(picture, drawing).read_bytes()
        except OSError:
            raise UsageError("Nobody has asked for this drawing yet.", "Choose the picture again.") from None

    def _remember(self, picture: Picture) -> Picture:
        with self._lock:
            self._pictures[picture.identifier] = picture
            while len(self._pictures) > MOST_PICTURES:
                oldest, _ = self._pictures.popitem(last=False)
                shutil.rmtree(self._folder / oldest, ignore_errors=True)
        return picture


def _drawn(picture: Picture, drawing: str) -> Path:
    """Beside the upload, whose own name never begins with a dot."""
    return picture.root / f".{drawing}.png"


async def _written(request: Request, path: Path) -> None:
    size = 0
    with path.open("xb") as file:
        async for block in request.stream():
            size += len(block)
            if size > MOST_BYTES:
                raise TooLargeError
            file.write(block)


def _safe_name(name: str) -> str:
    """The last part of what a browser says the file is called, as a name that means nothing special."""
    last = safe_label(PureWindowsPath(PurePosixPath(name).name).name)
    last = last if last.strip(". ") and not last.startswith(".") else f"_{last}"
    suffix = PurePosixPath(last).suffix
    return shortened(last.removesuffix(suffix), suffix)
