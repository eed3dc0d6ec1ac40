"""Writes docs/options.md, and each command's line in src/commands.sh, from the commands' own help.

    python tools/write_options.py            writes them
    python tools/write_options.py --check    says whether they have to be written

What stands above the mark in the page is written by hand and stays.
"""

import re
import sys
from importlib import import_module
from inspect import cleandoc
from pathlib import Path

import click

import command_table
from pigeonhole.cli import COMMANDS

PAGE = Path(__file__).parents[1] / "docs" / "options.md"
MARK = "<!-- What follows is written by tools/write_options.py. -->\n"


def main() -> int:
    stale = [path for path, text in (page(), table()) if path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.name} is not what the commands say. Run: python tools/write_options.py")
        return 1 if stale else 0
    for path, text in (page(), table()):
        path.write_text(text)
    return 0


def page() -> tuple[Path, str]:
    by_hand, mark, _ = PAGE.read_text().partition(MARK)
    if not mark:
        raise ValueError(f"{PAGE} has lost its mark: {MARK}")
    return PAGE, by_hand + mark + "".join(map(section, command_table.read()))


def table() -> tuple[Path, str]:
    text = command_table.FILE.read_text()
    for row in command_table.read():
        text = text.replace(f"'{row.purpose}'", f"'{purpose(row.command)}'")
    return command_table.FILE, text


def purpose(name: str) -> str:
    """The first sentence of the command's help."""
    sentence: str = import_module(COMMANDS[name]).command.get_short_help_str(limit=1000)
    if "'" in sentence:
        raise ValueError(f"An apostrophe cannot stand in the shell's table: {sentence}")
    return sentence


def section(row: command_table.Row) -> str:
    """The part of the page about one command."""
    command: click.Command = import_module(COMMANDS[row.command]).command
    usage = " ".join(["bash", *row.call, re.sub(r":[a-z]+", "", row.paths), "[options]"])
    text = cleandoc(command.help or "").split("\f")[0]
    context = click.Context(command, info_name=row.command)
    taken = [each for each in command.params if isinstance(each, click.Option)]
    options = [record for each in taken if (record := each.get_help_record(context))]
    lines = [f"| `{in_cell(option)}` | {in_cell(prose(meaning))} |" for option, meaning in options]
    table = "\n".join(["", "| option | meaning |", "|---|---|", *lines, ""]) if lines else ""
    return f"\n## {row.command}\n\n    {usage}\n\n{prose(text)}\n{table}"


def in_cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def prose(text: str) -> str:
    """As Markdown shows it: <category> is no tag of HTML, and a star no emphasis."""
    return re.sub(r"([<*])", r"\\\1", text)


if __name__ == "__main__":
    sys.exit(main())
