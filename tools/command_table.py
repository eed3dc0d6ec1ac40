"""What src/commands.sh says of each command, for the pages and the tests that are held to it."""

import shlex
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "src" / "commands.sh"


@dataclass(frozen=True)
class Row:
    """One command. The fields are the columns, which the file explains."""

    command: str
    script: str
    where: str
    network: str
    paths: str
    files: str
    purpose: str

    @property
    def call(self) -> tuple[str, ...]:
        """What stands behind `bash`."""
        return (self.script,) if self.script else ("pigeonhole.sh", self.command)


def read() -> list[Row]:
    """The rows in their order."""
    lines = FILE.read_text().replace("\\\n", " ").splitlines()
    return [Row(*words) for _, *words in filter(None, (shlex.split(line, comments=True) for line in lines))]
