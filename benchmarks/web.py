"""How the page bears many pictures: the first page, the queue, a decision, groups, and memory.

python benchmarks/web.py FOLDER... [--decisions 20]

The FOLDERs hold unsorted pictures. Their features are drawn at random from KINDS kinds and stored where the page looks
for what was computed before, since no network is what is measured here. Processor seconds are those of the page's
process with all its threads, and tell more than the clock on a busy machine. The peak is that of the process so far,
with the pages of the mapped file of features that happen to be in memory, which the system takes back as it needs.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

from pigeonhole.backbones.augmented_views import PLAIN
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.dataset.near_duplicates import EDGE
from pigeonhole.files import digest, read
from pigeonhole.labelling.pictures import pictures_in
from pigeonhole.labelling.questions.features import backbone_for
from pigeonhole.output import Silent
from pigeonhole.web.pages.groups import Piles
from pigeonhole.web.pages.review import queue_answer
from pigeonhole.web.site import Site
from pigeonhole.workspace import Workspace

Result = TypeVar("Result")

KINDS, WIDTH = 10, 1408  # of features
FIRST = 40  # labels
SHOWN = 200  # questions that Review has in hand
AT_ONCE = 1000  # pictures whose features are written together


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--decisions", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        kinds = with_features(options.folders, workspace)
        print(f"{len(kinds)} pictures\n| | seconds | processor seconds | peak MiB |\n|---|---:|---:|---:|")  # noqa: T201
        with closing(measured("the server is ready", lambda: Site(workspace, options.folders))) as site:
            measured("first queue", lambda: queue_answer(site, SHOWN, ""))
            measured("all pictures looked at", lambda: wait_until_seen(site))
            measured("groups", lambda: Piles(site).groups(None))
            decide(site, kinds, FIRST)
            measured(f"learnt from {FIRST} labels, and a second", lambda: wait_until_learnt(site))
            measured(
                f"{options.decisions} decisions, with the next questions",
                lambda: decide(site, kinds, options.decisions),
            )
            wait_until_learnt(site)
            measured("queue, nothing else going on", lambda: queue_answer(site, SHOWN, ""))


def with_features(folders: Sequence[Path], workspace: Workspace) -> dict[str, int]:
    """The kind of every picture by its digest; their features are in the cache of `workspace`."""
    chance = np.random.default_rng(0)
    middles = chance.random((KINDS, WIDTH), dtype=np.float32)
    kinds: dict[str, int] = {}
    paths = (picture.path for folder in folders for picture in pictures_in(folder))
    with FeatureStore.open(workspace, backbone_for(workspace, Silent())) as store:
        while batch := [digest(read(path)[0]) for path in islice(paths, AT_ONCE)]:
            own = chance.integers(KINDS, size=len(batch))
            noise = chance.random((len(batch), WIDTH), dtype=np.float32)
            thumbnails = chance.integers(256, size=(len(batch), EDGE, EDGE), dtype=np.uint8)
            store.put(PLAIN, batch, middles[own] + noise, list(thumbnails))
            kinds.update(zip(batch, own.tolist(), strict=True))
    return kinds


def decide(site: Site, kinds: dict[str, int], count: int) -> None:
    """The truth about the first `count` questions, one after the other, each followed by a look at the next ones."""
    for _ in range(count):
        first = queue_answer(site, SHOWN, "")["pictures"][0]["picture"]
        picture = site.catalogue.get(first)
        site.desk.decide([(picture, f"kind {kinds[digest(read(picture.path)[0])]}")])


def wait_until_seen(site: Site) -> None:
    while site.learner.progress()[0] < site.learner.progress()[1]:
        time.sleep(2)


def wait_until_learnt(site: Site) -> None:
    """Until nothing new is learnt for a second."""
    before = None
    while site.learner.order() is not before:
        before = site.learner.order()
        time.sleep(1)


def measured(what: str, act: Callable[[], Result]) -> Result:
    began, spent = time.monotonic(), time.process_time()
    result = act()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"| {what} | {time.monotonic() - began:.2f} | {time.process_time() - spent:.2f} | {peak} |", flush=True)  # noqa: T201
    return result


if __name__ == "__main__":
    main()
