"""What the README and the page of options say is what the program does."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from commands import pigeonhole
from pigeonhole.cli import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_page_of_options_and_the_table_are_what_the_commands_say() -> None:
    command = [sys.executable, str(ROOT / "tools/write_options.py"), "--check"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_setting_in_the_environment_is_explained() -> None:
    sources = [*ROOT.glob("src/*.sh"), ROOT / "docker-compose.yml", *ROOT.glob("src/pigeonhole/**/*.py")]
    used = {name for path in sources for name in re.findall(r"PIGEONHOLE_[A-Z_]+", path.read_text())}
    page = (ROOT / "docs/options.md").read_text()
    inside = {
        "PIGEONHOLE_OUT",
        "PIGEONHOLE_UID",
        "PIGEONHOLE_GID",
    }  # set for a container; explained in the Compose file
    assert {name for name in used - inside if f"`{name}=" not in page} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = pigeonhole(name, "--help")
    assert result.returncode == 0
    assert result.stdout.startswith(f"Usage: pigeonhole {name} [OPTIONS]")


def test_the_python_example_is_the_real_face() -> None:
    example = README[README.index("    from pigeonhole import Classifier") : README.index("## How far to trust it")]
    assert "Classifier.load(" in example
    assert ".guess(" in example
    assert {"guess.label", "guess.score"} <= set(re.findall(r"guess\.\w+", example))
