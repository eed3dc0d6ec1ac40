"""`pigeonhole watch`: an inbox that empties itself."""

import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from pigeonhole.cli import arguments
from pigeonhole.cli.classifying import placing
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.errors import UsageError
from pigeonhole.inbox.events import Events, NoEvents, Watchdog
from pigeonhole.inbox.lock import InboxLock
from pigeonhole.inbox.model_reload import ModelReloader
from pigeonhole.inbox.scan import Scan
from pigeonhole.inbox.shutdown import Shutdown
from pigeonhole.inbox.watch import Folders, Watcher
from pigeonhole.model import InferenceOptions
from pigeonhole.output import JsonLines, Output
from pigeonhole.output.watch_terminal import WatchTerminal
from pigeonhole.placing import Placing
from pigeonhole.sorting import check_folders
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("watch")
@arguments.paths("[TF_FILES] INBOX OUT")
@placing.options(Placing.MOVE)
@click.option("--recursive", is_flag=True, help="Include sub-folders.")
@arguments.include_hidden
@click.option(
    "--existing",
    type=click.Choice(["sort", "leave"]),
    default="sort",
    show_default=True,
    help="Sort the pictures that are already there, or leave them.",
)
@click.option(
    "--settle",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a file must stay unchanged before it is sorted.",
)
@click.option(
    "--poll",
    type=click.FloatRange(min=0.1),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between scans of the inbox. Files that the system reports are picked up sooner.",
)
@click.option("--no-events", is_flag=True, help="Do not use the system's change events; only scan.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per file, then the counts.")
@arguments.inference
def command(
    paths: tuple[Path, ...],
    *,
    recursive: bool,
    include_hidden: bool,
    existing: str,
    settle: float,
    poll: float,
    no_events: bool,
    as_json: bool,
    tta: bool,
    no_unknown: bool,
    **chosen: Any,
) -> int:
    """Sort every picture that arrives in a folder, as soon as it is complete, until it is stopped.

    TF_FILES is the folder that holds model.onnx, ./tf_files if left out.

    Pictures are moved out of the inbox. With --copy they stay there and are remembered.
    """
    tf_files, inbox, out = arguments.three(paths, "INBOX")
    options = placing.sort_options(Placing.MOVE, **chosen)
    if options.placing is Placing.SYMLINK:
        raise UsageError(
            "watch cannot make symbolic links: they would break when the inbox is emptied.", "Use --copy or --hardlink."
        )
    terminal = WatchTerminal()
    output: Output = JsonLines(sys.stdout, terminal) if as_json else terminal
    started = time.monotonic()
    with ExitStack() as stack:
        decoders = stack.enter_context(DecoderPool(early=True))
        reloader = ModelReloader(Workspace(tf_files).model, settle, InferenceOptions(not no_unknown, tta))
        check_folders(inbox, out, options)
        lock = stack.enter_context(InboxLock(inbox))
        scan = Scan(inbox, settle, recursive=recursive, include_hidden=include_hidden)
        if existing == "leave":
            scan.leave_existing()
        wake = threading.Event()
        events: Events = NoEvents() if no_events else Watchdog(wake, recursive=recursive)
        folders = Folders(inbox, out, options)
        output.note(f"Watching {printable(inbox)}; what arrives goes to {printable(out)}. Stop it with Ctrl-C.")
        status = stack.enter_context(terminal.status())
        shutdown = Shutdown()
        watcher = Watcher(
            folders,
            scan,
            reloader,
            decoders,
            lock=lock,
            output=output,
            shutdown=shutdown,
            status=status,
            poll=poll,
            events=events,
            wake=wake,
        )
        try:
            shutdown.listen()
            watcher.run()
        except KeyboardInterrupt:  # how a watch ends
            pass
        finally:
            shutdown.ignore()
            watcher.close()
    output.summary(watcher.summary, time.monotonic() - started, reloader.model.device)
    return 1 if watcher.summary.failed or watcher.summary.missing else 0
