"""`pigeonhole web`: pages on which a person sees, corrects and teaches."""

import os
import webbrowser
from contextlib import suppress
from pathlib import Path

import click

from pigeonhole import own_names
from pigeonhole.cli import arguments
from pigeonhole.errors import UsageError
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import DATA, WEIGHTS, Workspace


@click.command("web")
@click.argument("paths", nargs=-1, metavar="[TF_FILES] [FOLDER...]", type=click.Path(path_type=Path))
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen on; 0 is any that is free. The default is 8420, or a free one.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Address to listen on. Any other lets other machines ask for the page, over an unencrypted line.",
)
@click.option(
    "--public", metavar="HOST:PORT", help="Where browsers reach the page, if that is another address (a container's)."
)
@click.option("--no-browser", is_flag=True, help="Do not open a browser; only show the address.")
def command(paths: tuple[Path, ...], *, port: int | None, host: str, public: str | None, no_browser: bool) -> None:
    """Show pages in the browser on which pictures are recognised, reviewed and sorted into categories.

    TF_FILES is ./tf_files if left out. A FOLDER is one that guess-dir or watch sorted
    into, or one of unsorted pictures, which stay where they are.
    """
    from pigeonhole.web.server import Listen, is_loopback, serve
    from pigeonhole.web.site import Site

    tf_files, folders = _told_apart(paths)
    terminal = Terminal()
    if not is_loopback(host) and public is None:
        terminal.warn(
            f"Other machines can reach this page at {host}. Who reads along on the network can see your pictures"
            " and take over the page. Leave --host out to keep it on this machine."
        )

    def announce(address: str, is_first: bool) -> None:
        if not is_first:
            terminal.note(f"For another browser: {address}")
            return
        shown = ", ".join(map(printable, folders)) or "the training pictures alone"
        terminal.note(f"What you decide is learnt from in {printable(tf_files)}; shown: {shown}.")
        terminal.note(f"The page is at {address}")
        terminal.note("Stop it with Ctrl-C; every decision is kept.")
        if not no_browser and has_browser():
            webbrowser.open(address)

    with suppress(KeyboardInterrupt):  # the way to end it
        serve(lambda: Site(Workspace(tf_files), folders), Listen(host, port, public), announce)


def has_browser() -> bool:
    """Whether there is a screen on which one can be opened; a browser in the terminal would take it over."""
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or os.uname().sysname == "Darwin")


def _told_apart(paths: tuple[Path, ...]) -> tuple[Path, list[Path]]:
    """TF_FILES, and the folders to look at."""
    for path in paths:
        if not path.is_dir():
            what = "is a file" if path.exists() else "is not there"
            raise UsageError(f"The folder {printable(path)} {what}.", "Check the name.")
    is_named = bool(paths) and _is_workspace(paths[0])
    tf_files = paths[0] if is_named else arguments.TF_FILES
    return tf_files, list(paths[1:] if is_named else paths)


def _is_workspace(path: Path) -> bool:
    """Whether `path` is a TF_FILES: it holds what belongs there or what an earlier page left, or nothing yet."""
    if (path / own_names.FOLDER / own_names.DECISIONS).exists():
        return True
    names = {entry.name for entry in path.iterdir() if not entry.name.startswith(".")}
    return not names or bool(names & {DATA, WEIGHTS, "model.onnx"}) or path.name == arguments.TF_FILES.name
