"""--cluster local: a Ray cluster of this machine alone, of which nothing is left."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from commands import pigeonhole
from models import write_colour_model
from oracle import assert_exactly_once, assert_nothing_lost, contents
from trees import tree
from watching import HANGS, names, wait_until


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What tests/local_cluster.py has seen."""
    folder = tmp_path_factory.mktemp("local")
    (folder / "in").mkdir()
    for name, data in (("crash", b"crash"), ("kill", b"kill"), ("good", b"\x01"), ("fine", b"\x02")):
        (folder / "in" / f"{name}.png").write_bytes(data)
    program = Path(__file__).with_name("local_cluster.py")
    command: list[str | Path] = [sys.executable, program, write_colour_model(folder / "tf"), folder / "in"]
    variables = {**os.environ, "PYTHONPATH": str(program.parent)}
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_TMPDIR"):  # of the other nodes
        variables.pop(name, None)
    ran = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=HANGS, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    seen: dict[str, Any] = json.loads(ran.stdout)
    return seen


@pytest.mark.real("a cluster under strace")
def test_a_cluster_of_this_machine_speaks_to_nobody_and_leaves_nothing(local: dict[str, Any]) -> None:
    """Its use is not told, and it keeps out whoever lacks the token that nobody else has."""
    assert local["tells"] is False
    assert local["worker"]["RAY_USAGE_STATS_ENABLED"] == "0"
    assert local["worker"]["RAY_AUTH_MODE"] == "token"
    assert len(local["worker"]["RAY_AUTH_TOKEN"]) == 64
    assert not Path(local["folder"]).exists()


def test_a_file_that_kills_its_decoder_on_a_node_costs_that_file(local: dict[str, Any]) -> None:
    dead = [[f"{name}.png", "unreadable"] for name in ("crash", "kill")]
    assert local["results"] == sorted([*dead, ["good.png", "answered"], ["fine.png", "answered"]])


@pytest.mark.long("trains on the superheroes, and starts a cluster of its own several times")
def test_the_superheroes_get_the_same_names_and_bytes_as_without(
    superheroes: Path, shared: Path, tmp_path: Path
) -> None:
    pictures = shared / "data" / "superheroes" / "test"
    assert pigeonhole("guess-dir", superheroes, pictures, tmp_path / "one", "--cluster", "local").returncode == 0
    assert pigeonhole("guess-dir", superheroes, pictures, tmp_path / "other").returncode == 0
    assert tree(tmp_path / "one") == tree(tmp_path / "other")
    assert len(tree(tmp_path / "one")) == 25


def has_begun(source: Path, left: int, process: "subprocess.Popen[bytes]") -> bool:
    return len(names(source)) < left or process.poll() is not None


@pytest.mark.long("trains on the superheroes, and starts a cluster of its own several times")
def test_a_move_by_a_cluster_that_is_killed_at_random_moments_loses_and_doubles_nothing(
    superheroes: Path, shared: Path, tmp_path: Path
) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    shutil.copytree(shared / "data" / "superheroes" / "train", source, copy_function=shutil.copyfile)
    before = contents(source)
    chance = random.Random(18)
    arguments = str(superheroes), str(source), str(out), "--move", "--cluster", "local"
    died = 0
    while died < 6 and (left := len(names(source))):
        with subprocess.Popen([sys.executable, "-m", "pigeonhole", "guess-dir", *arguments]) as process:
            wait_until(partial(has_begun, source, left, process), "moving one")
            time.sleep(chance.uniform(0, 1))
            process.kill()
        died += process.returncode == -signal.SIGKILL
        assert_nothing_lost(before, source, out)
    assert died >= 3
    result = pigeonhole("guess-dir", *arguments)
    assert result.returncode in (0, 4), result.stderr
    assert_exactly_once(before, source, out)
    assert not contents(source)
