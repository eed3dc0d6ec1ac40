"""One row of the table: what is known of one picture."""

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from pigeonhole.answers.listed import Listed
from pigeonhole.records import FaceSearch, Failed, Guess, Skipped, Unreadable


class Result(StrEnum):
    """ANSWERED by the model, be it with `unknown`; UNREADABLE as a picture; FAILED to be read, this time."""

    ANSWERED = "answered"
    UNREADABLE = "unreadable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Row:
    """`listed` is the picture in the state in which its bytes were read, `sha256` their digest, None where they could
    not be. `answered_ns` is when, in nanoseconds since 1970. The rest as in Guess; `reason` says what went wrong, empty
    where it was answered.
    """

    listed: Listed
    answered_ns: int
    result: Result
    sha256: str | None = None
    ranking: tuple[tuple[str, float], ...] = ()
    distance: float | None = None
    why_unknown: str = ""
    reason: str = ""
    face: FaceSearch | None = None

    @classmethod
    def of(cls, listed: Listed, outcome: Guess | Unreadable | Failed | Skipped) -> Self:
        now = time.time_ns()
        match outcome:
            case Guess():
                read = _as_read(listed, outcome)
                return cls(
                    read,
                    now,
                    Result.ANSWERED,
                    outcome.sha256,
                    outcome.ranking,
                    outcome.distance,
                    outcome.why_unknown,
                    face=outcome.face,
                )
            case Unreadable():
                return cls(_as_read(listed, outcome), now, Result.UNREADABLE, outcome.sha256, reason=outcome.reason)
            case Failed() | Skipped():
                return cls(listed, now, Result.FAILED, reason=outcome.reason)


def _as_read(listed: Listed, outcome: Guess | Unreadable) -> Listed:
    """The state just before it was read. What is known of an object is what was listed: the file is our copy of it."""
    identity = outcome.identity
    if identity is None or listed.ctime_ns is None:
        return listed
    return Listed(listed.name, identity.size, identity.mtime_ns, identity.ctime_ns)
