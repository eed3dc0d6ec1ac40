"""Finding, reading and publishing, on real files of every kind."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.files import count_files, digest, find, read, refuse_overlap, write_aside_and_replace
from pigeonhole.files.read import MAX_BYTES
from pigeonhole.records import Failed, Found, Skipped
from trees import RED, tree, write_pictures


def outcomes(folder: Path, *, recursive: bool = True) -> dict[str, str]:
    return {
        str(item.path.relative_to(folder)): "found" if isinstance(item, Found) else item.reason
        for item in find(folder, recursive=recursive)
    }


def test_every_file_is_either_found_or_skipped_with_a_reason(tmp_path: Path) -> None:
    write_pictures(tmp_path, {"a.jpg": RED, "sub/deep/B.PNG": RED})
    (tmp_path / "a.jpg").rename(tmp_path / "no extension")
    (tmp_path / "text.jpg").write_text("no picture, but it says so")
    (tmp_path / "notes.txt").write_text("notes")
    (tmp_path / "empty").touch()
    (tmp_path / "film.crdownload").touch()
    (tmp_path / "._b.jpg").touch()
    (tmp_path / "link.jpg").symlink_to("no extension")
    (tmp_path / "dangling.jpg").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.jpg"))
    assert outcomes(tmp_path) == {
        "no extension": "found",
        "sub/deep/B.PNG": "found",
        "text.jpg": "found",
        "notes.txt": "not a picture",
        "empty": "not a picture",
        "film.crdownload": "unfinished, thrown away, or an editor's copy",
        "._b.jpg": "another program's own file",
        "link.jpg": "a link, which is not followed",
        "dangling.jpg": "a link, which is not followed",
        "loop": "a link, which is not followed",
        "pipe.jpg": "not a file",
        "socket.jpg": "not a file",
    }
    assert count_files(tmp_path) == 12


def test_sub_folders_are_left_alone_when_asked(tmp_path: Path) -> None:
    write_pictures(tmp_path, {"a.jpg": RED, "sub/b.jpg": RED})
    assert outcomes(tmp_path, recursive=False) == {"a.jpg": "found"}
    assert count_files(tmp_path, recursive=False) == 1


def test_folders_nested_deeper_than_python_calls_are_searched(tmp_path: Path) -> None:
    start = Path.cwd()
    try:
        os.chdir(tmp_path)
        for _ in range(1500):  # by steps: the whole path would be too long for one call
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(start)
    try:
        assert all(isinstance(item, Found | Failed) for item in find(tmp_path))
    finally:
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # pytest's own clean-up would recurse too deep


def test_a_name_that_is_no_text_is_found(tmp_path: Path) -> None:
    write_pictures(tmp_path, {"a.jpg": RED})
    odd = os.fsencode(tmp_path) + b"/\xff\xfe\n.jpg"
    (tmp_path / "a.jpg").rename(os.fsdecode(odd))
    assert [os.fsencode(item.path) for item in find(tmp_path)] == [odd]


def test_a_folder_that_may_not_be_listed_is_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pictures(tmp_path, {"a.jpg": RED, "closed/b.jpg": RED})
    scandir = os.scandir

    def refusing(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)  # tests may run as root, for whom nothing is closed
    results = list(find(tmp_path))
    assert [type(item) for item in results] in ([Found, Failed], [Failed, Found])


def test_reading_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UnreadableError, match="not a file"):
        read(tmp_path / "pipe")


def test_reading_a_file_larger_than_any_picture_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "huge.jpg").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(UnreadableError, match="256 MiB"):
        read(tmp_path / "huge.jpg")


def test_a_failed_replacement_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model").write_bytes(b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_aside_and_replace(tmp_path / "model", b"new")
    assert tree(tmp_path) == {"model": digest(b"old")}


@pytest.mark.parametrize("out", ["in", "in/out", ".", "link", "link/out", "in/../in"])
def test_an_output_in_equal_to_or_around_the_input_is_refused(tmp_path: Path, out: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to("in")
    with pytest.raises(UsageError):
        refuse_overlap(tmp_path / "in", tmp_path / out)


@pytest.mark.parametrize("out", ["out", "new/deep/out", "in2"])
def test_an_output_beside_the_input_is_accepted(tmp_path: Path, out: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in2").mkdir()
    refuse_overlap(tmp_path / "in", tmp_path / out)


def test_skipped_says_why(tmp_path: Path) -> None:
    (tmp_path / "Thumbs.db").touch()
    assert list(find(tmp_path)) == [Skipped(tmp_path / "Thumbs.db", "another program's own file")]
