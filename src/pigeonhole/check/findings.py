"""What a check can find."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["unreadable", "two categories", "label", "shortcut", "few", "duplicates", "near-duplicates"]
# In the order in which they matter, with what a reader is told above each list.
TITLES: dict[Kind, str] = {
    "unreadable": "files that cannot be read; training leaves them out",
    "two categories": "the same or nearly the same picture in two categories; one of them must be wrong",
    "label": "pictures that may be in the wrong category, most likely first",
    "shortcut": "something other than the content gives a category away",
    "few": "categories with few pictures",
    "duplicates": "the same picture several times",
    "near-duplicates": "nearly the same picture several times",
}
ERRORS: frozenset[Kind] = frozenset(("unreadable", "two categories"))


@dataclass(frozen=True, slots=True)
class Move:
    """A suggestion: the file `source` should be called `target`, both below TF_FILES; None: the user has to say."""

    source: Path
    target: Path | None


@dataclass(frozen=True, slots=True)
class Finding:
    """`pictures` (below TF_FILES) that something is wrong with; for duplicates, the one to keep stands first.

    `sentence` says what, `doubt` (0 to 1, for labels) how sure the others are that it is, `moves` what would mend it.
    """

    kind: Kind
    pictures: tuple[Path, ...]
    sentence: str
    doubt: float | None = None
    moves: tuple[Move, ...] = ()

    @property
    def is_error(self) -> bool:
        """Whether it has to be mended; the others are for a person to judge."""
        return self.kind in ERRORS

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "kind": self.kind,
            "error": self.is_error,
            "pictures": [str(path) for path in self.pictures],
            "sentence": self.sentence,
            "doubt": self.doubt,
            "moves": [[str(move.source), str(move.target) if move.target else ""] for move in self.moves],
        }
