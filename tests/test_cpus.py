from pathlib import Path

import pytest

from pigeonhole.cpus import available_cpus


@pytest.mark.parametrize(("quota", "cpus"), [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1)])
def test_a_containers_quota_counts_not_the_hosts_processors(tmp_path: Path, quota: str, cpus: int) -> None:
    (tmp_path / "cpu.max").write_text(quota + "\n")
    assert available_cpus(tmp_path / "cpu.max") == cpus


@pytest.mark.parametrize("quota", ["max 100000\n", "", "what is this"])
def test_without_a_quota_all_processors_are_used(tmp_path: Path, quota: str) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert available_cpus(tmp_path / "cpu.max") == available_cpus(tmp_path / "no such file") >= 1
