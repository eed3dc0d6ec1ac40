"""Page 4: start from nothing. Pictures without any label, as groups of alike ones that a person names."""

import threading
from collections import Counter
from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pigeonhole.backbones.weights import BUILTIN
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.groups import FOLDED_MOST, Grouping, folded
from pigeonhole.web.pages.asking import Answer
from pigeonhole.web.pages.review import state
from pigeonhole.web.site import Site

METHOD = (
    "Alike is what the network {backbone} finds alike: its features, grouped by Ward's method. Nearly equal pictures "
    "are shown once."
)

SURE = 0.9  # the score of a picture that speaks for a group's name
SHARE = 0.9  # of a group's pictures have to


class Piles:
    """The pictures of the moment, grouped once for every number of groups. Threads may share it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._lock = threading.Lock()
        self._of: frozenset[str] = frozenset()
        self._shown: list[list[Picture]] = []  # the pictures that each row stands for
        self._grouping: Grouping | None = None

    def groups(self, count: int | None) -> Answer:
        """At most `count` groups (None: the usual number); pictures that were decided on are in none."""
        with self._lock:
            self._look()
            if self._grouping is None:
                return {"groups": [], "count": 0, "most": 0}
            count = min(max(count or self._grouping.usual, 1), self._grouping.most)
            rows = [group.rows for group in self._grouping.groups(count)]
            groups = [self._fields([self._shown[row] for row in part]) for part in rows]
            return {
                "groups": [group for group in groups if group["pictures"]],
                "count": count,
                "most": self._grouping.most,
            }

    def _fields(self, shown: Sequence[Sequence[Picture]]) -> Answer:
        """One group: each picture with the copies that it stands for, as far as they are undecided."""
        open_ones = [[each for each in alike if not self._site.desk.is_decided(each.path)] for alike in shown]
        pictures = [[each.identifier for each in alike] for alike in open_ones if alike]
        beliefs = [self._site.learner.opinion.of.get(alike[0].sha256 or "") for alike in open_ones if alike]
        likely = Counter(belief.category for belief in beliefs if belief and belief.score >= SURE).most_common(1)
        # A name that stands there is easily accepted, so it stands there only where nearly all pictures say so.
        is_clear = bool(likely) and likely[0][1] >= SHARE * len(pictures)
        return {"pictures": pictures, "likely": likely[0][0] if is_clear else None}

    def _look(self) -> None:
        """Group anew where there are new pictures; what was decided since leaves the groups as they are."""
        pictures = self._pictures()
        wanted = frozenset(picture.identifier for picture in pictures)
        if wanted <= self._of and self._grouping is not None:
            return
        digests = [picture.sha256 or "" for picture in pictures]
        self._of, self._grouping, self._shown = wanted, None, []
        if not pictures:
            return
        learner = self._site.learner
        thumbnails = learner.thumbnails(digests if len(digests) <= FOLDED_MOST else [])
        alike = folded(digests, thumbnails, learner.table.rows(digests))
        self._shown = [[pictures[row] for row in rows] for rows in alike]
        self._grouping = Grouping(learner.table.rows([digests[rows[0]] for rows in alike]))

    def _pictures(self) -> list[Picture]:
        """Those of unsorted folders whose features are known; where none was named, those of sorted ones."""
        undecided = [each for each in self._site.learner.undecided() if self._site.learner.has_features(each)]
        unsorted = [each for each in undecided if each.kind is Kind.UNSORTED]
        found = unsorted or [each for each in undecided if each.kind is Kind.SORTED]
        return sorted(found, key=lambda picture: picture.identifier)


def routes(site: Site) -> list[Route]:
    piles = Piles(site)

    def groups(request: Request) -> Response:
        site.wait_for_first_look()
        given = request.query_params.get("count", "")
        answer = piles.groups(int(given) if given.isdecimal() else None)
        backbone = site.learner.backbone
        answer["method"] = METHOD.format(backbone=_shown(backbone.name)) if backbone else ""
        return JSONResponse({**answer, "categories": site.desk.categories(), **state(site)})

    return [Route("/groups/list", groups)]


def _shown(backbone: str) -> str:
    return "that comes with pigeonhole" if backbone == BUILTIN else backbone
