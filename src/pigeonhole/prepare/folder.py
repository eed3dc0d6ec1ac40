"""The folder that prepared pictures go to: nothing in it is overwritten, and a run that is killed can go on."""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from pigeonhole import failpoints, own_names
from pigeonhole.errors import OutputError, UsageError
from pigeonhole.files import Lock, TakenError, digest
from pigeonhole.files.folders import make_folders
from pigeonhole.files.overlap import refuse_overlap
from pigeonhole.files.publish import publish, sync_folder, sync_open
from pigeonhole.files.source import SourceError, has_content
from pigeonhole.placing.trust import refuse_another_owner
from pigeonhole.prepare.ledger import Announced, Job, Ledger
from pigeonhole.sorting.free_names import FreeNames
from pigeonhole.sorting.template import Name
from pigeonhole.text import printable

LOCK = "lock"  # the one of the sorting room, too: one run at a time works in a folder


@dataclass(frozen=True, slots=True)
class Product:
    """What became of one `item` of a job: `files`, each with the name that it should get and its bytes, and a `detail`
    to remember.
    """

    item: bytes
    files: tuple[tuple[Name, bytes], ...] = ()
    detail: str = ""


class PreparedFolder:
    """`out`, held by this process alone. `ledger` tells what is done already."""

    def __init__(self, out: Path, ledger: Ledger) -> None:
        self.out = out
        self.ledger = ledger
        self._names = FreeNames(out, set())

    @classmethod
    @contextmanager
    def open(cls, out: Path) -> Iterator["PreparedFolder"]:
        """Make `out`, lock it, and clear away what a killed run was writing. Raises OutputError."""
        hidden = out / own_names.FOLDER
        try:
            hidden.mkdir(parents=True, exist_ok=True)
            if hidden.is_symlink():
                raise OutputError(f"{printable(hidden)} is a link.", "Remove it.")
            refuse_another_owner(hidden)
            lock = Lock(hidden / LOCK)
        except TakenError as error:
            raise OutputError(
                f"{error} is writing into {printable(out)}.".capitalize(), "Wait until it has finished."
            ) from None
        except OSError as error:
            raise _unwritable(out, error) from None
        try:
            ledger = Ledger(hidden / own_names.PREPARED)
            try:
                folder = cls(out, ledger)
                folder._clear_parts()
                yield folder
            finally:
                ledger.close()
        finally:
            lock.release()

    def put(self, job: Job, products: Sequence[Product]) -> list[tuple[PurePath, ...]]:
        """Publish the files of all `products`; returns their names below `out`. They share their waits for the disk.

        Each appears under its name all at once, and only where nothing has that name; else it gets -2, -3, …. What a
        killed run of the same job announced keeps its name, and what stands there already, as it would be written, is
        not written again: another job may have made it. Raises OutputError where nothing more can be written.
        """
        targets = [self._targets(job, product) for product in products]
        self.ledger.announce(
            job, [(each.item, each.detail, files) for each, files in zip(products, targets, strict=True)]
        )
        failpoints.failpoint("announced")
        published: list[tuple[PurePath, ...]] = []
        try:
            for product, announced in zip(products, targets, strict=True):
                numbers = range(len(announced))
                published.append(tuple(self._publish(job, product, number, announced) for number in numbers))
            for parent in {(self.out / target).parent for targets in published for target in targets}:
                sync_folder(parent)
        except OSError as error:
            raise _unwritable(self.out, error) from None
        failpoints.failpoint("published")
        self.ledger.finish(job, [product.item for product in products])
        failpoints.failpoint("finished")
        self._names.all_published()
        return published

    def _targets(self, job: Job, product: Product) -> list[Announced]:
        """Names that are free, but for those at which this very content stands, or a killed run has published it."""
        before = {each.sha256: each.target for each in self.ledger.announced(job, product.item)}
        files = []
        for name, data in product.files:
            sha256 = digest(data)
            known = before.pop(sha256, None) or self._standing(name, sha256)
            files.append(Announced(known or self._names.next_free(name), sha256))
        return files

    def _standing(self, name: Name, sha256: str) -> PurePath | None:
        """The place of `name` where a file of this digest has it; what cannot be read there is someone else's."""
        target = name.numbered(1)
        try:
            return target if has_content(self.out / target, sha256) else None
        except SourceError:
            return None

    def _publish(self, job: Job, product: Product, number: int, announced: Sequence[Announced]) -> PurePath:
        name, data = product.files[number]
        target = announced[number].target
        if has_content(self.out / target, announced[number].sha256):
            return target
        make_folders(self.out, target.parent)
        part = self.out / self._part_of(target)
        _write(part, data)
        failpoints.failpoint("part written")
        try:
            while True:
                try:
                    publish(part, self.out / target)
                except FileExistsError:  # someone has taken the name meanwhile
                    target = self._names.next_free(name)
                    self.ledger.rename(job, product.item, number, target)
                else:
                    return target
        except BaseException:
            part.unlink(missing_ok=True)
            raise

    def _part_of(self, target: PurePath) -> PurePath:
        return target.with_name(f"{own_names.PREFIX}-prepared-{digest(os.fsencode(target))[:16]}.part")

    def _clear_parts(self) -> None:
        for target in self.ledger.unfinished():
            try:
                (self.out / self._part_of(target)).unlink(missing_ok=True)
            except OSError as error:
                if error.errno != errno.ENOTDIR:
                    raise _unwritable(self.out, error) from None


def check_folders(source: Path, out: Path) -> None:
    """Raise a PigeonholeError where `source` is no folder, or `out` cannot be written, or one lies in the other."""
    if not source.is_dir():
        what = "a file" if source.exists() else "not there"
        raise UsageError(f"{printable(source)} is {what}.", "Name the folder that holds the pictures.")
    check_out(out)
    refuse_overlap(source, out)


def check_out(out: Path) -> None:
    """Raise UsageError where `out` is a file, OutputError where it cannot be written. It need not exist yet."""
    if out.exists() and not out.is_dir():
        raise UsageError(f"{printable(out)} is a file.", "Name a folder for the results.")
    above = next(folder for folder in (out.resolve(), *out.resolve().parents) if folder.exists())
    if not above.is_dir():
        raise UsageError(f"{printable(above)} is a file.", "Name a folder for the results.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{printable(above)} cannot be written.", "Choose another folder; nothing was touched.")


def _write(part: Path, data: bytes) -> None:
    part.unlink(missing_ok=True)  # its name is ours alone; what a dead run left there is worth nothing
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            sync_open(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _unwritable(out: Path, error: OSError) -> OutputError:
    return OutputError(
        f"{printable(out)} cannot be written: {error.strerror}.", "Make room or choose another; what is done stays."
    )
