"""A page on the training pictures, from reading them to the file."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pigeonhole.dataset.folders import Example, read_dataset
from pigeonhole.dataset.groups import joined
from pigeonhole.dataset.near_duplicates import near_duplicates
from pigeonhole.errors import DataError, not_written
from pigeonhole.files import write_aside_and_replace
from pigeonhole.look.measure import Measured, Measurements, measure
from pigeonhole.look.suspicions import Suspicion, suspicions
from pigeonhole.output import Output
from pigeonhole.report.template import link, template
from pigeonhole.report.thumbnail import address, thumbnail
from pigeonhole.text import printable
from pigeonhole.workspace import UNKNOWN, Workspace

PAGE = "index.html"
SHEET, SUSPICIOUS = 48, 24  # pictures of a category that are shown, at most


@dataclass(frozen=True, slots=True)
class Looked:
    """The `page`, how many `pictures` were read, how many of them are `suspicious`, and how many were `unreadable`."""

    page: Path
    pictures: int
    suspicious: int
    unreadable: int


def look(workspace: Workspace, output: Output) -> Looked:
    """Write TF_FILES/report/look/index.html, which needs no other file: every category of TF_FILES/data at a glance.

    Raises DataError where there are no pictures, OutputError where the page cannot be written.
    """
    dataset = read_dataset(workspace, output)
    for note in dataset.notes:
        output.note(note)
    examples = (*dataset.examples, *(replace(each, category=UNKNOWN) for each in dataset.ood))
    measured = measure(examples, output)
    if not measured.pictures:
        raise DataError(f"No picture in {printable(workspace.data)} can be read.")
    unreadable = [*dataset.left_out, *measured.problems]
    groups = _groups(measured.pictures, output)
    found = suspicions(measured.pictures, groups)
    folder = workspace.look
    names = list(dict.fromkeys(each.category for each in examples))
    page = template("pigeonhole.look").render(
        where=printable(workspace.data),
        total=len(measured.pictures),
        suspicious=len(found),
        unreadable=[(printable(each.path.relative_to(workspace.root)), each.reason) for each in unreadable],
        categories=[_category(name, measured, groups, found, folder) for name in names if name in measured.means],
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_aside_and_replace(folder / PAGE, page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise not_written(f"{printable(folder)}", error) from error
    return Looked(folder / PAGE, len(measured.pictures), len(found), len(unreadable))


def _groups(pictures: Sequence[Measured], output: Output) -> list[int]:
    """For each picture the number of its group: the same picture, or nearly."""
    first: dict[str, int] = {}
    pairs = [(first.setdefault(each.example.sha256, row), row) for row, each in enumerate(pictures)]
    pairs += near_duplicates(np.stack([each.thumbnail for each in pictures]), output=output)
    groups: list[int] = joined(pairs, len(pictures)).tolist()
    return groups


def _category(
    name: str, measured: Measurements, groups: Sequence[int], found: Sequence[Suspicion], folder: Path
) -> dict[str, Any]:
    """What the page shows of one category."""
    rows = [row for row, each in enumerate(measured.pictures) if each.example.category == name]
    pictures = [measured.pictures[row] for row in rows]
    own = [each for each in found if measured.pictures[each.row].example.category == name]
    alike = Counter(groups[row] for row in rows)
    leaders: dict[int, int] = {}
    for row in rows:
        leaders.setdefault(groups[row], row)
    sheet = [(row, f"and {alike[group] - 1} like it" if alike[group] > 1 else "") for group, row in leaders.items()]
    step = max(1, -(-len(sheet) // SHEET))
    return {
        "name": name,
        "count": len(pictures),
        "different": len(leaders),
        "size": f"{_median(pictures, 'width'):.0f} × {_median(pictures, 'height'):.0f}",
        "brightness": _mean(pictures, "brightness"),
        "contrast": _mean(pictures, "contrast"),
        "saturation": _mean(pictures, "saturation"),
        "mean": address(_png(measured, name), "image/png"),
        "suspicious": [_shown(measured.pictures[each.row].example, each.words, folder) for each in own[:SUSPICIOUS]],
        "suspicions": len(own),
        "sheet": [_shown(measured.pictures[row].example, words, folder) for row, words in sheet[::step]],
    }


def _shown(example: Example, words: str, folder: Path) -> dict[str, str]:
    path = example.found.path
    name = printable(example.found.relative)
    return {"link": link(path, folder), "image": thumbnail(path), "name": name, "words": words}


def _median(pictures: Sequence[Measured], name: str) -> float:
    return float(np.median([getattr(each, name) for each in pictures]))


def _mean(pictures: Sequence[Measured], name: str) -> float:
    return float(np.mean([getattr(each, name) for each in pictures]))


def _png(measured: Measurements, name: str) -> bytes:
    buffer = BytesIO()
    Image.fromarray(measured.means[name]).save(buffer, "PNG")
    return buffer.getvalue()
