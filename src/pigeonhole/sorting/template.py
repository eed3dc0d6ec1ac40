"""What a sorted picture is called: a template such as `{category}-{score:.5f}{ext}`, filled in for each."""

import re
import string
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath
from typing import Self

from pigeonhole import own_names
from pigeonhole.errors import UsageError
from pigeonhole.text import MAX_NAME_BYTES, printable, safe_label, score_text, shortened

DEFAULT = "{category}-{score:.5f}{ext}"
INTO_FOLDERS = "{category}/{stem}{ext}"
MAX_EXTENSION = 40  # characters; what is longer behind a dot is no extension, and would leave no room for a number
MOST_CHARACTERS = 1000
WIDTHS = re.compile(r"\d+")
WIDTHS_OF_DATES = re.compile(r"%[^a-zA-Z%]*?(\d+)")  # a year, say, may stand there as it is
FIELDS = ("category", "score", "stem", "ext", "index", "date")


class _Score(float):
    """`{score}` alone has five digits, as everywhere."""

    def __format__(self, spec: str) -> str:
        return format(float(self), spec) if spec else score_text(self)


@dataclass(frozen=True, slots=True)
class Name:
    """A name in the output before a number is added to it: `folder` is relative to the output, `ext` has its dot."""

    folder: PurePath
    stem: str
    ext: str

    @classmethod
    def of(cls, folder: PurePath, last: str, ext: str | None = None) -> Self:
        """`last` in `folder`, where it ends with `ext` (None: with what it has) and that is short enough for one."""
        ext = PurePath(last).suffix if ext is None else ext
        ext = ext if last.endswith(ext) and len(ext) <= MAX_EXTENSION else ""
        return cls(folder, last.removesuffix(ext), ext)

    def numbered(self, number: int) -> PurePath:
        """The name itself for 1, then with -2, -3, … before the extension; never longer than a name may be."""
        return self.folder / shortened(self.stem, self.ext if number == 1 else f"-{number}{self.ext}")


@dataclass(frozen=True, slots=True)
class Template:
    """A checked template. `/` in it makes sub-folders."""

    text: str = DEFAULT

    def __post_init__(self) -> None:
        """Raise UsageError where it names a field that there is not, leads out of the output, or names nothing."""
        if len(self.text) > MOST_CHARACTERS:
            raise UsageError(f"The name template has more than {MOST_CHARACTERS} characters.", "Give a shorter one.")
        try:
            parsed = list(string.Formatter().parse(self.text))
        except ValueError as error:
            raise UsageError(f"The name template {printable(self.text)!r} cannot be read: {error}.", "") from None
        for _, field, spec, conversion in parsed:
            widths = (WIDTHS_OF_DATES if field == "date" else WIDTHS).findall(spec or "")
            if any(int(digits) > MAX_NAME_BYTES for digits in widths):
                raise UsageError(
                    f"The name template {printable(self.text)!r} asks for more characters than a name may have.",
                    f"Give a width and a precision of at most {MAX_NAME_BYTES}.",
                )
            if field is not None and field not in FIELDS:
                known = " ".join(f"{{{name}}}" for name in FIELDS)
                raise UsageError(f"{{{printable(field)}}} is no field of a name template.", f"There are: {known}.")
            if conversion or (spec and "{" in spec):
                raise UsageError(
                    f"The name template {printable(self.text)!r} has a field of a form that is not known.", ""
                )
        self._check_path()

    def _check_path(self) -> None:
        try:
            filled = self._filled("category", 0.5, PurePath("stem.ext"), 1, date(2000, 1, 1))
        except (ValueError, TypeError, OverflowError, MemoryError) as error:
            raise UsageError(f"The name template {printable(self.text)!r} cannot be filled in: {error}.", "") from None
        parts = filled.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\0" in filled:
            raise UsageError(
                f"The name template {printable(self.text)!r} leaves the output folder or names nothing.",
                "Give a relative name without empty parts, '.' and '..'.",
            )

    def name(self, category: str, score: float, original: str, index: int, day: date) -> Name:
        """The name for a picture that is called `original` and was last changed on `day`."""
        path = PurePath(original)
        filled = self._filled(safe_label(category), score, path, index, day)
        *folders, last = (_safe(part) for part in filled.split("/"))
        return Name.of(PurePath(*(shortened(part, "") for part in folders)), last, path.suffix)

    def _filled(self, category: str, score: float, path: PurePath, index: int, day: date) -> str:
        values = {"category": category, "score": _Score(score), "stem": path.stem, "ext": path.suffix}
        return self.text.format_map({**values, "index": index, "date": day})


def _safe(part: str) -> str:
    """One component that means nothing special: a file may be called `..jpg`, a category `_unreadable`."""
    special = part.casefold()
    if not part.strip(". ") or special.startswith(own_names.PREFIX) or special == own_names.UNREADABLE:
        return "_" + part
    return part
