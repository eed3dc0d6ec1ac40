"""Page 6: what happens now? The watcher's health, what was sorted last, what could not be read, and undo."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pigeonhole.errors import UsageError
from pigeonhole.inbox.health import why_unhealthy
from pigeonhole.journal.entry import JournalEntry, Verdict
from pigeonhole.labelling.pictures import identifier_of
from pigeonhole.placing import Refused
from pigeonhole.placing.output_folder import OutputFolder
from pigeonhole.placing.undo_all import undo_entries
from pigeonhole.text import printable, score_text
from pigeonhole.web.pages.asking import Answer, answered, text_of
from pigeonhole.web.site import Site

LAST = 24  # entries that are shown
UNREADABLE = 50
NO_UNDO = (
    "While it does, undo would only make it sort the pictures again: correct a wrong answer under Review, or end the "
    "watcher first."
)
PAGE = 500  # entries that are looked through at a time for what could not be read


def routes(site: Site) -> list[Route]:
    def folders(_: Request) -> Response:
        site.wait_for_first_look()
        return JSONResponse({"folders": [_folder(site, folder) for folder in site.catalogue.sorted_folders]})

    def undo(question: dict[str, Any]) -> Answer:
        folder = _named(site, text_of(question, "folder"))
        number = question.get("entry")
        if not isinstance(number, int):
            raise UsageError("The question lacks an entry.", "Load the page again.")
        return {"undone": _taken_back(site, folder, number)}

    return [Route("/now/folders", folders), Route("/now/undo", answered(undo), methods=["POST"])]


def _folder(site: Site, folder: Path) -> Answer:
    reason = why_unhealthy(folder)
    return {
        "folder": identifier_of(folder),
        "name": printable(folder),
        "health": "A watcher sorts into it, and is well." if reason is None else f"{reason[:1].upper()}{reason[1:]}.",
        "is_well": reason is None,
        "why_no_undo": NO_UNDO if reason is None else "",
        **_entries(site, folder),
    }


def _entries(site: Site, folder: Path) -> Answer:
    opened = OutputFolder.open_read_only(folder)
    try:
        if opened.journal is None:
            return {"last": [], "unreadable": []}
        newest = opened.journal.done_before(sys.maxsize, LAST)
        unreadable = _unreadable(opened)
        return {"last": [_entry(site, folder, each) for each in newest], "unreadable": unreadable}
    finally:
        opened.close()


def _unreadable(opened: OutputFolder) -> list[Answer]:
    """The last files that could not be read, and why."""

    def newest_first() -> Iterator[JournalEntry]:
        number = sys.maxsize
        while opened.journal and (page := opened.journal.done_before(number, PAGE)):
            yield from page
            number = page[-1].id

    found: list[Answer] = []
    for entry in newest_first():
        if entry.verdict is Verdict.UNREADABLE:
            found.append({"name": printable(entry.source.name), "reason": entry.reason})
        if len(found) == UNREADABLE:
            break
    return found


def _entry(site: Site, folder: Path, entry: JournalEntry) -> Answer:
    target = None if entry.target is None else folder / entry.target
    return {
        "entry": entry.id,
        "from": printable(entry.source),
        "name": printable(entry.source.name if target is None else target.name),
        "picture": "" if target is None or not site.catalogue.knows(identifier_of(target)) else identifier_of(target),
        "what": _what(entry),
        "is_decision": _is_decision(site, folder, entry),
    }


def _what(entry: JournalEntry) -> str:
    if entry.verdict is Verdict.UNREADABLE:
        return f"could not be read: {entry.reason}"
    if entry.category is None or entry.score is None:
        return ""
    said = f"{entry.category.replace('_', ' ')} ({score_text(entry.score)})"
    return f"unknown; {said} was likeliest" if entry.verdict is Verdict.UNKNOWN else said


def _is_decision(site: Site, folder: Path, entry: JournalEntry) -> bool:
    """Whether a person decided on it: then a file of the folder itself was moved, or a link in it is another one."""
    is_moved_within = folder in entry.source.parents
    return is_moved_within or (entry.target is not None and site.desk.is_decided(folder / entry.target))


def _named(site: Site, identifier: str) -> Path:
    for folder in site.catalogue.sorted_folders:
        if identifier_of(folder) == identifier:
            return folder
    raise UsageError("This folder is not shown here any more.", "Load the page again.")


def _taken_back(site: Site, folder: Path, number: int) -> str:
    """Undo one entry. What a person decided is undone on the page of decisions, which knows all that belongs to it."""
    if why_unhealthy(folder) is None:
        raise UsageError("A watcher sorts into this folder.", NO_UNDO)
    opened = OutputFolder.open(folder, site.catalogue.folders)
    try:
        found = [entry for entry in opened.writing.done_before(number + 1, 1) if entry.id == number]
        if not found:
            raise UsageError("This was undone already.", "Load the page again.")
        entry = found[0]
        if _is_decision(site, opened.path, entry):
            raise UsageError("This was decided on a page.", "Undo it under Review.")
        (result,) = undo_entries([entry], opened, site.catalogue.folders)
    finally:
        opened.close()
    if isinstance(result, Refused):
        raise UsageError(f"It stays, because {result.reason}.", "")
    return printable(entry.source)
