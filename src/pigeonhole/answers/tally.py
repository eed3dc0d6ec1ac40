"""How many pictures met which result: two counts that must agree."""

from dataclasses import dataclass

from pigeonhole.answers.row import Result, Row


@dataclass(slots=True)
class Tally:
    """`seen` counts files where they lie; `already` has a row that still holds, `skipped` is no picture."""

    seen: int = 0
    answered: int = 0
    unknown: int = 0
    unreadable: int = 0
    already: int = 0
    skipped: int = 0
    failed: int = 0

    def count(self, row: Row) -> None:
        match row.result:
            case Result.ANSWERED if row.why_unknown:
                self.unknown += 1
            case Result.ANSWERED:
                self.answered += 1
            case Result.UNREADABLE:
                self.unreadable += 1
            case Result.FAILED:
                self.failed += 1

    @property
    def missing(self) -> int:
        """How many files were seen and came to no result; 0 unless something went wrong."""
        return self.seen - self.done - self.already - self.skipped

    @property
    def is_good(self) -> bool:
        return not (self.unreadable or self.failed or self.missing)

    @property
    def done(self) -> int:
        return self.answered + self.unknown + self.unreadable + self.failed

    def sentence(self, seconds: float, device: str) -> str:
        rate = f", {self.done / seconds:.0f} pictures/s" if self.done and seconds > 0 else ""
        return (
            f"{self.seen} seen = {self.answered} answered + {self.unknown} unknown + {self.unreadable} unreadable"
            f" + {self.already} answered before + {self.skipped} skipped + {self.failed} failed"
            f" ({seconds:.1f} s{rate} on {device})"
        )
