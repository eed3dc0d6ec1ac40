"""Which films a user means, and what their frames are called."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pigeonhole.errors import NothingToDoError, UnreadableError, UsageError
from pigeonhole.files.find import entries_below, is_passed_over
from pigeonhole.files.overlap import refuse_overlap
from pigeonhole.files.read import regular_file
from pigeonhole.prepare.ledger import Ledger
from pigeonhole.records import Failed, Skipped
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable, shortened

SUFFIXES = frozenset(
    (
        *(".mp4", ".m4v", ".mkv", ".webm", ".mov", ".avi", ".wmv", ".flv", ".f4v", ".mpg", ".mpeg", ".m2v", ".vob"),
        *(".ts", ".m2ts", ".mts", ".ogv", ".ogm", ".3gp", ".3g2", ".divx", ".asf", ".mxf", ".rm", ".rmvb"),
    )
)
_ENDS = 1024 * 1024  # bytes at either end of a film that tell it from others


def films_in(paths: Sequence[Path], out: Path) -> list[Path]:
    """The films among `paths`, and those in the folders among them, by their suffix.

    Raises UsageError where one is not there, or `out` lies in such a folder; NothingToDoError where there is none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            refuse_overlap(path, out)
            found += sorted(_below(path))
        elif not path.exists():
            raise UsageError(f"There is no film {printable(path)}.", "Check the name.")
        else:
            found.append(path)
    if not found:
        raise NothingToDoError(f"There is no film in {', '.join(printable(path) for path in paths)}.")
    return list(dict.fromkeys(found))


def _below(folder: Path) -> Iterator[Path]:
    for entry, _ in entries_below(folder, recursive=True):
        if isinstance(entry, Failed):
            raise UsageError(f"{printable(entry.path)}: {entry.reason}.", "Check its permissions.")
        if not isinstance(entry, Skipped) and entry.is_file(follow_symlinks=False) and not is_passed_over(entry.name):
            path = Path(entry.path)
            if path.suffix.lower() in SUFFIXES:
                yield path


def fingerprint(path: Path) -> str:
    """32 hexadecimal digits of a film's length and of its beginning and end. Raises UnreadableError."""
    try:
        with regular_file(path) as (file, status):
            digest = hashlib.sha256(f"{status.st_size} ".encode() + file.read(_ENDS))
            file.seek(max(0, status.st_size - _ENDS))
            digest.update(file.read(_ENDS))
    except OSError as error:
        raise UnreadableError(f"it cannot be read: {error.strerror}") from None
    return digest.hexdigest()[:32]


def prefix_of(path: Path, mark: str, ledger: Ledger) -> str:
    """What the frames of the film at `path`, with the fingerprint `mark`, are called in this folder, now and later.

    Two films of one name get two prefixes; a film that was moved, or has grown, keeps its own.
    """
    place = str(path.absolute())
    taken = set()
    for key, detail in ledger.jobs("film "):
        known = json.loads(detail)
        if key == f"film {mark}" or known["path"] == place:
            return str(known["prefix"])
        taken.add(known["prefix"].casefold())
    stem = f"_{path.stem}" if is_passed_over(f"{path.stem}.jpg") else path.stem
    number, prefix = 1, stem
    while prefix.casefold() in taken:
        number += 1
        prefix = f"{stem}-{number}"
    ledger.job(f"film {mark}", json.dumps({"prefix": prefix, "path": place}))
    return prefix


def frame_name(prefix: str, time: float) -> Name:
    """`<prefix>-00h12m34.560s.jpg` for a `time` in seconds; a long prefix is shortened, the time never."""
    return Name.of(Path(), shortened(prefix, f"-{clock(time)}.jpg"))


def clock(time: float) -> str:
    """Seconds as 00h12m34.560s."""
    thousandths = round(time * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}h{minutes % 60:02}m{rest / 1000:06.3f}s"
