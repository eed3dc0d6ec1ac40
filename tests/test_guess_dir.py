import json
import os
import shutil
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from commands import TIMEOUT, measured, pigeonhole
from trees import BLUE, GREEN, RED, tree, write_pictures

ODD_NAMES = ("with space.png", 'quote\'s "double".png', "new\nline.png", "-dash.png", "emoji 😀.png", "$(id).png")


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """What a downloads folder may hold: 12 pictures that can be read, 4 that cannot, and 2 files that are none."""
    folder = write_pictures(tmp_path / "in", dict.fromkeys(ODD_NAMES, RED))
    write_pictures(folder, {"equal 1.png": GREEN, "equal 2.png": GREEN, "sub/deeper/c.JPG": BLUE, "sub/c.jpg": BLUE})
    buffer = BytesIO()
    Image.effect_noise((300, 200), 90).convert("RGB").save(buffer, "JPEG")
    (folder / "truncated.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "really a jpeg.png").write_bytes(buffer.getvalue())
    (folder / "no extension").write_bytes(buffer.getvalue())
    (folder / "text.jpg").write_text("this is no picture")
    (folder / "empty.jpg").touch()
    Image.new("1", (13_000, 13_000)).save(folder / "bomb.png")
    (folder / "notes.txt").write_text("notes")
    (folder / "half.jpg.crdownload").write_bytes(b"\xff\xd8\xff")
    return folder


def test_a_folder_with_everything_in_it_is_sorted_and_nothing_is_lost(
    tf_files: Path, odd_folder: Path, tmp_path: Path
) -> None:
    before = tree(odd_folder)
    out = tmp_path / "a new folder" / "out"
    result = pigeonhole("guess-dir", tf_files, odd_folder, out, "--json")
    *outcomes, summary = [json.loads(line) for line in result.stdout.splitlines()]

    assert result.returncode == 1
    counts = {name: summary[name] for name in ("seen", "sorted", "unknown", "unreadable", "skipped", "failed")}
    assert counts == {"seen": 18, "sorted": 12, "unknown": 0, "unreadable": 4, "skipped": 2, "failed": 0}
    assert tree(odd_folder) == before
    placed = [each for each in outcomes if each["outcome"] == "sorted"]
    aside = {f"_unreadable/{name}" for name in ("truncated.jpg", "text.jpg", "empty.jpg", "bomb.png")}
    assert set(tree(out)) == {Path(each["target"]).name for each in placed} | aside
    for each in placed:
        target, source = Path(each["target"]), Path(each["path"])
        assert target.read_bytes() == source.read_bytes()
        assert target.name.startswith(f"{each['category']}-{each['score']:.5f}")
        assert target.name.endswith(source.suffix)
    unreadable = {Path(each["path"]).name: each["reason"] for each in outcomes if each["outcome"] == "unreadable"}
    assert set(unreadable) == {"truncated.jpg", "text.jpg", "empty.jpg", "bomb.png"}
    assert "megapixels" in unreadable["bomb.png"]
    assert unreadable["empty.jpg"] == "the file is empty"


def test_names_are_category_score_and_extension_and_equal_ones_are_numbered(
    tf_files: Path, odd_folder: Path, tmp_path: Path
) -> None:
    pigeonhole("guess-dir", tf_files, odd_folder, tmp_path / "out")
    names = sorted(tree(tmp_path / "out"))
    green = [name for name in names if name.startswith("green")]
    # The two of noise are a tie between the colours; one of them has no extension, and gets none.
    blue = [name for name in names if name.startswith("blue")]
    assert green == ["green_things-0.99998-2.png", "green_things-0.99998.png"]
    assert [Path(name).suffix for name in blue if "0.33333" not in name] == [".JPG", ".jpg"]
    assert "red_things-0.99998-6.png" in names


def test_the_odd_folder_needs_less_than_a_gigabyte(tf_files: Path, odd_folder: Path, tmp_path: Path) -> None:
    result = measured("guess-dir", tf_files, odd_folder, tmp_path / "out")
    assert result.returncode == 1
    assert result.peak_bytes < 1024**3


def test_the_summary_adds_up_and_problems_are_named(tf_files: Path, odd_folder: Path, tmp_path: Path) -> None:
    result = pigeonhole("guess-dir", tf_files, odd_folder, tmp_path / "out")
    assert "18 seen = 12 sorted + 0 unknown + 4 unreadable + 2 skipped + 0 failed" in result.stderr
    assert result.stderr.count("unreadable: ") == 4
    assert f"unreadable: {odd_folder / 'text.jpg'}: it is not a picture" in result.stderr


def test_a_second_run_overwrites_nothing(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    out = tmp_path / "out"
    out.mkdir()
    (out / "red_things-0.99998.png").write_text("somebody else's file")
    assert pigeonhole("guess-dir", tf_files, pictures, out).returncode == 0
    assert (out / "red_things-0.99998.png").read_text() == "somebody else's file"
    assert set(tree(out)) == {"red_things-0.99998.png", "red_things-0.99998-2.png"}


def test_sub_folders_are_left_alone_when_asked(tf_files: Path, odd_folder: Path, tmp_path: Path) -> None:
    pigeonhole("guess-dir", tf_files, odd_folder / "sub", tmp_path / "out", "--no-recursive")
    assert set(tree(tmp_path / "out")) == {"blue_things-0.99998.jpg"}


def test_two_folders_are_enough_beside_tf_files(tf_files: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {"a.png": RED})
    tf_files.rename(tmp_path / "tf_files")
    assert pigeonhole("guess-dir", "in", "out", cwd=tmp_path).returncode == 0
    assert set(tree(tmp_path / "out")) == {"red_things-0.99998.png"}


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["in"], 2, "Expected two or three folders"),
        (["a", "b", "c", "d"], 2, "Expected two or three folders"),
        (["tf_files", "nowhere", "out"], 2, "nowhere is not a folder."),
        (["tf_files", "in", "in/a.png"], 2, "in/a.png is a file."),
        (["tf_files", "in", "in/out"], 2, "or lies inside it."),
        (["tf_files", "in", "."], 2, "in lies in ."),
        (["nowhere", "in", "out"], 3, "There is no model at nowhere/model.onnx."),
        (["tf_files", "nothing", "out"], 4, "There is no picture in nothing."),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence_and_touches_nothing(
    tf_files: Path, tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    write_pictures(tmp_path / "in", {"a.png": RED})
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing" / "notes.txt").write_text("notes")
    tf_files.rename(tmp_path / "tf_files")
    before = tree(tmp_path)
    result = pigeonhole("guess-dir", *arguments, cwd=tmp_path)
    assert result.returncode == code
    assert sentence in result.stderr
    assert tree(tmp_path) == before


def test_a_damaged_model_is_refused_before_anything_is_made(tf_files: Path, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {"a.png": RED})
    model = tf_files / "model.onnx"
    model.write_bytes(model.read_bytes()[:400])
    result = pigeonhole("guess-dir", tf_files, tmp_path / "in", tmp_path / "out")
    assert result.returncode == 3
    assert "it is cut off, or no ONNX file at all" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system to fill")
def test_a_full_disk_ends_the_run_with_a_sentence_and_leaves_no_part(tf_files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(8):
        Image.effect_noise((700, 700), 90).save(folder / f"{number}.png")
    before = tree(folder)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", out], check=True)
    try:
        result = pigeonhole("guess-dir", tf_files, folder, out)
        assert result.returncode == 5
        assert "cannot be written: No space left on device" in result.stderr
        copied = tree(out)
        assert set(copied.values()) <= set(before.values())
        assert tree(folder) == before
    finally:
        subprocess.run(["umount", out], check=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_only_complete_files(tf_files: Path, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "in"
    write_pictures(folder, {"first.png": RED})
    for copy in range(1200):
        shutil.copyfile(folder / "first.png", folder / f"{copy}.png")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "pigeonhole", "guess-dir", str(tf_files), str(folder), str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + TIMEOUT
        while not (out.is_dir() and len(os.listdir(out)) > 20) and time.monotonic() < deadline:  # noqa: PTH208
            time.sleep(0.01)
        process.send_signal(number)
        _, errors = process.communicate(timeout=TIMEOUT)
    assert process.returncode == 130
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert len(tree(folder)) == 1201
    assert set(tree(out).values()) == set(tree(folder).values())
    assert all(path.suffix == ".png" for path in out.iterdir() if path.is_file())
