"""What the README and the page of options say is what the program does."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from commands import pigeonhole
from pigeonhole.cli import COMMANDS
from wrappers import TABLE

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


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_a_page_exists(page: Path) -> None:
    """Its script, its command, and every option behind it."""
    text = page.read_text().replace("\n", " ")
    calls = re.findall(r"bash (pigeonhole\.sh [a-z-]+|[a-zA-Z]+\.sh)([^`|]*)", text)
    for call, rest in calls:
        script, _, command = call.partition(" ")
        assert (ROOT / script).is_file(), call
        assert not command or command in COMMANDS, call
        named = command or next((row.command for row in TABLE if row.script == script), "")
        if named and page.name != "options.md":
            known = {option for each in import_module(COMMANDS[named]).command.params for option in each.opts}
            first_line = re.split(r" {4}|\. ", rest)[0]
            assert set(re.findall(r"--[a-z0-9-]+", first_line)) <= known | {"--help"}, call


def test_the_pictures_of_the_readme_are_small_and_need_nothing_from_elsewhere() -> None:
    pictures = list((ROOT / "docs/pictures").iterdir())
    assert {f"docs/pictures/{path.name}" for path in pictures} == set(re.findall(r"!\[[^]]+\]\(([^)]+)\)", README))
    assert all(path.stat().st_size < 100_000 for path in pictures)
    assert not re.findall(r"url\(.?http|<script|href", (ROOT / "docs/pictures/terminal.svg").read_text())


def test_the_glossary_names_what_is_in_the_code() -> None:
    package = ROOT / "src" / "pigeonhole"
    rows = [line.split(" | ") for line in (ROOT / "docs/glossary.md").read_text().splitlines() if " | `" in line]
    assert len(rows) >= 20
    for term, _, places in rows:
        text = ""
        for name in re.findall(r"`([^`]+)`", places):
            if "/" in name or name.endswith(".py"):
                assert (package / name).exists(), term
                text = (package / name).read_text() if name.endswith(".py") else ""
            else:
                assert re.search(rf"^(class|def) {name}\b|^{name}\b.* = ", text, re.MULTILINE), f"{term}: {name}"


def test_the_map_of_rooms_is_the_one_that_import_linter_holds() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = [re.split(r" [|:] ", layer) for layer in contracts[0]["layers"]]
    height = {room: -place for place, layer in enumerate(layers) for room in layer}
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("| rooms | what they own |")[2].partition("\n\n")[0]
    told = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines()[2:]]
    heights = [height[room] for row in told for room in row]
    assert heights[: -len(told[-1])] == sorted(heights[: -len(told[-1])], reverse=True)
    package = ROOT / "src" / "pigeonhole"
    assert {room for row in told for room in row} >= {path.parent.name for path in package.glob("*/__init__.py")}
