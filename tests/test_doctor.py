"""What `pigeonhole doctor` says is so, and it finds what is in the way."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from commands import imported_by, pigeonhole
from disks import needs_root, read_only
from pigeonhole import __version__
from test_imports import HEAVY, without_training

NAMES = "pigeonhole python packages training processors memory gpu container tf_files temporary model weights telemetry"


def facts(*arguments: str | Path, **environment: str) -> dict[str, dict[str, Any]]:
    result = pigeonhole("doctor", *arguments, "--json", environment=environment)
    found: dict[str, dict[str, Any]] = json.loads(result.stdout)
    return found


def tree(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path.relative_to(folder)), path.stat().st_mtime_ns) for path in (folder, *folder.rglob("*")))


def test_it_says_what_is_here_and_changes_nothing(tf_files: Path) -> None:
    (tf_files / "weights").mkdir()
    (tf_files / "weights" / "resnet50-0676ba61.pth").touch()
    before = tree(tf_files)

    result = pigeonhole("doctor", tf_files)

    assert (result.returncode, result.stderr) == (0, "")
    *lines, last = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == NAMES.split()
    assert last == "Nothing is in the way."
    digest = hashlib.sha256((tf_files / "model.onnx").read_bytes()).hexdigest()
    told = dict(line.split(maxsplit=1) for line in lines)
    assert __version__ in told["pigeonhole"]
    assert sys.executable in told["python"]
    assert "3 categories, made by hand" in told["model"]
    assert digest in told["model"]
    assert told["weights"] == "resnet50-0676ba61.pth"
    assert tree(tf_files) == before


def test_a_programme_can_read_it(tf_files: Path) -> None:
    found = facts(tf_files)

    assert list(found) == NAMES.split()
    assert all(each["ok"] and each["sentence"] for each in found.values())
    assert found["model"]["labels"] == ["blue_things", "green_things", "red_things"]
    assert found["packages"]["versions"]["numpy"]
    assert found["processors"]["usable"] <= found["processors"]["machine"]


def test_before_the_first_training_nothing_is_in_the_way(tmp_path: Path) -> None:
    found = facts(tmp_path)
    assert found["model"]["sentence"].startswith("there is none")
    assert found["model"]["ok"]

    elsewhere = pigeonhole("doctor", cwd=tmp_path)  # where there is no tf_files
    assert elsewhere.returncode == 0
    assert f"there is none at {tmp_path}/tf_files" in elsewhere.stdout


def test_a_folder_that_is_named_and_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    result = pigeonhole("doctor", tmp_path / "no\nsuch")
    assert result.returncode == 2
    assert result.stderr == f"pigeonhole: There is no folder {tmp_path}/no\\nsuch. Check the name.\n"


@pytest.mark.parametrize("content", [b"", b"no model", None])
def test_a_model_that_cannot_be_used_is_in_the_way(tf_files: Path, content: bytes | None) -> None:
    model = tf_files / "model.onnx"
    if content is None:
        model.unlink()
        model.mkdir()
    else:
        model.write_bytes(content)

    result = pigeonhole("doctor", tf_files)

    assert result.returncode == 3
    assert "PROBLEM" in next(line for line in result.stdout.splitlines() if line.startswith("model"))
    assert result.stdout.endswith("In the way: model.\n")


@needs_root
@pytest.mark.parametrize("name", ["", "cache", "report"])
def test_a_folder_that_cannot_be_written_to_is_in_the_way(tf_files: Path, name: str) -> None:
    folder = tf_files / name
    folder.mkdir(exist_ok=True)
    with read_only(folder):
        result = pigeonhole("doctor", tf_files)

    assert result.returncode == 5
    assert f"PROBLEM: {folder} cannot be written to" in result.stdout


def test_it_works_where_only_classifying_is_installed(tf_files: Path) -> None:
    result = without_training("doctor", str(tf_files))
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("Nothing is in the way.\n")
    assert not imported_by("doctor", tf_files) & HEAVY


HIDING = """
import sys, importlib.metadata as metadata
real = metadata.version
def version(name):
    if name in sys.argv[1].split(","):
        raise metadata.PackageNotFoundError(name)
    return "1.0" if name == sys.argv[2] else real(name)
metadata.version = version
from pigeonhole import cli
sys.exit(cli.run(["doctor", *sys.argv[3:]]))
"""


@pytest.mark.parametrize(
    ("hidden", "added", "code", "sentence"),
    [
        ("torch,jinja2", "", 0, "cannot train, without torch, jinja2: pip install 'pigeonhole[train]'"),
        ("onnxruntime,onnxruntime-gpu", "", 2, "PROBLEM: onnxruntime is not installed."),
        ("", "onnxruntime-gpu", 2, "PROBLEM: onnxruntime and onnxruntime-gpu overwrite each other."),
    ],
)
def test_packages_that_are_missing_or_in_each_others_way_are_named(
    tmp_path: Path, hidden: str, added: str, code: int, sentence: str
) -> None:
    command = [sys.executable, "-c", HIDING, hidden, added, str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == code, result.stderr
    assert sentence in result.stdout


ENGINES = {
    "echo 'Server:'; echo ' Server Version: 28.2.2'": "28.2.2 answers and runs the commands of the scripts",
    "echo 'Client:'; echo 'ERROR: no permission for the socket' >&2; echo 'errors while printing' >&2; exit 1": (
        "does not answer, so the scripts run from .venv: ERROR: no permission for the socket"
    ),
    "exit 1": "does not answer, so the scripts run from .venv: it gives no reason",
}


@pytest.mark.parametrize("script", ENGINES)
def test_of_the_container_engine_it_says_whether_it_answers_and_why_not(tmp_path: Path, script: str) -> None:
    engine = tmp_path / "my engine"
    engine.write_text(f"#!/bin/sh\n{script}\n")
    engine.chmod(0o755)

    assert facts(tmp_path, DOCKER=str(engine))["container"]["sentence"] == f"{engine} {ENGINES[script]}"


def test_without_an_engine_it_says_so(tmp_path: Path) -> None:
    assert "there is no none-such here" in facts(tmp_path, DOCKER="none-such")["container"]["sentence"]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_processors_that_may_not_be_used_are_not_counted(tmp_path: Path) -> None:
    one = min(os.sched_getaffinity(0))
    command = f"import os; os.sched_setaffinity(0, [{one}]); from pigeonhole import cli; cli.run(['doctor', '--json'])"
    result = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=tmp_path)
    found = json.loads(result.stdout)["processors"]
    assert found["usable"] == found["affinity"] == 1
    assert found["machine"] == 1 or "(affinity)" in found["sentence"]


def test_the_memory_is_the_machines(tmp_path: Path) -> None:
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        pytest.skip("no Linux")
    found = re.search(r"MemTotal:\s+(\d+) kB", meminfo.read_text())
    assert found is not None
    assert facts(tmp_path)["memory"]["total"] == int(found[1]) * 1024


@pytest.mark.parametrize("value", ["1", "0", ""])
def test_telemetry_is_off_whatever_the_environment_says(tmp_path: Path, value: str) -> None:
    assert facts(tmp_path, ORT_DISABLE_TELEMETRY=value)["telemetry"]["off"] is True
