"""Classifying needs no torch and is quick to start; a fresh interpreter shows what each command loads."""

import subprocess
import sys
from pathlib import Path

from commands import imported_by
from trees import RED, write_pictures

HEAVY = {"torch", "torchvision", "onnx", "onnxscript", "sklearn", "scipy", "matplotlib"}


def test_guess_imports_nothing_that_only_training_needs(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    assert not imported_by("guess", tf_files, pictures / "a.png") & HEAVY


def test_guess_dir_imports_nothing_that_only_training_needs(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    assert not imported_by("guess-dir", tf_files, pictures, tmp_path / "out") & HEAVY


def test_help_waits_for_no_numpy() -> None:
    script = "import sys, pigeonhole.cli as cli; cli.run(['--version']); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "click" in loaded
    assert not {"numpy", "PIL", "onnxruntime"} & set(loaded)


def test_the_python_face_is_one_import(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    script = (
        "import sys; from pigeonhole import Classifier\n"
        "guess = Classifier.load(sys.argv[1]).guess(sys.argv[2])\n"
        "print(guess.category, 0.99 < guess.score <= 1, len(guess.ranking))"
    )
    arguments = [sys.executable, "-c", script, str(tf_files / "model.onnx"), str(pictures / "a.png")]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert result.stdout == "red_things True 3\n"
