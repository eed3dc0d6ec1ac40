"""Where what is collected goes: a file beside the page, complete only when everything is in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pigeonhole.evaluation.running import Evaluation
from pigeonhole.report.collected import Collected

PICTURES = "pictures.jsonl"


@contextmanager
def collecting(folder: Path | None, labels: tuple[str, ...]) -> Iterator[Collected]:
    """What is collected inside, and its lines in `folder`/pictures.jsonl; None: nowhere. Raises OSError.

    Where it does not come to its end, nothing new is left in `folder`.
    """
    if folder is None:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            yield Collected(Evaluation(labels), nowhere)
        return
    new = [each for each in (folder, folder.parent) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{PICTURES}.part"
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape") as lines:
            yield Collected(Evaluation(labels), lines)
        part.replace(folder / PICTURES)
    except BaseException:
        part.unlink(missing_ok=True)
        with suppress(OSError):  # someone else has put something there
            for each in new:
                each.rmdir()
        raise
