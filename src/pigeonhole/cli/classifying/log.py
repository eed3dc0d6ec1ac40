"""`pigeonhole log`: what was done in an output folder."""

from pathlib import Path

import click

from pigeonhole.output.history_table import write_csv, write_json, write_table
from pigeonhole.placing import journal_entries


@click.command("log")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values; file names as their raw bytes.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object per file.")
def command(out: Path, as_csv: bool, as_json: bool) -> None:
    """List what was sorted into OUT: every file with its guess, its place and its state, the oldest first."""
    write = write_csv if as_csv else write_json if as_json else write_table
    write(out, journal_entries(out))
