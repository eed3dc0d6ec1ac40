"""How many processors there are to work with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pigeonhole.cpus import available_cpus, share_processors


@pytest.fixture(autouse=True)
def eight_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


@pytest.mark.parametrize(
    ("quota", "cpus"),
    [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1), ("250000 100000", 2), ("1600000 100000", 8)],
)
def test_a_containers_quota_counts_not_the_hosts_processors(tmp_path: Path, quota: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert available_cpus(tmp_path / "cpu.max") == cpus


@pytest.mark.parametrize("quota", ["max 100000\n", "", "what is this"])
def test_without_a_quota_all_processors_are_used(tmp_path: Path, quota: str) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert available_cpus(tmp_path / "cpu.max") == 8
    assert available_cpus(tmp_path / "no such file") == 8


VARIABLES = ("OMP_WAIT_POLICY", "OMP_NUM_THREADS")


def variables(monkeypatch: pytest.MonkeyPatch, quota_file: Path, **by_user: str) -> tuple[str | None, ...]:
    """What OpenMP will read, the user having set `by_user`."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", dict(by_user))
        share_processors(quota_file)
        return tuple(os.environ.get(name) for name in VARIABLES)


def test_threads_that_wait_sleep_and_are_as_many_as_the_quota_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cpu.max").write_text("250000 100000\n")
    assert variables(monkeypatch, tmp_path / "cpu.max") == ("PASSIVE", "2")
    assert variables(monkeypatch, tmp_path / "no such file") == ("PASSIVE", None)


def test_what_the_user_has_set_for_threads_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpu.max").write_text("250000 100000\n")
    by_user = {"OMP_WAIT_POLICY": "ACTIVE", "OMP_NUM_THREADS": "1"}
    assert variables(monkeypatch, tmp_path / "cpu.max", **by_user) == ("ACTIVE", "1")


def test_the_command_line_says_so_before_anything_calculates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    script = (
        "import atexit, os, sys\n"
        "atexit.register(lambda: print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules))\n"
        "sys.argv = ['pigeonhole', '--version']\n"
        "from pigeonhole.cli import main\n"
        "main()\n"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "PASSIVE False"
