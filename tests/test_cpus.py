"""How many processors there are to work with."""

import os
from pathlib import Path

import pytest

from pigeonhole.cpus import available_cpus


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
