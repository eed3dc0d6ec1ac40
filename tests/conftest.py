"""What many tests start from: real pictures, a real model, a trained one."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from commands import pigeonhole
from models import write_colour_model

# Tests that run in the background may have been told to ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PIGEONHOLE_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real pictures and weights, which are not part of the project: without them a test skips, in CI it fails."""
    if not (SHARED / "data").is_dir():
        reason = "needs the real pictures and weights in ../shared, which are not part of the project"
        if os.environ.get("PIGEONHOLE_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture
def tf_files(tmp_path: Path) -> Path:
    """A TF_FILES whose model says which of red, green and blue a picture has most of."""
    return write_colour_model(tmp_path / "tf files")


@pytest.fixture(scope="session")
def superheroes(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES trained on the 482 pictures of two heroes; `training.txt` in it holds what was printed."""
    tf_files = tmp_path_factory.mktemp("superheroes")
    shutil.copytree(shared / "data" / "superheroes" / "train", tf_files / "data", copy_function=shutil.copyfile)
    (tf_files / "weights").mkdir()
    shutil.copyfile(shared / "weights" / "mobilenet_v2.pth", tf_files / "weights" / "mobilenet_v2.pth")
    result = pigeonhole("train", tf_files)
    assert result.returncode == 0, result.stderr
    (tf_files / "training.txt").write_text(result.stdout)
    return tf_files
