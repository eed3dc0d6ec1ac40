"""Borders are cut where all pictures of a film have them, and nowhere else."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from commands import pigeonhole
from films import drawn, write_film
from trees import tree

BLACK, GREEN = (0, 0, 0), (0, 140, 30)


def bordered(pixels: NDArray[np.uint8], sides: tuple[int, int, int, int], colour: tuple[int, ...]) -> NDArray[np.uint8]:
    """`pixels` with so many of its own painted over at the left, top, right and bottom."""
    left, top, right, bottom = sides
    height, width = pixels.shape[:2]
    result = np.empty_like(pixels)
    result[:] = colour
    result[top : height - bottom, left : width - right] = pixels[top : height - bottom, left : width - right]
    return result


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=90)  # which a PNG does not heed
    return path


def frame(film: str, second: int, suffix: str = "jpg") -> str:
    return f"{film}-00h00m{second:02}.000s.{suffix}"


def cut_of(told: str, what: str) -> tuple[int, ...]:
    """How many pixels the command says that it cut off the left, top, right and bottom of `what`."""
    found = re.search(
        rf"^{re.escape(what)}: \d+ pictures? loses? left (\d+), top (\d+), right (\d+), bottom (\d+) pixels", told, re.M
    )
    assert found, told
    return tuple(map(int, found.groups()))


def covers(cut: tuple[int, ...], border: tuple[int, ...]) -> bool:
    """Whether nothing of the border is left, and little of the picture is lost."""
    return all(planted <= gone <= planted + 4 * bool(planted) for gone, planted in zip(cut, border, strict=True))


def pixels_of(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def test_bars_of_a_film_are_cut_and_its_dark_scenes_are_not(tmp_path: Path) -> None:
    for second in range(12):
        scene = drawn(second)
        if second % 3 == 0:  # a lamp in the night
            scene = bordered(scene, (120, 70, 120, 70), BLACK)
        write(tmp_path / "in" / frame("a film", second), bordered(scene, (0, 24, 0, 24), BLACK))
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0
    cut = cut_of(result.stderr, "a film (320 × 180)")
    assert covers(cut, (0, 24, 0, 24))
    assert "12 seen = 12 done + 0 unreadable + 0 skipped + 0 failed." in result.stderr
    for path in sorted((tmp_path / "out").iterdir()):
        if path.name != ".pigeonhole":
            assert pixels_of(path).shape == (180 - cut[1] - cut[3], 320, 3), "what would cost much keeps its own shape"


def test_a_thin_line_is_cut_and_size_and_shape_stay(tmp_path: Path) -> None:
    for second in range(8):
        write(tmp_path / "in" / "x" / frame("f", second, "png"), bordered(drawn(second), (2, 0, 0, 0), GREEN))
    assert pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out").returncode == 0
    for second in range(8):
        pixels = pixels_of(tmp_path / "out" / "x" / frame("f", second, "png")).astype(float)
        assert pixels.shape == (180, 320, 3)
        assert np.abs(pixels[:, 0] - GREEN).max(axis=1).min() > 20, "nothing of the line is left"
        expected = drawn(second).astype(float)
        assert np.median(np.abs(pixels[20:-20, 20:-20] - expected[20:-20, 20:-20])) < 3


def test_pictures_without_a_common_border_are_copied_byte_for_byte(tmp_path: Path) -> None:
    for second in range(6):
        scene = drawn(second)
        write(tmp_path / "in" / frame("film", second), bordered(scene, (40, 40, 40, 40), BLACK) if second else scene)
        write(tmp_path / "in" / "photos" / f"{second}.png", bordered(scene, (0, 9, 0, 0), (40 * second, 9, 9)))
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0
    assert "No border is common" in result.stderr
    assert "13 seen = 12 done + 0 unreadable + 1 skipped + 0 failed." in result.stderr
    before = tree(tmp_path / "in")
    del before["notes.txt"]
    assert tree(tmp_path / "out") == before


def everything_is_copied(folder: Path) -> str:
    """Cut the borders in `folder`/in, find that nothing was cut, and return what was said."""
    result = pigeonhole("crop-borders", folder / "in", folder / "out")
    assert result.returncode == 0
    assert tree(folder / "out") == tree(folder / "in")
    return result.stderr


def test_a_plain_background_is_no_border(tmp_path: Path) -> None:
    """Of one size in a folder: round things on white, boxes on grey, each of another size or at another place."""
    for number in range(12):
        chance = np.random.default_rng(number)
        image = Image.new("RGB", (180, 180), (255, 255, 255))
        left, top, right, bottom = chance.integers(8, 40, 4)
        ImageDraw.Draw(image).ellipse((left, top, 179 - right, 179 - bottom), fill=(90, 20 * number, 60))
        write(tmp_path / "in" / "round" / f"{number}.jpg", np.asarray(image))
        sides = chance.integers(10, 50, 4)
        write(tmp_path / "in" / "boxes" / f"{number}.png", bordered(drawn(number, 180, 180), tuple(sides), (200,) * 3))
    told = everything_is_copied(tmp_path)
    for folder in ("round", "boxes"):
        assert f"{folder} (180 × 180): nothing is cut off at the left and top and right and bottom: all" in told


def test_round_things_that_all_reach_to_the_same_lines_keep_their_background(tmp_path: Path) -> None:
    for number in range(12):
        image = Image.new("RGB", (180, 180), (0, 0, 0))
        ImageDraw.Draw(image).ellipse((9, 9, 170, 170), fill=(250 - 20 * number, 20 * number, 90))
        write(tmp_path / "in" / f"{number}.png", np.asarray(image))
    assert "ragged" in everything_is_copied(tmp_path)


def test_a_wall_before_a_camera_that_stands_still_is_no_border(tmp_path: Path) -> None:
    room = bordered(drawn(1), (0, 30, 0, 0), (150, 120, 90))
    for second in range(8):
        room[80:110, 20 * second : 20 * second + 15] = 255  # someone walks by
        write(tmp_path / "in" / frame("camera", second), room)
    assert "nothing is cut off at the top" in everything_is_copied(tmp_path)


def test_few_pictures_are_not_judged(tmp_path: Path) -> None:
    """Not one photo with a night at its edge, not two frames, not nine pictures of one size."""
    write(tmp_path / "in" / "one.jpg", bordered(drawn(0), (0, 60, 0, 0), BLACK))
    for second in range(2):
        write(tmp_path / "in" / frame("film", second), bordered(drawn(second), (0, 24, 0, 24), BLACK))
    for number in range(9):
        write(tmp_path / "in" / "nine" / f"{number}.png", bordered(drawn(number), (0, 24, 0, 24), BLACK))
    told = everything_is_copied(tmp_path)
    assert "12 pictures were not judged and stay as they are: fewer than 3 frames of a film, or 10 pictures" in told


def test_photos_that_share_a_frame_lose_it_and_keep_what_is_plain_within(tmp_path: Path) -> None:
    """Scans of one folder: a white frame, within which some have a white sky."""
    for number in range(12):
        photo = drawn(number)
        if number % 4 == 0:
            photo = bordered(photo, (0, 50, 0, 0), (255,) * 3)
        write(tmp_path / "in" / "album" / f"scan {number}.jpg", bordered(photo, (6, 6, 6, 12), (250,) * 3))
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert covers(cut_of(result.stderr, "album (320 × 180)"), (6, 6, 6, 12))


def test_a_film_with_two_shapes_loses_what_both_have(tmp_path: Path) -> None:
    for second in range(20):
        depth = 40 if second % 2 else 12
        write(tmp_path / "in" / frame("film", second), bordered(drawn(second), (0, depth, 0, depth), BLACK))
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert covers(cut_of(result.stderr, "film (320 × 180)"), (0, 12, 0, 12))


def test_hidden_folders_are_told_once(tmp_path: Path) -> None:
    for second in range(3):
        write(tmp_path / "in" / frame("film", second), drawn(second))
    write(tmp_path / "in" / ".trash" / "a.png", drawn(1))
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0
    assert result.stderr.count("1 folder is hidden, trash") == 1


def test_a_subtitle_on_the_bars_of_one_frame_in_thirty_keeps_none(tmp_path: Path) -> None:
    for second in range(30):
        scene = bordered(drawn(second), (0, 20, 0, 20), BLACK)
        if second == 7:
            scene[168:174, 100:220] = 255
        write(tmp_path / "in" / frame("film", second, "png"), scene)
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert covers(cut_of(result.stderr, "film (320 × 180)"), (0, 20, 0, 20))


def test_films_are_measured_each_for_itself_wherever_their_frames_lie(tmp_path: Path) -> None:
    for second in range(6):
        folder = tmp_path / "in" / "ab"[second % 2]
        write(folder / frame("with", second), bordered(drawn(second), (8, 8, 8, 8), BLACK))
        write(folder / frame("without", second), drawn(50 + second))
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert covers(cut_of(result.stderr, "with (320 × 180)"), (8, 8, 8, 8))
    assert "without" not in result.stderr


def test_what_cannot_be_read_is_named_and_set_aside_and_done_work_is_not_repeated(tmp_path: Path) -> None:
    for second in range(4):
        write(tmp_path / "in" / frame("film", second), bordered(drawn(second), (8, 8, 8, 8), BLACK))
    (tmp_path / "in" / "sub").mkdir()
    (tmp_path / "in" / "sub" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    result = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 1
    assert "unreadable: " in result.stderr
    assert "5 seen = 4 done + 1 unreadable + 0 skipped + 0 failed." in result.stderr
    before = tree(tmp_path / "out")
    assert before["_unreadable/sub/broken.jpg"] == tree(tmp_path / "in")["sub/broken.jpg"]
    write(tmp_path / "in" / frame("film", 9), bordered(drawn(9), (8, 8, 8, 8), BLACK))
    again = pigeonhole("crop-borders", tmp_path / "in", tmp_path / "out")
    assert again.returncode == 1
    assert "6 seen = 1 done + 4 from an earlier run + 1 unreadable + 0 skipped + 0 failed." in again.stderr
    assert tree(tmp_path / "out").keys() - before.keys() == {frame("film", 9)}
    assert before.items() <= tree(tmp_path / "out").items()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["none", "out"], 2, "none is not there. Name the folder that holds the pictures."),
        (["file", "out"], 2, "file is a file. Name the folder that holds the pictures."),
        (["empty", "out"], 4, "There is no picture in empty."),
        (["in", "file"], 2, "file is a file. Name a folder for the results."),
        (["in", "in/out"], 2, "in/out is the same folder as in, or lies inside it."),
        (["in/sub", "in"], 2, "in/sub lies in in."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    write(tmp_path / "in" / "sub" / "a.png", drawn(1))
    before = tree(tmp_path)
    result = pigeonhole("crop-borders", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == before


@pytest.mark.real("four commands on a film")
def test_frames_then_check_then_crop_borders_then_check_is_quiet(tmp_path: Path) -> None:
    """A thin border was planted in one of two films; without it nothing gives a category away."""
    moments = [(second + part / 5, second) for second in range(24) for part in range(5)]
    write_film(tmp_path / "one.mp4", ((time, drawn(second)) for time, second in moments))
    write_film(
        tmp_path / "two.mkv", ((time, bordered(drawn(99 + second), (5, 4, 5, 4), BLACK)) for time, second in moments)
    )
    for film in ("one.mp4", "two.mkv"):
        out = tmp_path / "tf" / "data" / Path(film).stem
        assert pigeonhole("frames", tmp_path / film, out, "--every", "1s").returncode == 0
    shortcut = "an even border alone identifies two"
    found = pigeonhole("check", tmp_path / "tf", "--backbone", "builtin")
    assert shortcut in found.stdout
    assert "`pigeonhole crop-borders IN OUT` cuts borders off" in found.stdout
    cropped = pigeonhole("crop-borders", tmp_path / "tf" / "data", tmp_path / "new" / "data")
    assert covers(cut_of(cropped.stderr, "two (320 × 180)"), (5, 4, 5, 4))
    assert "one (" not in cropped.stderr
    assert len(tree(tmp_path / "new" / "data")) == 48
    quiet = pigeonhole("check", tmp_path / "new", "--backbone", "builtin")
    assert quiet.returncode == 0
    assert "gives a category away" not in quiet.stdout
