"""What was made from one film or one picture is never both trained on and held out, wherever it lies."""

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pigeonhole.dataset.folders import read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.origins import film_of, mark_of
from pigeonhole.files import digest
from pigeonhole.workspace import Workspace


def write(path: Path, seed: int, mark: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = Image.fromarray(np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)).resize((64, 64))
    if path.suffix == ".png":
        note = PngInfo()
        note.add_text("Comment", mark)
        picture.save(path, pnginfo=note)
    else:
        picture.save(path, comment=mark)


def groups_of(tf_files: Path) -> list[set[str]]:
    """The pictures of each group with more than one."""
    dataset = read_dataset(Workspace(tf_files))
    unlike = np.random.default_rng(0).integers(0, 256, (len(dataset.examples), 32, 32)).astype(np.uint8)
    groups = find_groups(dataset, unlike, None, Workspace(tf_files))
    names = [f"{example.category}/{example.found.relative}" for example in dataset.examples]
    together = [{names[row] for row in np.flatnonzero(groups == group)} for group in np.unique(groups)]
    return [each for each in together if len(each) > 1]


def test_frames_of_a_film_belong_together_in_all_categories(tmp_path: Path) -> None:
    names = ["a/film-00h00m02.000s.jpg", "a/film-01h00m04.120s-2.png", "b/film-00h59m00.000s.jpg", "b/other.jpg"]
    names += ["a/film-2-00h00m02.000s.jpg", "b/film-00h61m00.000s.jpg", "a/film.jpg"]
    for seed, name in enumerate(names):
        write(tmp_path / "data" / name, seed)
    assert groups_of(tmp_path) == [set(names[:3])]


def test_faces_of_a_picture_belong_together_and_to_the_picture(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "a" / "whole.jpg", 1)
    mark = mark_of(digest((data / "a" / "whole.jpg").read_bytes()))
    for seed, name in enumerate(("a/whole-1.jpg", "b/whole-2.png", "b/renamed~invert-3.jpg"), 2):
        write(data / name, seed, mark)
    for seed, name in enumerate(("b/whole-3.jpg", "b/x-1.jpg", "b/x-2.jpg", "a/x~invert.jpg"), 9):
        write(data / name, seed)
    assert groups_of(tmp_path) == [{"a/whole.jpg", "a/whole-1.jpg", "b/whole-2.png", "b/renamed~invert-3.jpg"}]


def test_a_film_is_read_from_the_whole_name() -> None:
    assert film_of(Path("x/my film-2-00h12m34.560s.jpg")) == "my film-2"
    assert film_of(Path("new\nline-00h12m34.560s-7.jpg")) == "new\nline"
    assert film_of(Path("-00h12m34.560s.jpg")) is None
    assert film_of(Path("film-00h12m34.560.jpg")) is None
