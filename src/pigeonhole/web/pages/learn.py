"""Page 3: what was learnt so far, and the button that makes a model of it."""

from collections import Counter
from typing import Any

from starlette.routing import Route

from pigeonhole.errors import UsageError
from pigeonhole.text import printable
from pigeonhole.web.pages.asking import Answer, answered, known
from pigeonhole.web.pages.review import state
from pigeonhole.web.site import Site


def routes(site: Site) -> list[Route]:
    def finish(_: dict[str, Any]) -> Answer:
        site.desk.settle()  # what was decided is to be learnt
        if reasons := site.desk.troubles():
            raise UsageError(f"Not all decisions are carried out yet: {reasons[0]}", "")
        site.training.start()
        return _progress(site)

    return [
        Route("/learn/state", known(lambda: {**_progress(site), **state(site)})),
        Route("/learn/finish", answered(finish), methods=["POST"]),
    ]


def _progress(site: Site) -> Answer:
    """How the training is getting on, and how many labels there are of each category."""
    counts = Counter(site.learner.labels().values())
    training = site.training
    return {
        "running": training.is_running,
        "code": training.code,
        "said": [printable(line) for line in (*training.said, *training.answers)],
        "counts": [[category, counts[category]] for category in site.desk.categories()],
        "has_model": site.workspace.model.exists(),
    }
