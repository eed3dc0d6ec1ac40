"""For programs: one JSON object per line on standard output; sentences for people still go to the terminal."""

import json
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, Protocol, TextIO

from pigeonhole.output.protocol import Stage
from pigeonhole.output.terminal import Terminal
from pigeonhole.records import UNKNOWN, FaceSearch, Failed, Guess, Outcome, Placed, Skipped, Summary, Unreadable


class JsonLines:
    def __init__(self, stream: TextIO, terminal: Terminal) -> None:
        self._stream = stream
        self._terminal = terminal

    def note(self, sentence: str) -> None:
        self._terminal.note(sentence)

    def warn(self, sentence: str) -> None:
        self._terminal.warn(sentence)

    def stage(self, title: str, total: int | None) -> AbstractContextManager[Stage]:
        return self._terminal.stage(title, total)

    def outcome(self, outcome: Outcome) -> None:
        self.line(_kind(outcome), _fields(outcome))

    def summary(self, summary: Summary, seconds: float, device: str) -> None:
        self.line("summary", {**asdict(summary), "seconds": round(seconds, 3), "device": device})

    def line(self, outcome: str, fields: dict[str, Any]) -> None:
        # ASCII: a name that is no UTF-8 comes through as the escape that Python reads back.
        self._stream.write(json.dumps({"outcome": outcome, **fields}) + "\n")
        self._stream.flush()


class Answer(Protocol):
    """What a Guess and a row of a table of answers have in common; the fields as in Guess."""

    @property
    def ranking(self) -> tuple[tuple[str, float], ...]: ...
    @property
    def distance(self) -> float | None: ...
    @property
    def why_unknown(self) -> str: ...
    @property
    def face(self) -> FaceSearch | None: ...


def guess_fields(guess: Guess, top: int | None = None) -> dict[str, Any]:
    """As `answer_fields`."""
    return answer_fields(str(guess.path), guess, top)


def answer_fields(path: str, answer: Answer, top: int | None = None) -> dict[str, Any]:
    """The answer for `path` as JSON knows it: its label (the best category or `unknown`, and why that), the best
    category with its score, and the `top` best of the ranking (None: all), best first. Models that look at faces tell
    where this one is, null where there is none.
    """
    category, score = answer.ranking[0]
    is_unknown = bool(answer.why_unknown)
    return {
        "path": path,
        "label": UNKNOWN if is_unknown else category,
        "category": category,
        "score": score,
        "unknown": is_unknown,
        **({"why_unknown": answer.why_unknown} if is_unknown else {}),
        **({} if answer.distance is None else {"distance": answer.distance}),
        **({} if answer.face is None else {"face": face_fields(answer.face)}),
        "ranking": [{"category": category, "score": score} for category, score in answer.ranking[:top]],
    }


def face_fields(face: FaceSearch) -> dict[str, int] | None:
    """Where a face is, in pixels of the upright picture; None where there is none."""
    if face.box is None:
        return None
    left, top, right, bottom = face.box
    return {"left": left, "top": top, "width": right - left, "height": bottom - top}


def _kind(outcome: Outcome) -> str:
    if isinstance(outcome, Placed):
        return UNKNOWN if outcome.is_unknown else "sorted"
    return type(outcome).__name__.lower()


def _fields(outcome: Outcome) -> dict[str, Any]:
    match outcome:
        case Placed(guess, target, _, trouble):
            return {**guess_fields(guess), "target": str(target), **({"trouble": trouble} if trouble else {})}
        case Unreadable(path, reason, target=target):
            return {"path": str(path), "reason": reason, "target": None if target is None else str(target)}
        case Skipped(path, reason) | Failed(path, reason):
            return {"path": str(path), "reason": reason}
