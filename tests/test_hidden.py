"""Trash, old versions, unfinished files and links: nobody's pictures, whichever command meets them."""

import unicodedata
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from commands import called
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.evaluation.running import Evaluation
from pigeonhole.files import count_files, find
from pigeonhole.records import Found, Guess, Identity, Skipped
from pigeonhole.sorting import Template
from pigeonhole.workspace import Workspace
from trees import BLUE, GREEN, RED, tree, write_pictures
from watching import Place, picture, watching

FOLDERS = (
    *(".Trash-1000", ".stversions", "#recycle", "#Recycle", "@eaDir", "@Recently-Snapshot", ".@__thumb"),
    *("$RECYCLE.BIN", "System Volume Information", "lost+found", "__MACOSX", ".thumbnails"),
)
FILES = (
    *(".trashed-1700000000-a.jpg", ".pending-1700000000-a.jpg", ".a.jpg.Ab3dE9", ".fuse_hidden0000001200000001"),
    *(".goutputstream-X1Y2Z3", "a.jpg.!sync", "a.jpg.opdownload", "a.jpg.aria2", "a.jpg.download", "a.jpg~"),
    *(".com.google.Chrome.k3Jd9s", "a.jpg.part", "a.jpg.crdownload", "a.jpg.tmp", ".nfs000000000001"),
)
NEVER = ("._a.jpg", "Thumbs.db", ".pigeonhole-x.part")
VISIBLE = (
    "a.jpg",
    ".a.jpg",
    "..jpg",
    "@a.jpg",
    "a b~c.jpg",
    "lost+found.jpg",
    "photo.trashed.jpg",
    ".a.jpg.backup.jpg",
)


def write_raw(path: Path, number: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture(number))


def found_below(folder: Path, *, include_hidden: bool = False) -> set[str]:
    return {str(item.relative) for item in find(folder, include_hidden=include_hidden) if isinstance(item, Found)}


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A folder with a picture under every name that there is, and one in every kind of hidden folder."""
    folder = tmp_path / "in"
    for number, name in enumerate((*FILES, *NEVER, *VISIBLE, *(f"{name}/b.png" for name in FOLDERS))):
        write_raw(folder / name, number)
    return folder


def test_what_other_programs_hide_is_skipped_and_counted(full: Path) -> None:
    assert found_below(full) == set(VISIBLE)
    skipped = {item.path.name for item in find(full) if isinstance(item, Skipped)}
    assert skipped == {*FOLDERS, *FILES, *NEVER}
    assert count_files(full) == len(list(find(full))) == len(VISIBLE) + len(FOLDERS) + len(FILES) + len(NEVER)


def test_include_hidden_takes_all_but_what_is_never_a_picture(full: Path) -> None:
    taken = {*VISIBLE, *FILES, *(f"{name}/b.png" for name in FOLDERS)}
    assert found_below(full, include_hidden=True) == taken
    assert count_files(full, include_hidden=True) == len(taken) + len(NEVER)


def test_a_hidden_folder_that_the_user_names_is_looked_into(tmp_path: Path) -> None:
    write_raw(tmp_path / ".Trash-1000" / "a.png")
    assert found_below(tmp_path / ".Trash-1000") == {"a.png"}


def test_sorting_leaves_them_where_they_are_and_names_them(tf_files: Path, full: Path, tmp_path: Path) -> None:
    before = tree(full)
    result = called("guess-dir", tf_files, full, tmp_path / "out", "--move", "--name", "{index}{ext}")
    assert result.returncode == 0, result.stderr
    assert set(before) - set(tree(full)) == set(VISIBLE)
    assert len(tree(tmp_path / "out")) == len(VISIBLE)
    assert f"{len(FOLDERS)} folders are hidden, trash or another program's own and are not entered: " in result.stderr
    assert f" and {len(FILES) - 3} more. --include-hidden takes them, too." in result.stderr
    assert f" {len(FOLDERS) + len(FILES) + len(NEVER)} skipped" in result.stderr
    called("guess-dir", tf_files, full, tmp_path / "out", "--move", "--include-hidden")
    assert set(tree(full)) == set(NEVER)


def test_a_watcher_moves_nothing_out_of_a_trash(tmp_path: Path) -> None:
    place = Place(tmp_path)
    for number, name in enumerate((*FILES, *(f"{name}/b.png" for name in FOLDERS))):
        write_raw(place.inbox / name, number)
    before = tree(place.inbox)
    (place.inbox / "link.png").symlink_to(tmp_path / "nowhere.png")
    place.drop(99)
    with watching(place, "--recursive") as watcher:
        watcher.wait_until_sorted(1)
        assert watcher.stop()["sorted"] == 1
        assert f"1 link is not followed: {place.inbox / 'link.png'}." in watcher.said
        assert f"{len(FOLDERS)} folders are hidden, trash or another program's own" in watcher.said
    assert tree(place.inbox) == before


def test_a_watcher_takes_hidden_files_when_asked(tmp_path: Path) -> None:
    place = Place(tmp_path)
    write_raw(place.inbox / ".hidden" / "b.png")
    with watching(place, "--recursive", "--include-hidden") as watcher:
        watcher.wait_until_sorted(1)
        watcher.stop()
    assert tree(place.inbox) == {}


def test_links_are_counted_and_named(tf_files: Path, tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "in", {"a.png": RED})
    for number in range(6):
        (folder / f"link {number}.png").symlink_to("a.png")
    result = called("guess-dir", tf_files, folder, tmp_path / "out")
    assert result.returncode == 0
    assert "6 links are not followed: " in result.stderr
    assert " and 3 more." in result.stderr


def labelled(folder: Path, names: dict[str, tuple[int, int, int]]) -> Path:
    """`folder` with three pictures in each of the folders `names`."""
    for name, colour in names.items():
        write_pictures(folder / name, {f"{number}.png": _shade(colour, number) for number in range(3)})
    return folder


def _shade(colour: tuple[int, int, int], number: int) -> tuple[int, int, int]:
    red, green, blue = (abs(value - number) for value in colour)
    return red, green, blue


def test_an_evaluation_names_links_hidden_folders_and_folders_that_are_no_category(
    tf_files: Path, tmp_path: Path
) -> None:
    folder = labelled(tmp_path / "labelled", {"red_things": RED, "Green_things": GREEN, "@eaDir": BLUE})
    (folder / "blue_things").symlink_to(folder / "red_things")
    result = called("evaluate", tf_files, folder)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("Accuracy: 100.0 % (3 of 3 pictures")
    assert "Folders that are no category, with their pictures: Green_things (3)." in result.stdout
    assert f"1 link is not followed: {folder / 'blue_things'}." in result.stderr
    assert f"is not entered: {folder / '@eaDir'}. --include-hidden takes them, too." in result.stderr


def test_training_skips_hidden_folders_and_says_so(tmp_path: Path) -> None:
    data = labelled(tmp_path / "data", {"red_things": RED, "blue_things": BLUE, "@eaDir": RED, ".git": RED})
    (data / "lost+found").mkdir()
    write_pictures(data / "red_things" / "@eaDir", {"thumb.png": BLUE})
    dataset = read_dataset(Workspace(tmp_path))
    assert dataset.categories == ("blue_things", "red_things")
    assert len(dataset.examples) == 6
    (note,) = dataset.notes
    assert note.startswith("4 folders are hidden, trash or another program's own and are not entered: ")


def nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def nfd(name: str) -> str:
    return unicodedata.normalize("NFD", name)


def test_two_encodings_of_one_category_are_one_to_training(tmp_path: Path) -> None:
    data = labelled(tmp_path / "data", {nfc("Andrée"): RED, nfd("Zoë"): BLUE})
    write_pictures(data / nfd("Andrée"), {"other.png": GREEN})
    labelled(tmp_path / "valid", {nfd("Andrée"): RED, nfc("Zoë"): BLUE})
    dataset = read_dataset(Workspace(tmp_path))
    assert dataset.categories == (nfc("Andrée"), nfc("Zoë"))
    assert [example.category for example in dataset.examples if example.part == "data"] == 4 * [nfc("Andrée")] + 3 * [
        nfc("Zoë")
    ]
    (note,) = dataset.notes
    assert note.startswith(f"2 folders are called {nfc('Andrée')}")


@pytest.mark.parametrize(("of_model", "of_folder"), [(nfc, nfd), (nfd, nfc), (nfc, nfc), (nfd, nfd)])
def test_two_encodings_of_one_category_are_one_to_evaluation(
    tmp_path: Path, of_model: Callable[[str], str], of_folder: Callable[[str], str]
) -> None:
    evaluation = Evaluation((of_model("Andrée"), "b"))
    guess = Guess(tmp_path, ((of_model("Andrée"), 0.75), ("b", 0.25)), "", Identity(0, 0, 0, 0, 0))
    assert evaluation.add(guess, Path(of_folder("Andrée")) / "1.png").right is True
    assert (evaluation.ood, evaluation.accuracy and evaluation.accuracy.right) == (0, 1)


@pytest.mark.parametrize("template", ["{category}/{stem}{ext}", "{category}", "{stem}/a{ext}"])
def test_a_category_called_unreadable_does_not_mix_with_what_is_unreadable(template: str) -> None:
    name = Template(template).name("_Unreadable", 0.5, "_unreadable.png", 1, date(2026, 1, 1))
    first = name.numbered(1).parts[0]
    assert first.casefold() == "__unreadable"
