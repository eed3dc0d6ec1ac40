"""What the README says of options and exit codes is what the program has."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from commands import pigeonhole
from pigeonhole.cli import COMMANDS

README = (Path(__file__).parents[1] / "README.md").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_stands_in_the_table(name: str) -> None:
    command = import_module(COMMANDS[name]).command
    for parameter in command.params:
        for option in parameter.opts:
            assert not option.startswith("--") or f"`{option}" in README, f"{name} {option}"


def test_every_option_in_the_table_exists() -> None:
    table = README[README.index("## Options") : README.index("Settings in the environment")]
    known = {
        option for name in COMMANDS for each in import_module(COMMANDS[name]).command.params for option in each.opts
    }
    assert {option.split()[0] for option in re.findall(r"`(--[a-z0-9-]+)", table)} <= known | {"--help"}


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
