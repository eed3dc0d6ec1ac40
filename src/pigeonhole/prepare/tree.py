"""A folder tree of pictures, each of which gives some new ones."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from pigeonhole.decoding.item import Made
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.decoding.protocol import Settings
from pigeonhole.errors import NothingToDoError, UnreadableError
from pigeonhole.files import count_files, digest, find, read
from pigeonhole.output import Output
from pigeonhole.output.skipped import SkippedTally
from pigeonhole.own_names import UNREADABLE
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.prepare.ledger import Job
from pigeonhole.records import Failed, Found, Skipped, Unreadable
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable

GROUP = 16  # pictures that share their waits for the disk
DONE = "done in an earlier run"
Result = Made | Unreadable | Skipped | Failed


@dataclass(slots=True)
class Counts:
    """What became of the files of a tree; `seen` is the sum of the others."""

    done: int = 0
    before: int = 0
    unreadable: int = 0
    skipped: int = 0
    failed: int = 0

    def add(self, result: Result) -> None:
        match result:
            case Made():
                self.done += 1
            case Unreadable():
                self.unreadable += 1
            case Failed():
                self.failed += 1
            case Skipped(reason=reason):
                self.before += reason == DONE
                self.skipped += reason != DONE

    @property
    def seen(self) -> int:
        return self.done + self.before + self.unreadable + self.skipped + self.failed

    def __str__(self) -> str:
        before = f" + {self.before} from an earlier run" if self.before else ""
        return (
            f"{self.seen} seen = {self.done} done{before} + {self.unreadable} unreadable + {self.skipped} skipped"
            f" + {self.failed} failed"
        )


@dataclass(frozen=True, slots=True)
class Tree:
    """All pictures below `source`, and the decoder processes that make something of them, under a `title`."""

    source: Path
    pool: DecoderPool
    settings: Settings
    title: str
    output: Output

    def results(self, is_done: Callable[[Found], bool] = lambda found: False) -> Iterator[Result]:
        """What is made of every picture; Skipped with DONE where `is_done`."""
        items = (
            Skipped(item.path, DONE) if isinstance(item, Found) and is_done(item) else item
            for item in find(self.source)
        )
        with self.output.stage(self.title, count_files(self.source)) as advance:
            for result in self.pool.make(items, self.settings):
                yield result
                advance()

    def prepare(self, folder: PreparedFolder, job: Job, product_of: Callable[[Made], Product]) -> Counts:
        """Put what becomes of every picture into `folder`, count, and tell the output what was not looked into.

        What cannot be read is told to the output, and copied to `_unreadable`. `product_of` may raise OSError or
        UnreadableError where its file is gone. Raises OutputError where nothing more can be written, NothingToDoError
        where there is no picture.
        """
        counts, group = Counts(), list[Product]()
        skipped = SkippedTally(has_option=False)
        is_new = not any(True for _ in folder.ledger.details(job))
        for result in self.results(lambda found: not is_new and _is_done(found, folder, job)):
            try:
                group += self._products(result, product_of)
            except (OSError, UnreadableError) as error:
                result = Failed(_path_of(result), f"it cannot be read any more: {error}")  # noqa: PLW2901
            counts.add(result)
            if isinstance(result, Skipped):
                skipped.add(result)
            if isinstance(result, Unreadable | Failed):
                self.output.outcome(result)
            if len(group) >= GROUP:
                folder.put(job, group)
                group = []
        folder.put(job, group)
        for sentence in skipped.sentences():
            self.output.note(sentence)
        if counts.seen == counts.skipped:
            raise NothingToDoError(f"There is no picture in {printable(self.source)}.")
        return counts

    def _products(self, result: Result, product_of: Callable[[Made], Product]) -> Iterator[Product]:
        if isinstance(result, Made):
            yield product_of(result)
        elif isinstance(result, Unreadable):
            relative = result.path.relative_to(self.source)
            try:
                data = read(result.path)[0]
            except (OSError, UnreadableError):  # what nobody can read cannot be copied either
                return
            # Not under the key of a picture that is done: it is read again the next time.
            item = b"unreadable " + item_of(relative, digest(data))
            yield Product(item, ((Name.of(PurePath(UNREADABLE) / relative.parent, relative.name), data),))


def _is_done(found: Found, folder: PreparedFolder, job: Job) -> bool:
    try:
        return folder.ledger.is_done(job, item_of(found.relative, digest(read(found.path)[0])))
    except (OSError, UnreadableError):  # whoever reads it next will say so
        return False


def _path_of(result: Result) -> Path:
    return result.found.path if isinstance(result, Made) else result.path


def item_of(relative: PurePath, sha256: str) -> bytes:
    """How the ledger knows a picture: by its place and its content."""
    return f"{sha256} {relative}".encode("utf-8", "surrogateescape")
