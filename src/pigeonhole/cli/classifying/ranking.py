"""The lines of a guess for people."""

from collections.abc import Iterator

from pigeonhole.records import UNKNOWN, Guess
from pigeonhole.text import printable, score_text


def ranking_lines(guess: Guess, top: int | None) -> Iterator[str]:
    """`unknown` first where that is the answer, then the `top` best categories (None: all), best first."""
    if guess.is_unknown:
        yield f"{UNKNOWN} (score = {score_text(guess.score)})"
    for category, score in guess.ranking[:top]:
        yield f"{printable(category).replace('_', ' ')} (score = {score_text(score)})"
