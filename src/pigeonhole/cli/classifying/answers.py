"""`pigeonhole answers`: what the model says of every picture, as a table."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pigeonhole import __version__
from pigeonhole.cli import arguments
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import NothingToDoError, OutputError, PigeonholeError, not_written
from pigeonhole.files import Lock, TakenError, count_files, digest
from pigeonhole.model import InferenceOptions, Model, model_bytes, model_of
from pigeonhole.output import JsonLines, Terminal
from pigeonhole.own_names import PREFIX
from pigeonhole.records import Skipped
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

if TYPE_CHECKING:
    from pigeonhole.answers.listed import Source, Store
    from pigeonhole.answers.run import Run
    from pigeonhole.answers.telling import Telling

LOCK = f"{PREFIX}-answers.lock"


@click.command("answers")
@arguments.paths_or_urls("[TF_FILES] IN OUT")
@click.option("--no-recursive", is_flag=True, help="Ignore sub-folders.")
@arguments.include_hidden
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per file, then the counts.")
@arguments.inference
@arguments.cluster
def command(
    paths: tuple[str, ...],
    *,
    no_recursive: bool,
    include_hidden: bool,
    as_json: bool,
    tta: bool,
    no_unknown: bool,
    cluster: str | None,
) -> int:
    """Write a table of answers, one row for each picture of IN, as Parquet files into OUT.

    TF_FILES is the folder that holds model.onnx, ./tf_files if left out. IN and OUT are
    folders, or addresses such as s3://bucket/folder.

    Run it again to answer what is new or changed. guess-dir --from-answers OUT sorts by the table.
    """
    from pigeonhole.answers import address
    from pigeonhole.answers.answering import rows
    from pigeonhole.answers.parts import Parts
    from pigeonhole.answers.run import Run
    from pigeonhole.answers.table import About
    from pigeonhole.answers.telling import Lines, Sentences
    from pigeonhole.cluster.connection import check_address

    tf_files, in_, out = arguments.three(paths, "IN")
    reach = {"recursive": not no_recursive, "include_hidden": include_hidden}
    source, store = address.source_at(in_), address.new_store_at(out)
    address.refuse_one_in_the_other(source, store)
    if cluster is not None:
        check_address(cluster)
    terminal = Terminal()
    with ExitStack() as stack:
        decoders = stack.enter_context(nullcontext() if cluster is not None else DecoderPool(early=True))
        path = Workspace(Path(tf_files)).model
        data = model_bytes(path)
        model = model_of(data, path, InferenceOptions(not no_unknown, tta))
        if all(isinstance(item, Skipped) for item in source.find(**reach)):
            raise NothingToDoError(f"There is no picture in {printable(in_)}.")
        stack.enter_context(_alone(store))
        about = About(digest(data), model.card.labels, not no_unknown, tta, source.address, __version__)
        parts = Parts(store, about)
        expected = _expected(source, **reach)
        telling = Lines(source, JsonLines(sys.stdout, terminal)) if as_json else Sentences(source, terminal)
        run = Run(source, parts, telling, stack.enter_context(terminal.stage("Answering", expected)))
        with _told(run, model, telling, terminal):
            if decoders is not None:
                run.write(rows(source, run.unanswered(**reach), model, decoders))
            elif cluster is not None:
                _answer_on_cluster(cluster, run, data, expected, reach, wants_answers=as_json)
        if run.tally.missing:
            terminal.warn(f"{run.tally.missing} files came to no answer. Please report this.")
    return 0 if run.tally.is_good else 1


@contextmanager
def _told(run: "Run", model: Model, telling: "Telling", terminal: Terminal) -> Iterator[None]:
    """What has become of the pictures is told at the end, whatever it is."""
    note_before = model.note
    if note_before:
        terminal.note(note_before)
    started = time.monotonic()
    try:
        yield
    except (KeyboardInterrupt, PigeonholeError):
        run.tally.seen -= run.tally.missing  # what was listed ahead is for the next run
        raise
    finally:
        if model.note != note_before:
            terminal.warn(model.note)
        for sentence in run.skipped.sentences():
            terminal.note(sentence)
        if run.tally.seen:
            telling.end(run.tally, time.monotonic() - started, run.device or model.device)


def _answer_on_cluster(
    cluster: str, run: "Run", data: bytes, expected: int | None, reach: dict[str, bool], *, wants_answers: bool
) -> None:
    """The workers write the table; here is listed, counted and told. `data` is the model file."""
    from pigeonhole.answers.parts import ROWS
    from pigeonhole.cluster.run import answer_all, chunk_size, growing
    from pigeonhole.cluster.start import ready

    parts, unanswered = run.parts, run.unanswered(**reach)
    first = next(unanswered, None)
    if first is None:
        return
    about, store = parts.about, parts.store
    with ready(cluster, run.source, first, data, about, store=store, run=parts.run, wants_answers=wants_answers) as its:
        sizes = (
            growing(its.shape, ROWS) if expected is None else repeat(chunk_size(expected - len(parts), its.shape, ROWS))
        )
        for done in answer_all(its.job, its.shape, chain([first], unanswered), sizes):
            run.device = f"{its.shape.workers} workers ({done.device})"
            run.take_written(done.answered, done.unknown)
            for row in done.rows:
                run.take(row)


def _expected(source: "Source", *, recursive: bool, include_hidden: bool) -> int | None:
    """How many files there are; an object store is not listed twice for that."""
    from pigeonhole.answers.folder import FolderSource

    if not isinstance(source, FolderSource):
        return None
    return count_files(source.root, recursive=recursive, include_hidden=include_hidden)


@contextmanager
def _alone(store: "Store") -> Iterator[None]:
    """Nobody else writes into the folder meanwhile, which is made. An object store knows no locks."""
    from pigeonhole.answers.folder import FolderStore

    if not isinstance(store, FolderStore):
        yield
        return
    try:
        store.root.mkdir(parents=True, exist_ok=True)
        lock = Lock(store.root / LOCK)
    except TakenError as error:
        raise OutputError(f"{printable(store.root)} is being written by {error}.", "Wait for it to end.") from None
    except OSError as error:
        raise not_written(f"{printable(store.root)}", error) from None
    try:
        yield
    finally:
        lock.release()
