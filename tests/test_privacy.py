"""Nothing leaves the machine: no process asks any other one for anything, and no identity of it is kept in a file."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models import colour_model
from trees import BLUE, GREEN, RED, write_pictures

# Whatever reaches beyond the machine begins with one of these; a name that is looked up is sent to port 53.
OUTWARD = re.compile(r"(connect|sendto|sendmsg|sendmmsg)\(.*(AF_INET|AF_INET6)")
CALLS = "trace=connect,sendto,sendmsg,sendmmsg,execve"

DEPENDENCIES = """
import av, click, cv2, isal, jinja2, matplotlib.pyplot, numpy, onnx, onnxscript, PIL.Image, pillow_heif
import pyarrow.dataset, pyarrow.fs, pyspng, ray.data, rich, scenedetect, scipy, sklearn, timm, torch, torchvision
import watchdog
import pigeonhole, onnxruntime, sys, time
session = onnxruntime.InferenceSession(open(sys.argv[1], "rb").read(), providers=["CPUExecutionProvider"])
time.sleep(float(sys.argv[2]))
"""
SECONDS_TO_SPEAK_UP = 2  # onnxruntime looks a host up within the first second


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def traced(home: Path, *command: str | Path, telemetry: str | None = None) -> list[str]:
    """The lines of the trace of `command` with all that it starts. Its home, caches and settings are in `home`."""
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    trace = home.parent / "trace"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORT_", "XDG_"))}
    environment = {**kept, "HOME": str(home), "OMP_NUM_THREADS": "1"}
    if telemetry is not None:
        environment["ORT_DISABLE_TELEMETRY"] = telemetry
    full = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", CALLS, "-o", str(trace), sys.executable, *map(str, command)]
    result = subprocess.run(full, env=environment, capture_output=True, text=True, check=False)
    if result.returncode and "ptrace" in result.stderr:
        pytest.skip("strace is not allowed here")
    assert result.returncode == 0, result.stderr
    return trace.read_text(errors="replace").splitlines()


def outward(lines: list[str]) -> list[str]:
    return [line for line in lines if OUTWARD.search(line)]


def identities(home: Path) -> list[str]:
    """Files of onnxruntime's maker, wherever in the home they are."""
    paths = (str(path.relative_to(home)) for path in home.rglob("*"))
    return [path for path in paths if re.search("onnxruntime|microsoft|deviceid", path, re.IGNORECASE)]


def write_training_set(tf_files: Path) -> Path:
    for name, colour in (("reds", RED), ("blues", BLUE), ("greens", GREEN)):
        colours = {f"{number}.png": tuple((part + 9 * number) % 256 for part in colour) for number in range(6)}
        write_pictures(tf_files / "data" / name, colours)  # type: ignore[arg-type]
    return tf_files


def test_the_trace_would_show_it(home: Path, tmp_path: Path) -> None:
    """A socket for datagrams that is given an address; nothing is sent."""
    script = "import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.connect(('127.0.0.1', 53))"
    assert len(outward(traced(home, "-c", script))) == 1


def test_the_commands_speak_to_nobody(home: Path, tmp_path: Path) -> None:
    tf_files = write_training_set(tmp_path / "tf")
    run = "-m", "pigeonhole"
    picture = tf_files / "data" / "reds" / "0.png"
    for command in (
        ("train", tf_files, "--backbone", "builtin"),
        ("guess", tf_files, picture),
        ("guess-dir", tf_files, tf_files / "data", tmp_path / "out"),
        ("undo", tmp_path / "out"),
        ("answers", tf_files, tf_files / "data", tmp_path / "table"),
        ("guess-dir", tf_files / "data", tmp_path / "out", "--from-answers", tmp_path / "table"),
    ):
        lines = traced(home, *run, *command)
        assert any("execve" in line for line in lines)
        assert outward(lines) == [], command
        assert identities(home) == [], command


def test_a_command_speaks_to_nobody_where_the_environment_asks_for_telemetry(home: Path, tf_files: Path) -> None:
    picture = write_pictures(tf_files / "in", {"a.png": RED}) / "a.png"
    assert outward(traced(home, "-m", "pigeonhole", "guess", tf_files, picture, telemetry="0")) == []
    assert identities(home) == []


@pytest.mark.real("imports every dependency under strace")
def test_no_dependency_speaks_to_anybody_by_being_there(home: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(colour_model())
    lines = traced(home, "-c", DEPENDENCIES, tmp_path / "model.onnx", str(SECONDS_TO_SPEAK_UP))
    assert outward(lines) == []
    assert identities(home) == []


def test_the_python_face_speaks_to_nobody(home: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(colour_model())
    picture = write_pictures(tmp_path / "in", {"a.png": RED}) / "a.png"
    script = (
        "import sys, time\nfrom pigeonhole import Classifier\n"
        "assert Classifier.load(sys.argv[1]).guess(sys.argv[2]).label == 'red_things'\n"
        "time.sleep(float(sys.argv[3]))"
    )
    lines = traced(home, "-c", script, tmp_path / "model.onnx", picture, str(SECONDS_TO_SPEAK_UP), telemetry="0")
    assert outward(lines) == []
    assert identities(home) == []
