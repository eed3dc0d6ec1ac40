"""What import-linter cannot see: what a fresh interpreter loads, and what is said where a library is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from commands import imported_by, pigeonhole
from pigeonhole.cli import COMMANDS
from trees import RED, write_pictures

HEAVY = {"torch", "torchvision", "onnx", "onnxscript", "sklearn", "scipy", "matplotlib"}


def test_guess_imports_nothing_that_only_training_needs(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    assert not imported_by("guess", tf_files, pictures / "a.png") & HEAVY


def test_training_without_a_report_imports_nothing_that_draws(tmp_path: Path) -> None:
    for name, red in (("a", 250), ("b", 5)):
        write_pictures(tmp_path / "data" / name, {f"{number}.png": (red, 9 * number, 90) for number in range(8)})
    loaded = imported_by("train", tmp_path, "--backbone", "builtin", "--no-report")
    assert (tmp_path / "model.onnx").is_file()
    assert not loaded & {"matplotlib", "jinja2"}


def test_help_waits_for_no_numpy() -> None:
    script = "import sys, pigeonhole.cli as cli; cli.run(['--version']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"numpy", "PIL", "onnxruntime"} & set(loaded)


WITHOUT_TRAINING = """
import sys
from pigeonhole import cli
for name in cli.OF_TRAINING | cli.OF_PREPARING:
    sys.modules[name] = None
sys.exit(cli.run(sys.argv[1:]))
"""


def without_training(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """A command line where nothing that training needs is installed, as in the image that guesses."""
    command = [sys.executable, "-c", WITHOUT_TRAINING, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_every_command_explains_itself_where_only_classifying_is_installed() -> None:
    help_ = without_training("--help")
    assert (help_.returncode, help_.stderr) == (0, "")
    for name in COMMANDS:
        assert name in help_.stdout
        assert without_training(name, "--help").returncode == 0


def test_what_needs_more_says_how_to_get_it(tf_files: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_pictures(tmp_path / "data" / name, {f"{number}.png": (number, 9, 9) for number in range(3)})
    for arguments in (
        ("evaluate", tf_files, tmp_path / "data"),
        ("check", tmp_path),
        ("compare", tmp_path),
        ("train", tmp_path),
    ):
        result = without_training(*arguments)
        assert result.returncode == 2, arguments
        assert result.stderr.strip().endswith("Install it with: pip install 'pigeonhole[train]'"), result.stderr
        assert "Traceback" not in result.stderr


def test_the_python_face_is_one_import(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    script = (
        "import sys; from pigeonhole import Classifier\n"
        "guess = Classifier.load(sys.argv[1]).guess(sys.argv[2])\n"
        "print(guess.label, 0.99 < guess.score <= 1, len(guess.ranking))"
    )
    arguments = [sys.executable, "-c", script, str(tf_files / "model.onnx"), str(pictures / "a.png")]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert result.stdout == "red_things True 3\n"


@pytest.mark.parametrize("library", ["onnxruntime", "pyarrow"])
def test_ctrl_c_while_a_library_is_loaded_is_an_interrupt(tf_files: Path, tmp_path: Path, library: str) -> None:
    """Loaders of compiled modules make an ImportError of it, which once was taken for a library that is missing."""
    (tmp_path / "site").mkdir()
    module = tmp_path / "site" / f"{library}.py"
    module.write_text("raise ImportError('initialization failed') from KeyboardInterrupt()")
    write_pictures(tmp_path / "in", {"a.png": RED})
    result = pigeonhole(
        "answers", tf_files, tmp_path / "in", tmp_path / "out", environment={"PYTHONPATH": str(tmp_path / "site")}
    )
    assert result.returncode == 130
    assert result.stderr == "pigeonhole: Interrupted. No file is left half-done; run it again to go on.\n"
