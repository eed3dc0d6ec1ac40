"""Pictures are drawn in six other ways, beside their source and in one group with it."""

import signal
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from commands import pigeonhole
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.origins import mark_of, marked_in
from pigeonhole.files import digest
from pigeonhole.images.redraw import REDRAWINGS
from pigeonhole.workspace import Workspace
from scenes import drawn
from trees import tree

KILLED = """
import os, signal
from pigeonhole import failpoints
from pigeonhole.cli import main

failpoints.failpoint = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == {point!r} else None
main()
"""
WAYS = ("grayscale", "invert", "log", "poisson", "rescale", "sigmoid")


def chance() -> np.random.Generator:
    return np.random.default_rng(0)


def pixels_of(path: Path) -> NDArray[np.int64]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


@pytest.mark.parametrize("way", REDRAWINGS)
def test_a_redrawn_picture_is_still_a_picture_and_another_one(way: str) -> None:
    picture = chance().integers(20, 200, (40, 50, 3), dtype=np.uint8)
    redrawn = REDRAWINGS[way](picture, chance())
    assert (redrawn.shape, redrawn.dtype) == (picture.shape, picture.dtype)
    assert not np.array_equal(redrawn, picture)
    assert REDRAWINGS[way](np.zeros((8, 8, 3), np.uint8), chance()).dtype == np.uint8


def test_the_redrawings_are_what_they_are_called() -> None:
    grey = REDRAWINGS["grayscale"](np.array([[[200, 100, 50]]], np.uint8), chance())
    assert grey.flatten().tolist() == [124] * 3  # 0.299 R + 0.587 G + 0.114 B
    steps = np.repeat(np.array([0, 64, 128, 191, 255], np.uint8)[None, :, None], 3, axis=2)
    invert, log, sigmoid, rescale = (
        REDRAWINGS[way](steps, chance())[0, :, 0].tolist() for way in ("invert", "log", "sigmoid", "rescale")
    )
    assert invert == [255, 191, 127, 64, 0]
    assert log == [0, 82, 150, 206, 255]  # 255 · log2(1 + x)
    assert sigmoid == [5, 31, 128, 224, 250]  # 255 / (1 + exp(8 · (1/2 - x)))
    assert (rescale[0], rescale[-1]) == (0, 255)
    even = np.full((400, 400, 3), 120, np.uint8)
    noisy = REDRAWINGS["poisson"](even, chance()).astype(float)
    assert noisy.mean() == pytest.approx(120, abs=1)
    assert noisy.std() == pytest.approx(255 * (120 / 255 / 60) ** 0.5, rel=0.05)


def test_intensity_is_stretched_between_the_percentiles_that_numpy_names() -> None:
    picture = chance().integers(40, 90, (37, 53, 3), dtype=np.uint8)
    low, high = np.quantile(picture, (0.02, 0.98))
    expected = ((picture - low) / (high - low) * 255).clip(0, 255)
    assert np.abs(REDRAWINGS["rescale"](picture, chance()) - expected).max() <= 0.51


def test_every_picture_is_copied_and_drawn_in_six_ways_that_know_their_source(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "bel la"
    folder.mkdir(parents=True)
    picture = Image.fromarray(chance().integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((160, 120))
    picture.save(folder / "a face.jpeg", quality=95)
    picture.save(folder / "plain.webp", lossless=True)
    (folder / "notes.txt").write_text("no picture")
    before = tree(tmp_path / "in")
    result = pigeonhole("upsample", tmp_path / "in", tmp_path / "out")
    assert result.returncode == 0
    assert "3 seen = 2 done + 0 unreadable + 1 skipped + 0 failed." in result.stderr
    assert "12 pictures were drawn from 2." in result.stderr
    written = tree(tmp_path / "out")
    names = [f"bel la/{stem}~{way}.{ext}" for stem, ext in (("a face", "jpeg"), ("plain", "png")) for way in WAYS]
    assert sorted(written) == sorted([*names, "bel la/a face.jpeg", "bel la/plain.webp"])
    for name in ("bel la/a face.jpeg", "bel la/plain.webp"):
        assert written[name] == before[name]
    for name in names:
        source = folder / ("a face.jpeg" if "a face" in name else "plain.webp")
        data = (tmp_path / "out" / name).read_bytes()
        assert marked_in(data) == mark_of(digest(source.read_bytes())).partition(":")[2]
    exact = pixels_of(folder / "plain.webp")
    assert np.array_equal(pixels_of(tmp_path / "out" / "bel la" / "plain~invert.png"), 255 - exact)
    assert tree(tmp_path / "in") == before
    again = pigeonhole("upsample", tmp_path / "in", tmp_path / "out")
    assert "3 seen = 0 done + 2 from an earlier run + 0 unreadable + 1 skipped + 0 failed." in again.stderr
    assert tree(tmp_path / "out") == written


def test_each_says_in_how_many_ways_and_they_differ_between_pictures(tmp_path: Path) -> None:
    drawn(tmp_path / "in" / "a", range(8))
    result = pigeonhole("upsample", tmp_path / "in", tmp_path / "out", "--each", "2")
    assert result.returncode == 0
    ways = [name.rpartition("~")[2] for name in tree(tmp_path / "out") if "~" in name]
    assert len(ways) == 16
    assert len(set(ways)) > 2


def test_more_ways_in_the_same_folder_only_add_what_lacks(tmp_path: Path) -> None:
    drawn(tmp_path / "in" / "a", range(3))
    for each in ("2", "6"):
        assert pigeonhole("upsample", tmp_path / "in", tmp_path / "out", "--each", each).returncode == 0
    assert pigeonhole("upsample", tmp_path / "in", tmp_path / "alone").returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "alone")


def test_balance_fills_up_small_categories_and_leaves_the_largest_as_it_is(tmp_path: Path) -> None:
    for name, count in (("many", 9), ("some", 5), ("few", 1)):
        drawn(tmp_path / "in" / name, range(count))
    assert pigeonhole("upsample", tmp_path / "in", tmp_path / "out", "--balance").returncode == 0
    names = list(tree(tmp_path / "out"))
    counts = {name: sum(path.startswith(f"{name}/") for path in names) for name in ("many", "some", "few")}
    assert counts == {"many": 9, "some": 9, "few": 7}, "six others at most for each picture"
    assert not any("~" in path for path in names if path.startswith("many/"))


def test_redrawn_pictures_are_in_one_group_with_their_source_and_its_film(tmp_path: Path) -> None:
    drawn(tmp_path / "in" / "elsa", [0, 1, 2])
    film = tmp_path / "in" / "elsa"
    for number, path in enumerate(sorted(film.iterdir())[:2]):
        path.rename(film / f"frozen-00h00m0{number}.000s.png")
    drawn(tmp_path / "in" / "anna", [7])
    assert pigeonhole("upsample", tmp_path / "in", tmp_path / "data").returncode == 0
    dataset = read_dataset(Workspace(tmp_path))
    unlike = np.random.default_rng(0).integers(0, 256, (len(dataset.examples), 32, 32)).astype(np.uint8)
    groups = find_groups(dataset, unlike, None, Workspace(tmp_path))
    members: dict[int, set[str]] = {}
    for example, group in zip(dataset.examples, groups.tolist(), strict=True):
        members.setdefault(group, set()).add(example.found.relative.name.partition(".png")[0].partition("~")[0])
    assert sorted(map(len, members.values())) == [1, 1, 2]
    assert {"frozen-00h00m00.000s", "frozen-00h00m01.000s"} in members.values()


def test_a_killed_run_goes_on_and_gives_the_same_folder(tmp_path: Path) -> None:
    drawn(tmp_path / "in" / "a", range(40))
    assert pigeonhole("upsample", tmp_path / "in", tmp_path / "whole").returncode == 0
    for point in ("announced", "part written", "published"):
        killed = pigeonhole("upsample", tmp_path / "in", tmp_path / "out", program=("-c", KILLED.format(point=point)))
        assert killed.returncode == -signal.SIGKILL
    assert pigeonhole("upsample", tmp_path / "in", tmp_path / "out").returncode == 0
    assert tree(tmp_path / "out") == tree(tmp_path / "whole")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["none", "out"], 2, "none is not there. Name the folder that holds the pictures."),
        (["in", "in/out"], 2, "in/out is the same folder as in, or lies inside it."),
        (["in", "out", "--each", "7"], 2, "Invalid value for '--each': 7 is not in the range 1<=x<=6."),
        (["empty", "out"], 4, "There is no picture in empty."),
        (["in", "in/a0x.png"], 2, "in/a0x.png is a file. Name a folder for the results."),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    drawn(tmp_path / "in", [0])
    (tmp_path / "empty").mkdir()
    before = tree(tmp_path)
    result = pigeonhole("upsample", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == before
