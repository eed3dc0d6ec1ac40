"""Makes what lies beside this file with an earlier version of pigeonhole: a model and its answers, folders it sorted.

    git worktree add EARLIER cbd7c4f
    PYTHONPATH=EARLIER/src:tests .venv/bin/python tests/previous_version/make.py

Every run is an archive of `in` and `out` as that version left them; those that were interrupted died by SIGKILL.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw

import tiny  # registers the network in torchvision
from pigeonhole import Classifier, steps
from pigeonhole.cli import run

HERE = Path(__file__).parent
SHAPES = ("circle", "square", "stripes")
EDGE = 40  # pixels
# The run, how it is made, and the step of the second file at which it dies (None: it comes through).
RUNS = (
    ("copied", ("guess-dir", "--copy"), None),
    ("moved", ("guess-dir", "--move"), None),
    ("linked", ("guess-dir", "--hardlink"), None),
    ("dead while it copied", ("guess-dir", "--copy"), "part written"),
    ("dead after it copied", ("guess-dir", "--copy"), "published"),
    ("dead while it moved", ("guess-dir", "--move"), "renamed"),
    ("dead while it undid a move", ("undo", "--move"), "taken back"),
    ("dead while it undid a copy", ("undo", "--copy"), "taken back"),
)


def draw(shape: str, path: Path) -> None:
    """One shape in dark on light, somewhere."""
    picture = Image.new("RGB", (EDGE, EDGE), tuple(random.randint(190, 255) for _ in range(3)))
    pen, dark = ImageDraw.Draw(picture), tuple(random.randint(0, 90) for _ in range(3))
    left, top, size = random.randint(2, 10), random.randint(2, 10), random.randint(18, 26)
    if shape == "circle":
        pen.ellipse((left, top, left + size, top + size), fill=dark)
    elif shape == "square":
        pen.rectangle((left, top, left + size, top + size), fill=dark)
    else:
        for row in range(top % 6, EDGE, 6):
            pen.rectangle((0, row, EDGE, row + 2), fill=dark)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, optimize=True)


def trained(work: Path) -> Path:
    """A TF_FILES with a model of the network `tiny`."""
    tf_files = work / "tf_files"
    for shape in SHAPES:
        for number in range(20):
            draw(shape, tf_files / "data" / shape / f"{number}.png")
    for number in range(6):
        Image.effect_noise((EDGE, EDGE), 60 + 10 * number).convert("RGB").save(
            _made(tf_files / "data" / "unknown") / f"{number}.png"
        )
    tiny.write_tiny_weights(tf_files / "weights" / f"{tiny.TINY}.pth")
    assert run(["train", str(tf_files), "--recipe", "probe", "--backbone", tiny.TINY, "--precision", "0.9"]) == 0
    return tf_files


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def answers(model: Path, folder: Path) -> list[dict[str, object]]:
    classifier = Classifier.load(model)
    guesses = [classifier.guess(path) for path in sorted(folder.iterdir())]
    return [{"name": guess.path.name, "ranking": guess.ranking, "doubt": guess.doubt} for guess in guesses]


def sorted_by_it(tf_files: Path, pictures: Path, name: str, how: tuple[str, str], step: str | None) -> None:
    work = Path(tempfile.mkdtemp())
    shutil.copytree(pictures, work / "in")
    command, placing = how
    if command == "undo":
        assert _child("guess-dir", placing, None, tf_files, work) == 0
    assert _child(command, placing, step, tf_files, work) == (0 if step is None else -signal.SIGKILL)
    (work / "source").write_bytes(os.fsencode(work / "in"))  # what the journal calls the folder of the pictures
    with tarfile.open(HERE / f"{name.replace(' ', '-')}.tar.xz", "w:xz") as archive:
        for part in ("source", "in", "out"):
            archive.add(work / part, part)


def _child(command: str, placing: str, step: str | None, tf_files: Path, work: Path) -> int:
    options = [command, placing, step or "", str(tf_files), str(work)]
    return subprocess.run([sys.executable, __file__, *options], check=False).returncode


def child(command: str, placing: str, step: str, tf_files: str, work: str) -> int:
    """One run of the earlier version, which dies when it comes to `step` for the second time."""
    times = 0

    def reached(name: str) -> None:
        nonlocal times
        times += name == step
        if times == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    steps.reached = reached
    source, out = f"{work}/in", f"{work}/out"
    return run(["undo", out] if command == "undo" else ["guess-dir", placing, tf_files, source, out])


def main() -> None:
    random.seed(0)
    work = Path(tempfile.mkdtemp())
    tf_files = trained(work)
    shutil.copy(tf_files / "model.onnx", HERE)
    for number, shape in enumerate(SHAPES * 2):
        draw(shape, work / "pictures" / f"{number}.png")
    Image.effect_noise((EDGE, EDGE), 100).convert("RGB").save(work / "pictures" / "noise.png")
    said = answers(tf_files / "model.onnx", work / "pictures")
    (HERE / "answers.json").write_text(json.dumps(said, indent=1) + "\n")
    for name, how, step in RUNS:
        sorted_by_it(tf_files, work / "pictures", name, how, step)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(child(*sys.argv[1:]))
    main()
