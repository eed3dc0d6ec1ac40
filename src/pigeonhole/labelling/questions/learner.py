"""Learns behind the person's back: from every label as soon as it is given, for the order of the next questions."""

import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import Backbone
from pigeonhole.dataset.folders import Example
from pigeonhole.errors import DataError, PigeonholeError
from pigeonhole.heads.refit import Refitted, refit
from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Decision, Kind, State
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.features import backbone_for, look_at
from pigeonhole.labelling.questions.opinion import Opinion, opinion
from pigeonhole.labelling.questions.queue import Question, questions, would_change
from pigeonhole.labelling.questions.typical import TypicalPictures
from pigeonhole.labelling.questions.vector_table import VectorTable
from pigeonhole.output import Silent
from pigeonhole.records import Found
from pigeonhole.workspace import UNKNOWN

NOWHERE = Found(Path(), Path())  # where a picture lies of which the digest alone is asked for
FIRST, MOST = 32, 512  # pictures that are looked at at a time
GROWN = 1.5  # times the pictures that were known when an opinion was formed: then it is formed anew


@dataclass(frozen=True, slots=True)
class Order:
    """All pictures that are worth a question, decided or not, in the order in which they are best asked about.

    `catalogue` is the version of the pictures, `number` tells orders apart. `categories` are those that pictures
    without a decision are taken for, `change` is how many of these pictures would now be sorted otherwise.
    """

    number: int = 0
    catalogue: int = -1
    questions: Sequence[Question] = ()
    categories: Sequence[str] = ()
    change: int = 0


class Learner:
    """`opinion` is what it has come to, `trouble` why it does not work. Other threads read them as they are at the
    moment.
    """

    def __init__(self, desk: Desk, catalogue: Catalogue) -> None:
        self.opinion = Opinion()
        self.backbone: Backbone | None = None
        self.trouble = ""
        self._desk = desk
        self._catalogue = catalogue
        self._wake = threading.Condition()
        self._has_news = True
        self._is_ending = False
        self._refitted: tuple[Refitted, Mapping[str, str]] | None = None
        self._learnt_from: tuple[object, ...] = ()
        self._decided: Sequence[int] = ()
        self._order = Order()
        self._ordering = threading.Lock()
        self._seen: tuple[object, int] = (None, 0)
        self._typical = TypicalPictures()
        self._unreadable: set[str] = set()
        folder = desk.workspace.cache
        folder.mkdir(parents=True, exist_ok=True)
        self.table = VectorTable(folder)
        desk.listen(self._heard)
        self._thread = threading.Thread(target=self._run, name="learner", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        with self._wake:
            self._is_ending = True
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        self.table.close()

    def look_again(self) -> None:
        """There may be new pictures."""
        with self._wake:
            self._has_news = True
            self._wake.notify_all()

    def undecided(self) -> list[Picture]:
        """Those that no decision holds for."""
        return [picture for picture in self._catalogue.all() if not self._desk.is_decided(picture.path)]

    def order(self) -> Order:
        """The latest. It is made behind the person's back, unless there are other pictures since."""
        if self._order.catalogue != self._catalogue.version:
            self._put_in_order()
        return self._order

    def questions(self) -> Iterator[Question]:
        """In the order in which they are best asked now; each is looked for when it is wanted, and not all of them."""
        return (each for each in self.order().questions if not self._desk.is_decided(each.picture.path))

    def progress(self) -> tuple[int, int]:
        """How many pictures were looked at, of how many."""
        known = self._catalogue.version, len(self.table), len(self._unreadable)
        total = len(self._catalogue)
        if self._seen != (known, total):  # counted as long as some are left, since decisions count, too
            self._seen = known, sum(map(self._is_seen, self._catalogue.all()))
        return min(self._seen[1], total), total

    def _heard(self, decision: Decision) -> None:
        if decision.state in (State.UNWANTED, State.UNDONE):
            self._seen = None, 0  # what was decided on before it was looked at is to be looked at now
        self.look_again()

    def _run(self) -> None:
        try:
            while self._wait():
                if todo := self._unseen():
                    self._look_at(todo)
                began = time.monotonic()
                self._learn(self._typical)
                self._rest(time.monotonic() - began)
        except PigeonholeError as error:
            self.trouble = f"Nothing is learnt while you look: {error}"
        except Exception:  # a thread that ends silently would leave the page waiting
            self.trouble = (
                "Nothing is learnt while you look, because of a mistake in pigeonhole; the terminal shows it."
            )
            traceback.print_exc()

    def _wait(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._has_news or self._is_ending)
            self._has_news = False
            return not self._is_ending

    def _rest(self, seconds: float) -> None:
        """Who learns is not quicker than who decides, where there are many pictures: half of the time is the page's."""
        with self._wake:
            self._wake.wait_for(lambda: self._is_ending, seconds)

    def _unseen(self) -> list[Picture]:
        """The pictures whose features are not known, those of the training set first."""
        todo = [each for each in self._catalogue.all() if not self._is_seen(each)]
        return sorted(todo, key=lambda picture: picture.kind is not Kind.TRAINING)

    def _look_at(self, pictures: Sequence[Picture]) -> None:
        """Learn their features, more at a time as it goes on, and what follows from them after each time."""
        if self.backbone is None:
            self.backbone = backbone_for(self._desk.workspace, Silent())
        rest, size, seen, learnt = iter(pictures), FIRST, 0, 0
        with FeatureStore.open(self._desk.workspace, self.backbone) as store:  # once: it is looked through for damage
            while (batch := list(islice(rest, size))) and not self._is_ending:
                self._look(batch, self.backbone, store)
                size, seen = min(2 * size, MOST), seen + len(batch)
                if self._has_news or seen >= GROWN * learnt:
                    self._learn()
                    learnt = seen

    def _is_seen(self, picture: Picture) -> bool:
        """Or need not be, because it was decided on and perhaps moved."""
        is_known = self.has_features(picture) or picture.identifier in self._unreadable
        return is_known or self._desk.is_decided(picture.path)

    def has_features(self, picture: Picture) -> bool:
        """Whether it was looked at, and could be read."""
        return picture.sha256 is not None and picture.sha256 in self.table

    def _look(self, batch: Sequence[Picture], backbone: Backbone, store: FeatureStore) -> None:
        here = [picture for picture in batch if picture.path.exists()]
        self.table.add(look_at(here, backbone, store, Silent()))
        self._unreadable.update(picture.identifier for picture in batch if not self.has_features(picture))
        training = [each for each in batch if each.kind is Kind.TRAINING and each.sha256 and each.category]
        self._desk.know_training((each.sha256, each.path, each.category) for each in training)  # type: ignore[misc]

    def thumbnails(self, digests: Sequence[str]) -> NDArray[np.uint8]:
        """uint8 [N, 32, 32], grey, of pictures that have features."""
        if self.backbone is None:
            raise TypeError("nothing was looked at yet")
        with FeatureStore.open(self._desk.workspace, self.backbone) as store:
            return store.thumbnails([Example(NOWHERE, "", sha256) for sha256 in digests])

    def labels(self) -> dict[str, str]:
        """By digest, as they hold now: those of the training set, and on top of them what was decided."""
        labels = {}
        for picture in self._catalogue.all():
            is_label = picture.kind is Kind.TRAINING and picture.category and picture.category != UNKNOWN
            if is_label and picture.sha256 and picture.path.exists():
                labels[picture.sha256] = picture.category or ""
        for decision in self._desk.in_force():
            if decision.category is not None and decision.category != UNKNOWN:
                labels[decision.sha256] = decision.category
            else:
                labels.pop(decision.sha256, None)
        return labels

    def _learn(self, typical: TypicalPictures | None = None) -> None:
        """Form an opinion anew; `typical` takes its time, and is left out as long as pictures are looked at."""
        given = {sha256: label for sha256, label in self.labels().items() if sha256 in self.table}
        decided = tuple(decision.number for decision in self._desk.in_force())
        news = self._catalogue.version, self.progress(), typical is None, given, decided
        if news == self._learnt_from:
            return
        counts = Counter(given.values())
        labels = {sha256: label for sha256, label in given.items() if counts[label] > 1}
        others = [each.sha256 for each in self._catalogue.all() if each.sha256 and each.sha256 not in labels]
        others = [sha256 for sha256 in dict.fromkeys(others) if sha256 in self.table]
        stand = typical.of(self.table, others, given) if typical else ()
        try:
            refitted = self._refit(labels)
        except DataError:
            waiting = "Two categories with two pictures each are needed before anything can be learnt."
            formed = Opinion(waiting_for=waiting, typical=stand)
        else:
            formed = replace(opinion(refitted, labels, self.table, others), typical=stand)
        is_same = formed == self.opinion and decided == self._decided and news[0] == self._order.catalogue
        self._learnt_from, self._decided = news, decided
        if not is_same:
            self.opinion = formed
            self._put_in_order()

    def _put_in_order(self) -> None:
        with self._ordering:
            version = self._catalogue.version
            asked = questions(self._catalogue.all(), self.opinion)
            undecided = [each for each in asked if not self._desk.is_decided(each.picture.path)]
            found = sorted({each.category for each in undecided if each.category})
            self._order = Order(self._order.number + 1, version, asked, found, would_change(undecided))

    def _refit(self, labels: Mapping[str, str]) -> Refitted:
        known = list(labels)
        if self._refitted and self._refitted[1] == labels and list(self._refitted[1]) == known:
            return self._refitted[0]
        previous = self._refitted[0] if self._refitted else None
        refitted = refit(self.table.of(known), list(labels.values()), previous, digests=known)
        self._refitted = refitted, labels
        return refitted
