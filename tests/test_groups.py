"""Who is held out with whom: no held-out picture has its like among those trained on."""

import random
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from commands import called
from pigeonhole.dataset.folders import Dataset, Example, read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.near_duplicates import thumbnail
from pigeonhole.dataset.split import Split, make_split
from pigeonhole.errors import DataError
from pigeonhole.files import digest
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.records import Found
from pigeonhole.workspace import Workspace

SQUARE = Preprocessing(size=96, fraction=1.0)


def scene(seed: int, shift: int = 0) -> Image.Image:
    """A drawn scene; the same `seed` gives the same one, with one thing in it moved by `shift` pixels."""
    chance = random.Random(seed)
    picture = Image.new("RGB", (160, 120), tuple(chance.choices(range(256), k=3)))
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, size = chance.randint(0, 140), chance.randint(0, 100), chance.randint(10, 60)
        pen.ellipse((x, y, x + size, y + size), tuple(chance.choices(range(256), k=3)))
    pen.rectangle((60 + shift, 50, 70 + shift, 60), "white")
    return picture


def write(path: Path, picture: Image.Image, quality: int = 90) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, quality=quality)


def groups_of(dataset: Dataset, tf_files: Path) -> NDArray[np.int64]:
    squares = [to_square(example.found.path.read_bytes(), SQUARE) for example in dataset.examples]
    thumbnails = np.stack([thumbnail(square) for square in squares])
    return find_groups(dataset, thumbnails, None, Workspace(tf_files))


def split_of(tf_files: Path, seed: int = 0) -> tuple[Dataset, Split]:
    dataset = read_dataset(Workspace(tf_files))
    return dataset, make_split(dataset, groups_of(dataset, tf_files), seed)


def sides(dataset: Dataset, split: Split) -> Iterator[tuple[set[str], set[str]]]:
    """The names of what is trained on and what is held out, of every fold."""
    names = [f"{example.category}/{example.found.relative}" for example in dataset.examples]
    for fold in split.folds:
        yield {names[row] for row in fold.train}, {names[row] for row in fold.held_out}


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Two categories of 20 scenes each, all different."""
    for number in range(40):
        write(tmp_path / "data" / "ab"[number % 2] / f"scene{chr(97 + number // 2)}.png", scene(number))
    return tmp_path


def test_copies_and_near_copies_are_never_on_both_sides(many: Path) -> None:
    for number in range(0, 40, 4):
        folder = many / "data" / "a"
        shutil.copyfile(folder / f"scene{chr(97 + number // 2)}.png", folder / f"copy{number}.png")
        small = scene(number).resize((100, 75))
        write(folder / f"smaller{number}.jpg", small, quality=60)
    dataset, split = split_of(many)
    assert sorted(row for fold in split.folds for row in fold.held_out) == list(range(60))
    for trained, held_out in sides(dataset, split):
        for number in range(0, 40, 4):
            family = {f"a/scene{chr(97 + number // 2)}.png", f"a/copy{number}.png", f"a/smaller{number}.jpg"}
            assert family <= trained or family <= held_out
        assert {name[0] for name in trained} == {"a", "b"}


def test_different_scenes_are_groups_of_their_own(many: Path) -> None:
    dataset = read_dataset(Workspace(many))
    assert len(set(groups_of(dataset, many))) == 40


def test_frames_of_one_burst_stay_together_but_numbered_pictures_do_not(tmp_path: Path) -> None:
    for category in "ab":
        for take in range(4):
            for frame in range(6):
                picture = scene(take + 10 * ord(category), shift=4 * frame)
                write(tmp_path / "data" / category / f"take{take}_{frame:04}.png", picture)
        for number in range(10):
            write(tmp_path / "data" / category / f"image{number}.png", scene(500 + number + 100 * ord(category)))
    dataset = read_dataset(Workspace(tmp_path))
    groups = groups_of(dataset, tmp_path)
    by_name: dict[str, set[int]] = {}
    for example, group in zip(dataset.examples, groups, strict=True):
        stem = example.found.relative.stem
        name = stem[:5] if stem.startswith("take") else stem
        by_name.setdefault(f"{example.category}/{name}", set()).add(int(group))
    assert all(len(numbers) == 1 for numbers in by_name.values())
    assert len(set(groups)) == len(by_name) == 2 * (4 + 10)


def test_a_sub_folder_is_one_group(many: Path) -> None:
    for number in range(5):
        write(many / "data" / "a" / "film" / f"other name {number}x.png", scene(1000 + number * 17))
    dataset, split = split_of(many)
    family = {f"a/film/other name {number}x.png" for number in range(5)}
    for trained, held_out in sides(dataset, split):
        assert family <= trained or family <= held_out


def test_what_the_user_groups_stays_together(many: Path) -> None:
    family = {"a/scenea.png", "a/scenec.png", "b/scenee.png"}
    lines = "".join(f"{name},one day\n" for name in sorted(family))
    (many / "groups.csv").write_text(f"path,group\n{lines}a/sceneb.png,\n")
    dataset, split = split_of(many)
    for trained, held_out in sides(dataset, split):
        assert family <= trained or family <= held_out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,group\na/nobody.png,x\n", "a/nobody.png"),
        ("file;group\na/scenea.png;x\n", "path,group"),
    ],
)
def test_a_grouping_that_cannot_be_understood_is_refused(many: Path, text: str, said: str) -> None:
    (many / "groups.csv").write_text(text)
    with pytest.raises(DataError, match=said):
        split_of(many)


def points(count: int, categories: int, first: int = 0) -> Dataset:
    """`count` pictures of each of so many categories, which nobody looks at."""
    examples = [
        Example(Found(Path(f"{name}/{number}"), Path(str(number))), str(name), digest(f"{name} {number}".encode()))
        for name in range(categories)
        for number in range(first, first + count)
    ]
    return Dataset(tuple(examples), ())


def fold_of_each(dataset: Dataset) -> dict[str, int]:
    """The fold that each picture is held out in, by its digest; each is a group of its own."""
    folds = make_split(dataset, np.arange(len(dataset.examples)), 0).folds
    return {dataset.examples[row].sha256: number for number, fold in enumerate(folds) for row in fold.held_out}


@pytest.mark.parametrize(("count", "folds"), [(2, 2), (3, 3), (7, 7), (10, 10), (13, 10), (20, 10), (41, 5), (200, 5)])
def test_every_fold_holds_out_its_part_of_every_category(count: int, folds: int) -> None:
    dataset = points(count, 6)
    split = make_split(dataset, np.arange(len(dataset.examples)), 0)
    assert len(split.folds) == folds
    held_out = np.array([np.bincount(np.array(dataset.targets)[fold.held_out], minlength=6) for fold in split.folds])
    assert (held_out.sum(axis=0) == count).all()
    most = -(-count // folds) if count <= folds else -(-count * 5 // (4 * folds))
    assert held_out.max() <= most
    if count <= folds:  # then what is trained on is as balanced as all pictures are
        assert (held_out == held_out[:, :1]).all()


@pytest.mark.parametrize(
    ("count", "added", "most"), [(30, 3, 0.1), (20, 15, 0.15), (100, 10, 0.03), (1000, 200, 0.002)]
)
def test_pictures_stay_in_their_folds_when_others_are_added(count: int, added: int, most: float) -> None:
    before, after = fold_of_each(points(count, 5)), fold_of_each(points(count + added, 5))
    moved = sum(after[sha256] != fold for sha256, fold in before.items())
    assert moved <= most * len(before)
    without_the_first = fold_of_each(points(count - 1, 5, first=1))
    assert sum(before[sha256] != fold for sha256, fold in without_the_first.items()) <= most * len(before)


def test_one_fold_alone_is_about_a_fifth() -> None:
    for count in (5, 10, 20, 100):
        dataset = points(count, 4)
        alone = make_split(dataset, np.arange(len(dataset.examples)), 0).one(np.array(dataset.targets))
        ((trained, held_out),) = [(fold.train, fold.held_out) for fold in alone.folds]
        assert set(trained) == set(alone.learn)
        assert not set(trained) & set(held_out)
        assert 0.15 <= len(held_out) / (4 * count) <= 0.26


def test_another_seed_gives_another_split(many: Path) -> None:
    assert [held for _, held in sides(*split_of(many, 1))] != [held for _, held in sides(*split_of(many, 2))]


def test_a_category_that_is_one_film_is_held_out_in_stretches_and_that_is_said(many: Path) -> None:
    for frame in range(20):
        write(many / "data" / "film" / "only one" / f"{frame:03}.png", scene(frame * 3 + 5000))
    dataset, split = split_of(many)
    assert "all pictures of film belong together" in split.description
    stretches = []
    for trained, held_out in sides(dataset, split):
        assert any(name.startswith("film") for name in trained)
        stretches.append(sorted(int(Path(name).stem) for name in held_out if name.startswith("film")))
    assert sorted(filter(None, stretches)) == [list(range(start, start + 4)) for start in range(0, 20, 4)]


@pytest.mark.parametrize("count", [2, 3])
def test_a_category_of_a_few_pictures_is_learnt_from_in_every_fold(tmp_path: Path, count: int) -> None:
    for number in range(3 * count):
        write(tmp_path / "data" / "abc"[number % 3] / f"{chr(97 + number)}.png", scene(number * 7))
    for seed in range(20):
        for trained, held_out in sides(*split_of(tmp_path, seed)):
            assert {name[0] for name in trained} == {"a", "b", "c"}
            assert held_out


def test_a_folder_valid_is_obeyed_and_its_near_copies_are_not_learnt_from(many: Path) -> None:
    for number in range(6):
        write(many / "valid" / "ab"[number % 2] / f"valid{chr(97 + number)}.png", scene(3000 + number))
    write(many / "valid" / "a" / "a small copy.jpg", scene(0).resize((80, 60)), quality=80)
    dataset, split = split_of(many)
    ((trained, held_out),) = sides(dataset, split)
    assert len(held_out) == 7
    assert all("valid" in name or "copy" in name for name in held_out)
    assert "a/scenea.png" not in trained
    assert len(trained) == 39
    assert set(split.learn) == set(split.folds[0].train)
    assert split.description == "the pictures of valid/, without 1 of data/ that are much like them"


def test_a_folder_in_valid_that_is_no_category_is_refused(many: Path) -> None:
    write(many / "valid" / "c" / "x.png", scene(1))
    with pytest.raises(DataError, match="which is no category"):
        read_dataset(Workspace(many))


def test_training_with_a_folder_valid_says_so(many: Path) -> None:
    for number in range(8):
        write(many / "valid" / "ab"[number % 2] / f"valid{chr(97 + number)}.png", scene(4000 + number))
    result = called("train", "--no-report", "--backbone", "builtin", many)
    assert result.returncode == 0, result.stderr
    assert "Learning from 40 pictures in 2 categories, validating on 8 from valid/." in result.stderr
    assert " of 8 pictures; " in result.stdout
    assert "the pictures of valid/" in result.stdout


def test_a_folder_test_is_looked_at_by_the_finished_model_alone(many: Path) -> None:
    for number in range(6):
        write(many / "test" / "ab"[number % 2] / f"valid{chr(97 + number)}.png", scene(6000 + number))
    shutil.copyfile(many / "data" / "a" / "scenea.png", many / "test" / "a" / "known.png")
    result = called("train", "--no-report", "--backbone", "builtin", many)
    assert result.returncode == 0, result.stderr
    assert "Learning from 40 pictures in 2 categories." in result.stderr
    assert re.search(r"^test/: accuracy [\d.]+ % \(\d of 7 pictures; ", result.stdout, re.MULTILINE)
    assert "test/: 1 picture is also a training picture, so this accuracy is too optimistic." in result.stdout


def film_like(folder: Path, seed: int = 0) -> None:
    """40 bursts of 3 nearly equal frames; what is on them says nothing of the category, only the background differs."""
    chance = np.random.default_rng(seed)
    for take in range(40):
        for frame in range(3):
            path = folder / "data" / "ab"[take % 2] / f"take{take:02}_{frame:03}.png"
            noise = chance.integers(0, 12, (120, 160, 3))
            write(path, Image.fromarray(np.clip(np.asarray(scene(take + 900)) + noise, 0, 255).astype(np.uint8)))


def test_on_a_film_a_random_split_is_falsely_sure_and_ours_is_not(tmp_path: Path) -> None:
    """Nothing tells the two categories apart but which of the takes a frame is of."""
    from pigeonhole.backbones.obtain import obtain_weights
    from pigeonhole.dataset.split import Fold
    from pigeonhole.evaluation.head import Head
    from pigeonhole.heads.blended_head import fit_probe
    from pigeonhole.output.recorder import Recorder
    from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
    from pigeonhole.recipes.probe import as_trained, probe_pictures

    film_like(tmp_path)
    weights = obtain_weights(Workspace(tmp_path), "builtin")
    dataset = read_dataset(Workspace(tmp_path))
    trained = as_trained(
        probe_pictures(
            Workspace(tmp_path),
            dataset,
            weights,
            preprocessing=PreprocessingChoice("centre"),
            seed=0,
            output=Recorder(),
        )
    )
    ours = float(np.mean(trained.held_out.logits.argmax(axis=1) == trained.targets))

    order = np.random.default_rng(0).permutation(120)
    parts = np.array_split(order, 5)
    random_split = Split(
        tuple(Fold(np.setdiff1d(order, part), np.sort(part)) for part in parts), np.arange(120), "random"
    )
    targets = np.array(trained.dataset.targets)
    probe = fit_probe(trained.embeddings[None].astype(np.float32), targets, random_split, Recorder())
    falsely = float(np.mean(probe.held_out.logits.argmax(axis=1) == targets[probe.held_out.rows]))
    assert isinstance(trained.head, Head)
    assert falsely > 0.9
    assert ours < 0.75
