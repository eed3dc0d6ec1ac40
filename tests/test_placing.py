"""How a file gets to its place, on real file systems, whatever else happens to it meanwhile."""

import errno
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import crowd
import sorting_room
from disks import mounted, needs_root, read_only, second_disk
from oracle import (
    EMPTY,
    File,
    assert_exactly_once,
    assert_no_leftovers,
    assert_nothing_lost,
    contents,
    whole,
    write_files,
)
from pigeonhole import steps
from pigeonhole.errors import OutputError
from pigeonhole.files import find, publish
from pigeonhole.records import Failed, Found, Guess, Outcome, Skipped, Sorted, Unknown, Unreadable
from pigeonhole.sorting import Placing, Sorter, SortOptions, Template, place
from pigeonhole.sorting.names import Names, ignores_case
from pigeonhole.sorting.template import INTO_FOLDERS, Name
from sorting_room import guess, sort, unreadable

MOVE = SortOptions(placing=Placing.MOVE)
FOLDERS = Template(INTO_FOLDERS)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def other_disk() -> Iterator[Path]:
    with second_disk() as folder:
        yield folder


def at_step(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """`act` happens once, when the sorter reaches the step `name`: someone else is quicker."""
    waiting = [act]

    def reached(step: str) -> None:
        if step == name and waiting:
            waiting.pop()()

    monkeypatch.setattr(steps, "reached", reached)


def test_a_copy_leaves_the_source_and_keeps_bytes_time_and_permissions(source: Path, out: Path) -> None:
    write_files(source, 3)
    (source / "001.png").chmod(0o640)
    before = whole(source)
    assert all(isinstance(outcome, Sorted) for outcome in sort(source, out))
    assert whole(source) == before
    assert set(whole(out)) == {"elsa-0.99621.png", "elsa-0.99621-2.png", "elsa-0.99621-3.png"}
    assert sorted(whole(out).values()) == sorted(entry for entry in before.values() if isinstance(entry, File))
    assert sorted(path.stat().st_mode & 0o777 for path in out.glob("*.png")) == [0o640, 0o644, 0o644]


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
def test_a_move_leaves_nothing_behind_and_keeps_bytes_and_time(
    source: Path, out: Path, other_disk: Path, elsewhere: bool
) -> None:
    source = other_disk if elsewhere else source
    write_files(source, 5)
    before = whole(source)
    sort(source, out, MOVE)
    assert whole(source) == {"sub": "/"}
    assert sorted(whole(out).values()) == sorted(entry for entry in before.values() if isinstance(entry, File))


def test_a_hard_link_is_the_same_file_and_a_symbolic_link_leads_there_from_anywhere(
    source: Path, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source / "a.png").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    sort(Path("in"), Path("hard"), SortOptions(placing=Placing.HARDLINK))
    sort(Path("in"), Path("soft"), SortOptions(placing=Placing.SYMLINK))
    assert (tmp_path / "hard" / "elsa-0.99621.png").samefile(source / "a.png")
    assert (tmp_path / "soft" / "elsa-0.99621.png").readlink() == source / "a.png"


def test_a_hard_link_between_two_disks_fails_with_what_to_do(out: Path, other_disk: Path) -> None:
    write_files(other_disk, 1)
    (outcome,) = sort(other_disk, out, SortOptions(placing=Placing.HARDLINK))
    assert isinstance(outcome, Failed)
    assert "use --copy or --symlink" in outcome.reason
    assert whole(out) == {}


@pytest.mark.parametrize("placing", list(Placing))
def test_nothing_is_ever_overwritten_nor_written_through_a_link(
    source: Path, out: Path, tmp_path: Path, placing: Placing
) -> None:
    write_files(source, 3)
    out.mkdir()
    (out / "elsa-0.99621.png").write_text("somebody else's")
    (out / "elsa-0.99621-2.png").symlink_to(tmp_path / "elsewhere")
    (out / "elsa-0.99621-3.png").mkdir()
    sort(source, out, SortOptions(placing=placing))
    assert (out / "elsa-0.99621.png").read_text() == "somebody else's"
    assert not (tmp_path / "elsewhere").exists()
    assert {f"elsa-0.99621-{number}.png" for number in (4, 5, 6)} < set(whole(out))


def test_one_name_and_32_processes_give_32_complete_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, crowd.__file__, tmp_path, "32"], check=True, timeout=60)
    names = {"a.jpg", *(f"a-{number}.jpg" for number in range(2, 33))}
    assert set(whole(tmp_path)) == names
    assert {path.read_text() for path in tmp_path.iterdir()} == {f"content of {number}" for number in range(32)}


def test_a_hundred_equal_names_from_a_hundred_folders_all_survive(source: Path, out: Path) -> None:
    for number in range(100):
        (source / str(number)).mkdir()
        (source / str(number) / "same.png").write_bytes(bytes([number]))
    before = contents(source)
    sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert_exactly_once(before, source, out)
    assert set(whole(out)) == {"elsa", "elsa/same.png", *(f"elsa/same-{number}.png" for number in range(2, 101))}


@pytest.mark.parametrize("placing", list(Placing))
def test_a_name_that_a_foreign_program_takes_at_the_last_moment_is_left_to_it(
    source: Path, out: Path, placing: Placing, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(source, 1)
    at_step(monkeypatch, "planned", lambda: (out / "elsa-0.99621.png").write_text("foreign"))
    (outcome,) = sort(source, out, SortOptions(placing=placing))
    assert isinstance(outcome, Sorted)
    assert outcome.target.name == "elsa-0.99621-2.png"
    assert (out / "elsa-0.99621.png").read_text() == "foreign"
    assert_no_leftovers(out, source)


@pytest.mark.parametrize("name", ["EXDEV", "EINVAL", "EPERM", "ENOTSUP", "ENOSYS", "EACCES"])
@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
def test_where_files_cannot_be_renamed_or_linked_they_are_copied_and_nothing_is_overwritten(
    source: Path, out: Path, placing: Placing, name: str
) -> None:
    before = write_files(source, 3)
    out.mkdir()
    (out / "elsa-0.99621.png").write_text("somebody else's")
    script = (
        "import sys; from pathlib import Path; import sorting_room as room;"
        "from pigeonhole.sorting import Placing, SortOptions;"
        "room.cannot(sys.argv[1]);"
        "room.sort(Path(sys.argv[2]), Path(sys.argv[3]), SortOptions(placing=Placing(sys.argv[4])))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", script, name, str(source), str(out), placing]
    subprocess.run(command, env=environment, check=True, timeout=60)
    assert (out / "elsa-0.99621.png").read_text() == "somebody else's"
    (out / "elsa-0.99621.png").unlink()
    assert contents(out) == before
    assert_no_leftovers(source, out)
    assert contents(source) == ({} if placing is Placing.MOVE else before)


def test_a_folder_of_the_output_that_is_a_link_is_not_followed(source: Path, out: Path, tmp_path: Path) -> None:
    write_files(source, 1)
    (tmp_path / "elsewhere").mkdir()
    out.mkdir()
    (out / "elsa").symlink_to(tmp_path / "elsewhere")
    (outcome,) = sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert isinstance(outcome, Failed)
    assert "a link or a file stands where a folder should be" in outcome.reason
    assert whole(tmp_path / "elsewhere") == {}
    assert contents(source).total() == 1


def test_names_of_255_bytes_are_shortened_by_characters_and_keep_their_extension(source: Path, out: Path) -> None:
    long = "é" * 125 + "a.png"
    assert len(os.fsencode(long)) == 255
    for folder in ("a", "b"):
        (source / folder).mkdir()
        (source / folder / long).write_text(folder)
    options = SortOptions(template=FOLDERS)
    with Sorter.open(out, options) as sorter:
        for item in find(source):
            sorter.settle(guess(item.path))
        for item in find(source):
            os.utime(item.path, ns=(0, 0))
            item.path.write_text("unreadable " + str(item.path.parent))
            sorter.settle(unreadable(item.path))
    names = {name for name in whole(out) if name.endswith(".png")}
    shorter = "é" * 124 + "-2.png"
    assert names == {f"{folder}/{name}" for folder in ("elsa", "_unreadable") for name in (long, shorter)}


def test_folders_200_levels_deep_are_sorted(source: Path, out: Path) -> None:
    deep = source / "/".join(["deep"] * 200)
    deep.mkdir(parents=True)
    (deep / "a.png").write_bytes(b"a")
    before = contents(source)
    sort(source, out, MOVE)
    assert_exactly_once(before, source, out)


def test_two_names_that_differ_in_case_survive_where_that_makes_no_difference(
    source: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No such file system can be made here: its answers are given in its place."""

    def renaming(old: Path, new: Path) -> None:
        if new.parent.is_dir() and new.name.casefold() in {entry.name.casefold() for entry in new.parent.iterdir()}:
            raise FileExistsError(errno.EEXIST, "File exists")
        rename(old, new)

    rename = publish.rename_without_replacing
    monkeypatch.setattr(place, "rename_without_replacing", renaming)
    for folder, name in (("a", "Cat.jpg"), ("b", "cat.JPG")):
        (source / folder).mkdir()
        (source / folder / name).write_text(name)
    before = contents(source)
    sort(source, out, SortOptions(placing=Placing.MOVE, template=FOLDERS))
    assert_exactly_once(before, source, out)
    assert len({name.casefold() for name in whole(out)}) == 3


def test_names_are_promised_once_where_case_makes_no_difference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pigeonhole.sorting.names.ignores_case", lambda folder: True)
    names = Names(tmp_path, set())
    given = [
        names.give(Name.of(Path("cat").parent, name)) for name in ("Cat.jpg", "cat.JPG", "STRASSE.png", "straße.png")
    ]
    assert [str(name) for name in given] == ["Cat.jpg", "cat-2.JPG", "STRASSE.png", "straße-2.png"]


def test_this_file_system_knows_capitals(tmp_path: Path) -> None:
    assert not ignores_case(tmp_path)


def test_what_is_no_file_is_never_waited_for(source: Path, out: Path) -> None:
    os.mkfifo(source / "pipe.png")
    (source / "loop").symlink_to(source)
    (source / "dangling.png").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(source / "socket.png"))
        outcomes = sort(source, out, MOVE)
    assert {type(outcome) for outcome in outcomes} == {Skipped}
    assert len(outcomes) == 4
    assert whole(out) == {}


def edited(path: Path) -> None:
    path.write_bytes(b"something else, and longer")


def edited_with_the_same_size_and_time(path: Path) -> None:
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(path: Path) -> None:
    (path.parent / "new").write_bytes(b"a new file")
    (path.parent / "new").rename(path)


def replaced_with_the_same_size_and_time(path: Path) -> None:
    status = path.stat()
    (path.parent / "new").write_bytes(bytes(status.st_size))
    os.utime(path.parent / "new", ns=(status.st_atime_ns, status.st_mtime_ns))
    (path.parent / "new").rename(path)


def replaced_by_a_link(path: Path) -> None:
    (path.parent.parent / "target of a link").write_bytes(b"not to be moved")
    path.unlink()
    path.symlink_to(path.parent.parent / "target of a link")


def replaced_by_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


CHANGES = [
    edited,
    edited_with_the_same_size_and_time,
    replaced,
    replaced_with_the_same_size_and_time,
    replaced_by_a_link,
    replaced_by_a_pipe,
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("placing", list(Placing))
def test_a_source_that_changes_while_it_is_classified_is_left_as_it_is_and_the_answer_thrown_away(
    source: Path, out: Path, placing: Placing, change: Callable[[Path], None]
) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    answer = guess(picture)
    change(picture)
    after = whole(source)
    with Sorter.open(out, SortOptions(placing=placing)) as sorter:
        outcome = sorter.settle(answer)
        assert isinstance(outcome, Failed)
        assert outcome.transient
    assert whole(source) == after
    assert whole(out) == {}


@pytest.mark.parametrize("change", CHANGES[:5])
def test_a_source_that_changes_just_before_it_is_renamed_gets_its_name_back(
    source: Path, out: Path, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    after: list[object] = []

    def renaming(old: Path, new: Path) -> None:
        if not after:
            change(picture)
            after.append(whole(source))
        rename(old, new)

    rename = publish.rename_without_replacing
    monkeypatch.setattr(place, "rename_without_replacing", renaming)
    (outcome,) = sort(source, out, MOVE)
    if change is edited_with_the_same_size_and_time:
        # In the same file: whoever still writes to it goes on doing so under its new name. Nothing is lost.
        assert contents(source, out).total() == 1
    else:
        assert isinstance(outcome, Failed)
        assert [whole(source)] == after
        assert whole(out) == {}


@pytest.mark.parametrize("step", ["part made", "part synced", "published", "journalled"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_delete_never_hits_what_has_taken_the_place_of_a_source(
    other_disk: Path, out: Path, step: str, change: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = other_disk / "in"
    source.mkdir()
    picture = source / "a.png"
    picture.write_bytes(b"the picture")
    after: list[object] = []

    def meanwhile() -> None:
        change(picture)
        after.append(whole(source))

    at_step(monkeypatch, step, meanwhile)
    (outcome,) = sort(source, out, MOVE)
    assert [whole(source)] == after
    assert_no_leftovers(source, out)
    if isinstance(outcome, Sorted):
        assert outcome.target.read_bytes() == b"the picture"
    else:
        assert isinstance(outcome, Failed)
        assert whole(out) == {}


def test_a_new_file_that_takes_the_name_while_the_old_one_is_removed_stays(
    other_disk: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = other_disk / "a.png"
    picture.write_bytes(b"the picture")
    at_step(monkeypatch, "source aside", lambda: picture.write_bytes(b"the next one"))
    sort(other_disk, out, MOVE)
    assert picture.read_bytes() == b"the next one"
    assert (out / "elsa-0.99621.png").read_bytes() == b"the picture"
    assert_no_leftovers(other_disk, out)


def test_a_source_that_goes_away_is_one_failure(source: Path, out: Path) -> None:
    (source / "a.png").write_bytes(b"a")
    answer = guess(source / "a.png")
    (source / "a.png").unlink()
    with Sorter.open(out, MOVE) as sorter:
        assert sorter.settle(answer) == Failed(source / "a.png", "it has gone while it was sorted")


def until_it_fails(outcomes: Iterator[Outcome]) -> tuple[list[Outcome], OutputError | None]:
    """What came, and the error that ended it."""
    came: list[Outcome] = []
    try:
        for outcome in outcomes:
            came.append(outcome)  # noqa: PERF402 - those before the error count
    except OutputError as error:
        return came, error
    return came, None


@needs_root
@pytest.mark.parametrize("placing", [Placing.COPY, Placing.MOVE])
def test_a_full_disk_leaves_sources_whole_and_no_part_and_goes_on_when_there_is_room(
    source: Path, out: Path, placing: Placing
) -> None:
    before = write_files(source, 6, size=200_000)
    with mounted(out, "-o", "size=1m"), Sorter.open(out, SortOptions(placing=placing)) as sorter:
        ballast = out / "ballast"
        ballast.write_bytes(bytes(300_000))
        came, error = until_it_fails(sorter.settle_all(sorting_room.answers(find(source))))
        ballast.unlink()
        assert "cannot be written: No space left on device" in str(error)
        assert 1 <= len(came) < 6
        assert {type(outcome) for outcome in came} == {Sorted}
        assert contents(out).total() == len(came)
        assert_nothing_lost(before, source, out)
        assert_no_leftovers(source, out)
        assert contents(source) == (before - contents(out) if placing is Placing.MOVE else before)
        (item, *_) = [item for item in find(source) if isinstance(item, Found) and not sorter.is_done(item)]
        assert isinstance(sorter.settle(guess(item.path)), Sorted)
        assert contents(out).total() == len(came) + 1


@needs_root
def test_an_output_that_turns_read_only_ends_the_run(source: Path, out: Path) -> None:
    before = write_files(source, 2)
    with Sorter.open(out, MOVE) as sorter:
        answers = list(sorting_room.answers(find(source)))
        with read_only(out), pytest.raises(OutputError):
            list(sorter.settle_all(answers))
    assert contents(source) == before
    assert whole(out) == {}


@needs_root
def test_a_source_that_cannot_be_removed_is_one_result_however_often_it_is_met(
    source: Path, out: Path, tmp_path: Path
) -> None:
    before = write_files(source, 2)
    with read_only(source), Sorter.open(out, MOVE) as sorter:
        first = list(sorter.settle_all(sorting_room.answers(sorter.fresh(find(source)))))
        assert all(isinstance(outcome, Sorted) and "Read-only file system" in str(outcome.trouble) for outcome in first)
        for _ in range(10):
            again = list(sorter.settle_all(sorting_room.answers(sorter.fresh(find(source)))))
            assert {type(outcome) for outcome in again} == {Skipped}
    assert contents(out) == before
    assert sort(source, out, MOVE) == [Skipped(source / name, "already sorted") for name in ("001.png", "sub/000.png")]
    assert contents(source) == before


def test_what_cannot_be_read_is_set_aside_under_its_own_name_or_left(source: Path, out: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (source / name).write_text("cut off " + name)
    with Sorter.open(out, MOVE) as sorter:
        outcome = sorter.settle(unreadable(source / "a.jpg"))
        assert isinstance(outcome, Unreadable)
        assert outcome.target == out / "_unreadable" / "a.jpg"
    with Sorter.open(out, SortOptions(leave_unreadable=True)) as sorter:
        outcome = sorter.settle(unreadable(source / "b.jpg"))
        assert isinstance(outcome, Unreadable)
        assert outcome.target is None
        assert sorter.is_done(Found(source / "b.jpg", Path("b.jpg")))
        (source / "b.jpg").write_text("it has been mended")
        assert not sorter.is_done(Found(source / "b.jpg", Path("b.jpg")))
    assert set(whole(source)) == {"b.jpg"}
    assert set(whole(out)) == {"_unreadable", "_unreadable/a.jpg"}


def test_what_the_reader_could_not_even_open_is_compared_and_set_aside_all_the_same(source: Path, out: Path) -> None:
    with (source / "huge.jpg").open("wb") as file:
        file.truncate(3_000_000)
    before = contents(source)
    with Sorter.open(out, MOVE) as sorter:
        sorter.settle(Unreadable(source / "huge.jpg", "it is larger than 256 MiB"))
    assert_exactly_once(before, out)


def test_below_the_bar_it_is_unknown(source: Path, out: Path) -> None:
    write_files(source, 1)
    (outcome,) = sort(source, out, SortOptions(min_score=0.9963))
    assert isinstance(outcome, Unknown)
    assert set(whole(out)) == {"unknown-0.99621.png"}


def test_an_empty_file_is_not_taken_for_a_reservation(source: Path, out: Path) -> None:
    (source / "empty.jpg").touch()
    with Sorter.open(out, MOVE) as sorter:
        sorter.settle(unreadable(source / "empty.jpg", "the file is empty"))
    assert contents(out) == {EMPTY: 1}


RIGHT_TO_LEFT = b"\xf0\x9f\x98\x80\xe2\x80\xae.png"  # an emoji, then the character that turns the line around
ODD_NAMES = [b"new\nline.png", b"-dash.png", b"quote'\".png", b"$(id).png", b"\xff\xfe.png", RIGHT_TO_LEFT]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("placing", list(Placing))
def test_any_name_comes_through_unchanged(source: Path, out: Path, placing: Placing, name: bytes) -> None:
    path = source / os.fsdecode(name)
    path.write_bytes(b"a")
    sort(source, out, SortOptions(placing=placing, template=FOLDERS))
    assert [os.fsencode(entry.name) for entry in (out / "elsa").iterdir()] == [name]
    if placing is not Placing.MOVE:
        assert {type(outcome) for outcome in sort(source, out)} == {Skipped}


def test_a_category_of_a_foreign_model_cannot_lead_out_of_the_output(source: Path, out: Path, tmp_path: Path) -> None:
    for number, category in enumerate(("../up", "..", "", "a/b", ".pigeonhole", "nul\0", "\ud800")):
        (source / f"{number}.png").write_bytes(bytes([number]))
        answer: Guess = guess(source / f"{number}.png", ((category, 0.5),))
        with Sorter.open(out, SortOptions(template=FOLDERS)) as sorter:
            assert isinstance(sorter.settle(answer), Sorted)
    assert contents(out).total() == 7
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}
    shutil.rmtree(out / ".pigeonhole")
    assert contents(out).total() == 7
