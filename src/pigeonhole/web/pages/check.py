"""Page 5: what is wrong with the training pictures? The findings are those of the command `check`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from starlette.routing import Route

from pigeonhole.labelling.pictures import identifier_of
from pigeonhole.sorting.seen_files import absolute
from pigeonhole.text import printable
from pigeonhole.web.pages.asking import Answer, answered, known
from pigeonhole.web.site import Site
from pigeonhole.workspace import DATA

MOST_SHOWN = 200  # findings of each kind


def routes(site: Site) -> list[Route]:
    def start(_: dict[str, Any]) -> Answer:
        site.desk.settle()
        site.checking.start()
        return _state(site)

    return [
        Route("/check/start", answered(start), methods=["POST"]),
        Route("/check/state", known(lambda: _state(site))),
    ]


def _state(site: Site) -> Answer:
    checking = site.checking
    if checking.is_running or checking.code is None:
        return {"running": checking.is_running, "said": _last(checking.said), "findings": None}
    if checking.code not in (0, 1):  # 1: there are errors among the pictures
        return {"running": False, "said": _last(checking.said), "findings": []}
    return {"running": False, "said": "", "findings": _findings(site)}


def _last(said: "Any") -> str:
    return printable(said[-1]) if said else ""


def _findings(site: Site) -> list[Answer]:
    """Every finding of which something is left to decide, in the order in which they matter."""
    root = absolute(site.workspace.root / DATA).parent
    counts: dict[str, int] = {}
    found = []
    for line in site.checking.answers:
        fields = json.loads(line)
        finding = _finding(site, fields, root)
        counts[fields["kind"]] = counts.get(fields["kind"], 0) + 1
        if finding and counts[fields["kind"]] <= MOST_SHOWN:
            found.append(finding)
    return found


def _finding(site: Site, fields: dict[str, Any], root: Path) -> Answer | None:
    pictures = [_picture(site, root / name) for name in fields["pictures"]]
    left = [picture for picture in pictures if picture["is_open"]]
    is_settled = len(left) < min(len(pictures), 2) if fields["kind"] != "label" else not left
    if pictures and is_settled:
        return None
    suggested = Path(fields["moves"][0][1]).parts[1] if fields["kind"] == "label" and fields["moves"][0][1] else None
    if fields["kind"] == "label" and suggested is None:
        suggested = str(fields["sentence"]).removeprefix("looks like ")
    return {
        "kind": fields["kind"],
        "title": _titles()[fields["kind"]],
        "sentence": fields["sentence"],
        "is_error": fields["error"],
        "pictures": pictures,
        "suggested": suggested,
    }


def _picture(site: Site, path: Path) -> Answer:
    """A picture of valid/ is shown by its name alone: it judges, and is not moved by a page."""
    identifier = identifier_of(path)
    is_known = site.catalogue.knows(identifier)
    return {
        "picture": identifier if is_known else "",
        "name": printable(path.name),
        "category": path.parent.name if not is_known else site.catalogue.get(identifier).category,
        "is_open": not site.desk.is_decided(path) and path.exists(),
    }


@cache
def _titles() -> dict[str, str]:
    """What stands above each kind of findings. Late, because the room of checks needs what only training installs."""
    from pigeonhole.check.findings import TITLES

    return {str(kind): title for kind, title in TITLES.items()}
