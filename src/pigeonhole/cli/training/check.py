"""`pigeonhole check`: what is wrong with the training pictures?"""

import json
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.errors import UsageError
from pigeonhole.output import Terminal
from pigeonhole.text import printable, quantity
from pigeonhole.workspace import Workspace

if TYPE_CHECKING:
    from pigeonhole.check import Finding

MOST_SHOWN = 20  # of each kind


@click.command("check")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
@click.option(
    "--backbone",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="The network that measures similarity; values as for train.",
)
@click.option(
    "--weights", metavar="FILE", type=click.Path(path_type=Path), help="Weights for the backbone (a state dict)."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the cross-validation split.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per finding.")
@click.option(
    "--moves",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write a list of suggested moves to FILE, for you to edit.",
)
@click.option(
    "--apply",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Carry out the moves listed in FILE, and do nothing else.",
)
def command(
    tf_files: Path,
    *,
    backbone: str,
    weights: Path | None,
    seed: int,
    as_json: bool,
    moves: Path | None,
    apply: Path | None,
) -> int:
    """Look for problems in TF_FILES/data: unreadable files, duplicates, wrong labels, shortcuts.

    Nothing is moved or deleted unless you pass a list with --apply. The exit code is 1 if there are errors.
    """
    if apply:
        if moves or as_json:
            raise UsageError(
                "--apply carries out a list of moves and does nothing else.", "Leave --moves and --json out."
            )
        return _apply(apply, tf_files)
    from pigeonhole.check import check
    from pigeonhole.check.moves import write_moves

    if moves and moves.exists():  # before the work rather than after it
        write_moves(moves, tf_files, ())
    checked = check(Workspace(tf_files), backbone=backbone, weights=weights, seed=seed, output=Terminal())
    if as_json:
        for finding in checked.findings:
            click.echo(json.dumps(finding.fields()))
    else:
        _tell(checked.pictures, checked.findings)
    if moves:
        count = write_moves(moves, tf_files, checked.findings)
        click.echo(
            f"{quantity(count, 'move is', 'moves are')} listed in {printable(moves)}. "
            "Delete the lines that you do not want, fill in the "
            "missing targets, and pass the file to --apply.",
            err=as_json,
        )
    return 1 if any(finding.is_error for finding in checked.findings) else 0


def _tell(pictures: int, findings: "tuple[Finding, ...]") -> None:
    from pigeonhole.check.findings import TITLES

    for kind, group in groupby(findings, key=lambda finding: finding.kind):
        found = list(group)
        severity = "error" if found[0].is_error else "hint"
        click.echo(f"{severity}: {TITLES[kind]} ({len(found)})")
        for finding in found[:MOST_SHOWN]:
            names = ", ".join(printable(path) for path in finding.pictures)
            sure = f" ({finding.doubt:.2f})" if finding.doubt is not None else ""
            click.echo(f"  {names}: {finding.sentence}{sure}" if names else f"  {finding.sentence}")
        if len(found) > MOST_SHOWN:
            click.echo(f"  … and {len(found) - MOST_SHOWN} more, which --json lists")
    errors = sum(finding.is_error for finding in findings)
    click.echo(
        f"{quantity(pictures, 'picture')} checked: "
        f"{quantity(errors, 'error')}, {quantity(len(findings) - errors, 'hint')}."
    )


def _apply(path: Path, tf_files: Path) -> int:
    from pigeonhole.check.moves import apply_moves, read_moves

    count = sum(1 for _ in apply_moves(read_moves(path, tf_files)))
    click.echo(f"{quantity(count, 'picture')} moved.")
    return 0
