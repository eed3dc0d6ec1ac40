"""Faces are found, cut out, numbered and remembered; where detectors are missing or crash, that is said or survived."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from commands import pigeonhole
from disks import mounted, needs_root
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.origins import mark_of, marked_in
from pigeonhole.faces.animeface import Animeface
from pigeonhole.faces.boxes import Face, Find, merged
from pigeonhole.faces.find import Finder
from pigeonhole.files import digest
from pigeonhole.workspace import Workspace
from scenes import drawn
from trees import tree
from whole_pictures import Whole, whole_picture, write_wholes


@pytest.fixture(scope="session")
def python(animeface: Path) -> Path:
    return animeface


def alone(tmp_path: Path) -> dict[str, str]:
    """An environment for commands in which there is no animeface and none can be fetched."""
    return {"PIGEONHOLE_OFFLINE": "1", "XDG_CACHE_HOME": str(tmp_path / "empty cache"), "PIGEONHOLE_ANIMEFACE": ""}


def holds_face(face: Face, whole: Whole) -> bool:
    """Whether the middle of `face` is on the face of the character."""
    x, y = face.left + face.side / 2 - whole.left, face.top + face.side / 2 - whole.top
    return 70 < x < 170 and 70 < y < 170 and 60 < face.side < 200


def test_a_drawn_face_is_found_where_it_is(python: Path) -> None:
    finder = Finder("drawn", python)
    for number in range(9):
        whole = whole_picture(number % 3, number)
        faces = finder.faces(np.asarray(whole.picture))
        assert any(holds_face(face, whole) for face in faces), number
        assert len(faces) == 1, number


def test_a_tilted_face_is_found_where_it_is(python: Path) -> None:
    found = 0
    for number in range(6):
        whole = whole_picture(number % 3, number)
        middle = whole.left + 120, whole.top + 120
        turned = whole.picture.rotate(35 if number % 2 else -35, Image.Resampling.BICUBIC, center=middle)
        found += any(holds_face(face, whole) for face in Finder("drawn", python).faces(np.asarray(turned)))
    assert found >= 5


def test_a_face_in_a_strip_is_found_where_it_is(python: Path) -> None:
    """In a size that fits the whole length of four pictures beside each other, it would be too small."""
    found = 0
    for number in range(5):
        whole = whole_picture(number % 3, 1000 + number)
        strip = Image.new("RGB", (4 * whole.picture.width, whole.picture.height), (120, 150, 170))
        strip.paste(whole.picture, (whole.picture.width, 0))
        moved = Whole(strip, whole.left + whole.picture.width, whole.top)
        found += any(holds_face(face, moved) for face in Finder("drawn", python).faces(np.asarray(strip)))
    assert found >= 3


def test_nearly_all_real_drawn_faces_are_found(shared: Path, python: Path, tmp_path: Path) -> None:
    result = pigeonhole("faces", shared / "data" / "anime_pictures", tmp_path / "out", "--detector", "drawn")
    assert result.returncode == 0
    faces = [path for path in (tmp_path / "out").iterdir() if path.is_file()]
    pictures = {path.stem.rpartition("-")[0] for path in faces}
    assert len(pictures) >= 12
    assert len(faces) <= len(pictures) + 2


def test_the_cascade_works_alone_and_says_so(shared: Path, tmp_path: Path) -> None:
    pictures, out = shared / "data" / "anime_pictures", tmp_path / "out"
    result = pigeonhole("faces", pictures, out, "--detector", "drawn", environment=alone(tmp_path))
    assert result.returncode == 0
    assert "animeface is not installed, and PIGEONHOLE_OFFLINE=1 forbids to fetch it." in result.stderr
    assert "OpenCV's cascade looks for drawn faces alone" in result.stderr
    assert len(list(out.glob("found_by_cascade_*-1.*"))) >= 7


@needs_root
def test_a_disk_too_small_for_the_detector_is_named_and_left_empty(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    whole_picture(0, 0).picture.save(tmp_path / "in" / "a.png")
    with mounted(tmp_path / "cache", "-o", "size=8m") as cache:
        environment = {"XDG_CACHE_HOME": str(cache), "PIGEONHOLE_ANIMEFACE": "", "PIGEONHOLE_OFFLINE": ""}
        result = pigeonhole("faces", tmp_path / "in", tmp_path / "out", "--detector", "drawn", environment=environment)
        left = [path for path in cache.rglob("*") if path.is_file() and path.suffix != ".lock"]

    assert result.returncode == 0
    assert "animeface cannot be installed into " in result.stderr
    assert "No space left on device" in result.stderr
    assert "network" not in result.stderr
    assert left == []


def test_hardly_any_face_is_found_where_none_is(shared: Path, python: Path) -> None:
    pictures = sorted((shared / "data" / "clothing" / "test" / "shoes").glob("*.jpg"))[:10]
    pictures += sorted((shared / "data" / "clothing" / "test" / "hat").glob("*.jpg"))[:10]
    finder = Finder("drawn", python)
    false = 0
    for path in pictures:
        with Image.open(path) as image:
            false += bool(finder.faces(np.asarray(image.convert("RGB"))))
    assert false <= len(pictures) // 10


def test_faces_are_numbered_named_after_their_picture_and_know_it(python: Path, tmp_path: Path) -> None:
    left, right = whole_picture(0, 1).picture, whole_picture(1, 2).picture
    both = Image.new("RGB", (left.width + right.width, left.height))
    both.paste(left, (0, 0))
    both.paste(right, (left.width, 0))
    (tmp_path / "in" / "deep er").mkdir(parents=True)
    both.save(tmp_path / "in" / "deep er" / "two girls.webp", quality=95)
    both.save(tmp_path / "in" / "both.jpeg", quality=95)
    result = pigeonhole("faces", tmp_path / "in", tmp_path / "out", "--size", "96", "--detector", "drawn")
    assert result.returncode == 0
    assert "4 faces in 2 pictures." in result.stderr
    names = ["both-1.jpeg", "both-2.jpeg", "deep er/two girls-1.png", "deep er/two girls-2.png"]
    assert sorted(tree(tmp_path / "out")) == names
    for name in names:
        data = (tmp_path / "out" / name).read_bytes()
        with Image.open(tmp_path / "out" / name) as image:
            assert image.size == (96, 96)
        source = tmp_path / "in" / ("both.jpeg" if "both" in name else "deep er/two girls.webp")
        assert marked_in(data) == mark_of(digest(source.read_bytes())).partition(":")[2]


def test_margin_and_least_size_are_heeded(python: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    whole_picture(0, 1).picture.save(tmp_path / "in" / "a.png")
    widths = {}
    for margin in ("0", "0.5"):
        out = tmp_path / margin
        assert pigeonhole("faces", tmp_path / "in", out, "--margin", margin, "--detector", "drawn").returncode == 0
        with Image.open(out / "a-1.png") as image:
            widths[margin] = image.width
    assert widths["0.5"] == pytest.approx(2 * widths["0"], abs=2)
    result = pigeonhole("faces", tmp_path / "in", tmp_path / "none", "--min-size", "300", "--detector", "drawn")
    assert sorted(tree(tmp_path / "none")) == ["no-face/a.png"]
    assert "0 faces in 0 pictures, 1 without one is in" in result.stderr


def test_faces_cut_otherwise_do_not_go_into_the_same_folder(python: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    whole_picture(0, 1).picture.save(tmp_path / "in" / "a.png")
    assert pigeonhole("faces", tmp_path / "in", tmp_path / "out", "--detector", "drawn").returncode == 0
    before = tree(tmp_path / "out")
    result = pigeonhole("faces", tmp_path / "in", tmp_path / "out", "--detector", "drawn", "--margin", "0.5")
    assert result.returncode == 2
    assert f"has faces of {tmp_path / 'in' / 'a.png'} that were cut out with other options." in result.stderr
    assert tree(tmp_path / "out") == before


def test_each_folder_gets_the_detector_that_suits_it(python: Path, tmp_path: Path) -> None:
    write_wholes(tmp_path / "drawn", 1)
    assert "--detector drawn" in pigeonhole("faces", tmp_path / "drawn", tmp_path / "out").stderr
    with closing(sqlite3.connect(tmp_path / "out" / ".pigeonhole" / "prepared.sqlite")) as ledger, ledger:
        ledger.execute(
            "UPDATE job SET detail = replace(detail, 'drawn\"}', 'human\"}')"
        )  # as a folder of people leaves it
    (tmp_path / "drawn").rename(tmp_path / "others")
    write_wholes(tmp_path / "drawn", 1)
    assert "--detector human" in pigeonhole("faces", tmp_path / "drawn", tmp_path / "out").stderr
    assert "--detector drawn" in pigeonhole("faces", tmp_path / "others", tmp_path / "out").stderr


def test_pictures_without_a_face_and_broken_ones_are_kept_apart_and_nothing_is_done_twice(
    python: Path, tmp_path: Path
) -> None:
    write_wholes(tmp_path / "in", 1)
    drawn(tmp_path / "in" / "mila", [3])
    (tmp_path / "in" / "nora" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    before = tree(tmp_path / "in")
    result = pigeonhole("faces", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 1
    assert "Looking for drawn faces (--detector drawn)." in result.stderr
    assert "6 seen = 4 done + 1 unreadable + 1 skipped + 0 failed." in result.stderr
    expected = ["_unreadable/nora/broken.png", "mila/mila scene 0-1.jpg", "no-face/mila/d3x.png"]
    expected += ["nora/nora scene 0-1.jpg", "tess/tess scene 0-1.jpg"]
    assert sorted(tree(tmp_path / "out")) == expected
    written = tree(tmp_path / "out")
    assert written["no-face/mila/d3x.png"] == before["mila/d3x.png"]
    (tmp_path / "out" / "mila" / "mila scene 0-1.jpg").unlink()  # which its owner did not want
    again = pigeonhole("faces", tmp_path / "in", tmp_path / "out")
    assert "6 seen = 0 done + 4 from an earlier run + 1 unreadable + 1 skipped + 0 failed." in again.stderr
    del written["mila/mila scene 0-1.jpg"]
    assert tree(tmp_path / "out") == written
    assert tree(tmp_path / "in") == before


def test_what_is_set_aside_is_no_category(python: Path, tmp_path: Path) -> None:
    write_wholes(tmp_path / "in", 2)
    drawn(tmp_path / "in" / "mila", range(3))
    assert pigeonhole("faces", tmp_path / "in", tmp_path / "tf" / "data", "--detector", "drawn").returncode == 0
    assert (tmp_path / "tf" / "data" / "no-face").is_dir()
    dataset = read_dataset(Workspace(tmp_path / "tf"))
    assert dataset.categories == ("mila", "nora", "tess")
    drawn(tmp_path / "other" / "data" / "no-face", range(2))
    drawn(tmp_path / "other" / "data" / "chihiro", range(2, 4))
    assert read_dataset(Workspace(tmp_path / "other")).categories == ("chihiro", "no-face"), "someone's own category"


def test_faces_of_one_picture_are_one_group_for_the_split(tmp_path: Path) -> None:
    for name, source in (("a/x-1.png", 1), ("b/x-2.png", 1), ("a/y-1.png", 2), ("b/z-1.png", 3)):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        note = Image.new("RGB", (8, 8), (source * 9, len(name), ord(name[2])))
        note.save(path.with_suffix(".jpg"), comment=mark_of(digest(bytes([source]))))
    dataset = read_dataset(Workspace(tmp_path))
    unlike = np.random.default_rng(0).integers(0, 256, (4, 32, 32)).astype(np.uint8)
    groups = find_groups(dataset, unlike, None, Workspace(tmp_path))
    names = [str(example.found.relative) for example in dataset.examples]
    assert names == ["x-1.jpg", "y-1.jpg", "x-2.jpg", "z-1.jpg"]
    assert groups[0] == groups[2]
    assert len(set(groups.tolist())) == 3


def test_finds_that_overlap_are_one_face_and_an_eye_is_none() -> None:
    finds = [
        Find(100, 100, 80, "cascade 640", sure=True),
        Find(104, 98, 70, "animeface 640", sure=False),
        Find(90, 95, 20, "cascade 640", sure=False),
        Find(300, 100, 60, "cascade 400", sure=False),
    ]
    first, second = merged(finds)
    assert (first.left, first.top, first.side, first.votes, first.firm) == (60, 60, 80, 2, True)
    assert (second.left, second.sure, second.firm) == (270, False, False)


def test_a_widened_face_stays_in_its_picture() -> None:
    face = Face(0, 0, 100, 1, sure=True, firm=True)
    assert face.widened(0.2, 500, 400) == (0, 0, 140, 140)
    assert Face(420, 350, 60, 1, sure=True, firm=True).widened(0.5, 500, 400) == (380, 280, 500, 400)
    assert face.widened(2, 120, 300) == (0, 0, 120, 120)


def test_an_environment_that_does_not_work_is_no_environment(tmp_path: Path, python: Path) -> None:
    assert Animeface(python).works()
    assert not Animeface(Path(sys.executable)).works()
    assert not Animeface(tmp_path / "none").works()


def test_a_child_that_is_gone_is_started_anew(python: Path) -> None:
    animeface = Animeface(python)
    pixels = np.asarray(whole_picture(0, 1).picture)
    expected = animeface.find(pixels)
    assert expected
    assert animeface._process
    animeface._process.kill()
    animeface._process.wait()
    assert animeface.find(pixels) == expected
    animeface.close()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["none", "out"], 2, "none is not there. Name the folder that holds the pictures."),
        (["in", "in/out"], 2, "in/out is the same folder as in, or lies inside it."),
        (["in", "out", "--detector", "cats"], 2, "'cats' is not one of 'auto', 'drawn', 'human'."),
        (["in", "out", "--margin", "-1"], 2, "Invalid value for '--margin'"),
        (["empty", "out", "--detector", "human"], 4, "There is no picture in empty."),
        (["in", "in/a0x.png", "--detector", "human"], 2, "in/a0x.png is a file. Name a folder for the results."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    drawn(tmp_path / "in", [0])
    (tmp_path / "empty").mkdir()
    before = tree(tmp_path)
    result = pigeonhole("faces", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == before
