"""What a check can find."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["unreadable", "two categories", "label", "leak", "few", "copies", "near copies"]
# In the order in which they matter, with what a reader is told above each list.
TITLES: dict[Kind, str] = {
    "unreadable": "cannot be read, so they are left out",
    "two categories": "the same or nearly the same picture in two categories, of which one must be wrong",
    "label": "may lie in the wrong category, the likeliest first",
    "leak": "something tells categories apart that has nothing to do with what is on the pictures",
    "few": "too few pictures",
    "copies": "the same picture several times",
    "near copies": "nearly the same picture several times",
}
ERRORS: frozenset[Kind] = frozenset(("unreadable", "two categories"))


@dataclass(frozen=True, slots=True)
class Move:
    """A suggestion: the file `source` should be called `target`, both below TF_FILES; None: the user has to say."""

    source: Path
    target: Path | None


@dataclass(frozen=True, slots=True)
class Finding:
    """`pictures` (below TF_FILES) that something is wrong with; for copies, the one to keep stands first.

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
