"""`answers`: a row for each picture, what is done stays and is not done again; `guess-dir --from-answers`."""

import hashlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from operator import itemgetter
from pathlib import Path

import pyarrow.parquet
import pytest

from commands import called, pigeonhole
from models import write_colour_model
from oracle import outcomes_of
from pigeonhole import __version__
from pigeonhole.answers import answering, run
from pigeonhole.answers.folder import FolderSource
from pigeonhole.answers.index import Index
from pigeonhole.answers.listed import Listed
from pigeonhole.answers.row import Result, Row
from pigeonhole.answers.table import About, from_parquet, rows_of, to_parquet, to_table
from pigeonhole.cli.classifying.answers import LOCK
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import Lock
from pigeonhole.model import load_model
from pigeonhole.records import FaceSearch
from tables import parts_of, rows_in
from trees import BLUE, GREEN, RED, tree, write_pictures
from watching import HANGS

COLOURS = {"a.png": RED, "sub/b.png": GREEN, "sub/deeper/c.PNG": BLUE, "new\nline.png": RED}


def settle(folder: Path) -> None:
    """As if all of it had lain there for long: then its state tells whether it was edited."""
    for path in folder.rglob("*"):
        os.utime(path, ns=(10**18, 10**18))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "in", COLOURS)


def test_there_is_one_row_for_each_picture_with_what_guess_says(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    (pictures / "broken.jpg").write_text("this is no picture")
    (pictures / "notes.txt").write_text("notes")
    result = called("answers", tf_files, pictures, tmp_path / "out")
    assert result.returncode == 1
    assert "6 seen = 4 answered + 0 unknown + 1 unreadable + 0 answered before + 1 skipped + 0 failed" in result.stderr
    assert f"unreadable: {pictures / 'broken.jpg'}: it is not a picture" in result.stderr
    rows = rows_in(tmp_path / "out")
    assert rows.keys() == {*COLOURS, "broken.jpg"}
    guessed = called("guess", tf_files, *(pictures / name for name in COLOURS), "--json").stdout.splitlines()
    for line in guessed:
        said = json.loads(line)
        row = rows[str(Path(said["path"]).relative_to(pictures))]
        assert (row["category"], row["score"], row["unknown"]) == (said["category"], said["score"], False)
        assert row["ranking"] == said["ranking"]
        assert row["sha256"] == tree(pictures)[row["path"]]
        assert row["size"] == (pictures / row["path"]).stat().st_size
    broken = rows["broken.jpg"]
    assert (broken["result"], broken["category"], broken["ranking"]) == ("unreadable", None, None)
    assert "it is not a picture" in broken["reason"]


def test_the_file_says_which_model_and_version_it_comes_from(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    called("answers", tf_files, pictures, tmp_path / "out")
    (part,) = parts_of(tmp_path / "out")
    about = json.loads(pyarrow.parquet.read_schema(tmp_path / "out" / part).metadata[b"pigeonhole"])
    assert about["model"] == hashlib.sha256((tf_files / "model.onnx").read_bytes()).hexdigest()
    assert about["version"] == __version__
    assert about["source"] == str(pictures)


def test_running_again_answers_only_what_is_new_or_changed(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    settle(pictures)
    out = tmp_path / "out"
    called("answers", tf_files, pictures, out)
    first = tree(out)
    again = called("answers", tf_files, pictures, out)
    assert "4 seen = 0 answered + 0 unknown + 0 unreadable + 4 answered before" in again.stderr
    assert tree(out) == first
    write_pictures(pictures, {"new.png": BLUE, "a.png": GREEN})
    third = called("answers", tf_files, pictures, out)
    assert "5 seen = 2 answered + 0 unknown + 0 unreadable + 3 answered before" in third.stderr
    rows = rows_in(out)
    assert rows.keys() == {*COLOURS, "new.png"}
    assert rows["a.png"]["category"] == "green_things"
    assert rows["a.png"]["sha256"] == tree(pictures)["a.png"]


def test_an_edit_that_kept_size_and_time_is_seen_and_another_time_alone_is_no_edit(
    tf_files: Path, pictures: Path, tmp_path: Path
) -> None:
    settle(pictures)
    out = tmp_path / "out"
    called("answers", tf_files, pictures, out)
    size = (pictures / "a.png").stat().st_size
    green = write_pictures(tmp_path / "other", {"a.png": GREEN}) / "a.png"
    assert green.stat().st_size == size
    (pictures / "a.png").write_bytes(green.read_bytes())
    os.utime(pictures / "a.png", ns=(10**18, 10**18))
    os.utime(pictures / "sub" / "b.png", ns=(10**18, 10**18 + 5 * 10**9))
    result = called("answers", tf_files, pictures, out)
    assert "4 seen = 1 answered + 0 unknown + 0 unreadable + 3 answered before" in result.stderr
    assert rows_in(out)["a.png"]["category"] == "green_things"


def test_what_failed_is_tried_again_and_what_is_unreadable_is_not(
    tf_files: Path, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "broken.jpg").write_text("this is no picture")
    settle(pictures)
    out = tmp_path / "out"
    called("answers", tf_files, pictures, out)
    path = out / parts_of(out)[0]
    table = pyarrow.parquet.read_table(path)
    results = ["failed" if name == "a.png" else "unreadable" for name in table["path"].to_pylist()]
    number = table.schema.get_field_index("result")
    pyarrow.parquet.write_table(table.set_column(number, table.schema.field(number), [results]), path)
    again = called("answers", tf_files, pictures, out)
    assert "5 seen = 1 answered + 0 unknown + 0 unreadable + 4 answered before" in again.stderr
    assert again.returncode == 0
    assert rows_in(out)["a.png"]["result"] == "answered"


def test_rows_of_files_that_have_gone_stay(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    called("answers", tf_files, pictures, tmp_path / "out")
    (pictures / "a.png").unlink()
    assert called("answers", tf_files, pictures, tmp_path / "out").returncode == 0
    assert "a.png" in rows_in(tmp_path / "out")


def test_names_that_are_no_text_come_back_as_they_are(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    odd = os.fsencode(pictures) + b"/\xff\xfe.png"
    shutil.copyfile(pictures / "a.png", odd)
    settle(pictures)
    called("answers", tf_files, pictures, tmp_path / "out")
    assert rows_in(tmp_path / "out")["\\xff\\xfe.png"]["path_bytes"] == b"\xff\xfe.png"
    again = called("answers", tf_files, pictures, tmp_path / "out")
    assert "5 answered before" in again.stderr
    sorted_ = called("guess-dir", tf_files, pictures, tmp_path / "sorted", "--from-answers", tmp_path / "out")
    assert sorted_.returncode == 0, sorted_.stderr
    assert sorted(tree(tmp_path / "sorted").values()) == sorted(tree(pictures).values())


def test_a_file_that_kills_its_decoder_costs_that_file(tf_files: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, data in (("crash.png", b"crash"), ("kill.png", b"kill"), ("good.png", b"\x01"), ("odd.png", b"refuse")):
        (tmp_path / "in" / name).write_bytes(data)
    source, model = FolderSource(tmp_path / "in"), load_model(tf_files / "model.onnx")
    listed = [each for each in source.find(recursive=True) if isinstance(each, Listed)]
    with DecoderPool(2, decoder="decoder_stubs:obedient") as decoders:
        rows = {row.listed.name: row for row in answering.rows(source, listed, model, decoders)}
    results = {name: str(row.result) for name, row in rows.items()}
    dead = dict.fromkeys(("crash.png", "kill.png", "odd.png"), "unreadable")
    assert results == {**dead, "good.png": "answered"}
    assert {name: row.sha256 for name, row in rows.items()} == tree(tmp_path / "in")


def test_a_wrong_call_is_answered_with_a_sentence_and_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_colour_model(tmp_path / "tf")
    write_colour_model(tmp_path / "other", 3.0)
    for name in ("in", "sub"):
        write_pictures(tmp_path / name, {"a.png": RED})
    for name in ("nothing", "foreign", "damaged"):
        (tmp_path / name).mkdir()
    (tmp_path / "nothing" / "notes.txt").write_text("notes")
    assert called("answers", "tf", "in", "table").returncode == 0
    (part,) = parts_of(tmp_path / "table")
    (tmp_path / "damaged" / part).write_bytes((tmp_path / "table" / part).read_bytes()[:-9])
    pyarrow.parquet.write_table(pyarrow.table({"path": ["a.png"]}), "foreign/answers-of-others.parquet")
    before = {name: digest for name, digest in tree(tmp_path).items() if not name.endswith(LOCK)}
    for arguments, code, sentence in (
        (["in"], 2, "Expected two or three folders"),
        (["tf", "nowhere", "out"], 2, "nowhere is not a folder."),
        (["tf", "in", "in/a.png"], 2, "in/a.png is a file."),
        (["tf", "in", "in/table"], 2, "or lies inside it."),
        (["tf", "in", "."], 2, "in lies in ."),
        (["nowhere", "in", "out"], 3, "There is no model at nowhere/model.onnx."),
        (["tf", "nothing", "out"], 4, "There is no picture in nothing."),
        (["tf", "in", "what://is/this"], 2, "what://is/this cannot be opened"),
        (["tf", "sub", "table"], 2, "table holds the answers about"),
        (["other", "in", "table"], 2, "table holds the answers of another model"),
        (["tf", "in", "table", "--tta"], 2, "table holds answers that were made with other options."),
        (["tf", "in", "foreign"], 3, "is a Parquet file, but not one of pigeonhole's answers."),
        (["tf", "in", "damaged"], 3, "is damaged, or no Parquet file."),
    ):
        result = called("answers", *arguments)
        assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
        assert {name: digest for name, digest in tree(tmp_path).items() if not name.endswith(LOCK)} == before


def test_two_at_once_into_one_folder_are_refused(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    lock = Lock(tmp_path / "out" / LOCK)
    try:
        result = called("answers", tf_files, pictures, tmp_path / "out")
    finally:
        lock.release()
    assert result.returncode == 5
    assert f"{tmp_path / 'out'} is being written by process {os.getpid()}." in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_run_leaves_whole_files_and_the_next_goes_on(
    tf_files: Path, tmp_path: Path, number: int
) -> None:
    folder, out = write_pictures(tmp_path / "in", {"0.png": RED}), tmp_path / "out"
    for copy in range(1, 1500):
        os.link(folder / "0.png", folder / f"{copy}.png")
    script = (
        "import sys\nfrom pigeonhole.answers import run\nrun.ROWS = 100\n"
        "from pigeonhole.cli import main\nsys.argv[0] = 'pigeonhole'\nmain()"
    )
    command = [sys.executable, "-c", script, "answers", str(tf_files), str(folder), str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + HANGS
        while not (out.is_dir() and parts_of(out)) and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(number)
        _, errors = process.communicate(timeout=HANGS)
    assert process.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 130), errors
    assert "Traceback" not in errors
    done = len(rows_in(out))
    assert 0 < done < 1500
    if number != signal.SIGKILL:
        assert f"{done} answered" in errors
    result = pigeonhole("answers", tf_files, folder, out)
    assert f"1500 seen = {1500 - done} answered" in result.stderr
    assert len(rows_in(out)) == 1500


def test_a_kill_between_taking_out_and_writing_costs_an_answer_and_doubles_none(
    tf_files: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(pictures)
    out = tmp_path / "out"
    called("answers", tf_files, pictures, out)
    write_pictures(pictures, {"a.png": GREEN})

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "write_part", interrupted)
        assert called("answers", tf_files, pictures, out).returncode == 130
    assert rows_in(out).keys() == COLOURS.keys() - {"a.png"}
    assert called("answers", tf_files, pictures, out).returncode == 0
    assert rows_in(out)["a.png"]["category"] == "green_things"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system to fill")
def test_a_full_disk_ends_the_run_with_a_sentence_and_no_half_file(
    tf_files: Path, pictures: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", out], check=True)
    try:
        (out / "ballast").write_bytes(bytes(8 * 1024))
        result = called("answers", tf_files, pictures, out)
        assert result.returncode == 5
        assert f"{out} cannot be written: No space left on device." in result.stderr
        assert sorted(path.name for path in out.iterdir()) == [".pigeonhole-answers.lock", "ballast"]
    finally:
        subprocess.run(["umount", out], check=True)


def test_sorting_by_a_table_gives_the_same_names_and_bytes_as_asking_the_model(
    tf_files: Path, pictures: Path, tmp_path: Path
) -> None:
    write_pictures(pictures, {f"equal {number}.png": GREEN for number in range(5)})
    (pictures / "broken.jpg").write_text("this is no picture")
    called("answers", tf_files, pictures, tmp_path / "table")
    (tf_files / "model.onnx").rename(tmp_path / "model.onnx")
    by_table = called("guess-dir", pictures, tmp_path / "one", "--json", "--from-answers", tmp_path / "table")
    (tmp_path / "model.onnx").rename(tf_files / "model.onnx")
    by_model = called("guess-dir", tf_files, pictures, tmp_path / "other", "--json")
    assert tree(tmp_path / "one") == tree(tmp_path / "other")
    (said, _), (said_too, _) = outcomes_of(by_table.stdout), outcomes_of(by_model.stdout)
    for each in (*said, *said_too):
        each["target"] = Path(each["target"]).name
    assert sorted(said, key=itemgetter("path")) == sorted(said_too, key=itemgetter("path"))
    assert by_table.returncode == by_model.returncode == 1
    undone = called("undo", tmp_path / "one")
    assert undone.returncode == 0
    assert tree(tmp_path / "one") == {}


def test_a_file_that_is_not_what_was_answered_stays_where_it_is(tf_files: Path, pictures: Path, tmp_path: Path) -> None:
    called("answers", tf_files, pictures, tmp_path / "table")
    write_pictures(pictures, {"a.png": BLUE, "new.png": BLUE})
    before = tree(pictures)
    result = called("guess-dir", pictures, tmp_path / "out", "--from-answers", tmp_path / "table", "--move")
    assert result.returncode == 1
    assert f"failed: {pictures / 'a.png'}: it has other content than what was answered." in result.stderr
    assert f"failed: {pictures / 'new.png'}: there is no answer for it in the table." in result.stderr
    assert tree(pictures) == {name: before[name] for name in ("a.png", "new.png")}
    assert "5 seen = 3 sorted + 0 unknown + 0 unreadable + 0 skipped + 2 failed" in result.stderr


def test_a_wrong_table_is_refused_before_anything_is_made(
    tf_files: Path, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    called("answers", tf_files, pictures, tmp_path / "table")
    for arguments, code, sentence in (
        (["nowhere"], 2, "There is no table of answers at nowhere."),
        (["in"], 2, "There is no table of answers at in."),
        (["table", "--tta"], 2, "--from-answers cannot be combined with --tta"),
        (["in/a.png"], 3, "in/a.png is damaged, or no Parquet file."),
    ):
        result = called("guess-dir", "in", "out", "--from-answers", *arguments)
        assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
        assert not (tmp_path / "out").exists()


def test_unknown_in_the_table_is_unknown_in_the_folder(tmp_path: Path) -> None:
    tf_files = write_colour_model(tmp_path / "tf", min_score=0.999999)
    pictures = write_pictures(tmp_path / "in", {"a.png": RED})
    assert called("answers", tf_files, pictures, tmp_path / "table").returncode == 0
    row = rows_in(tmp_path / "table")["a.png"]
    assert (row["unknown"], row["category"]) == (True, "red_things")
    assert "its score is below" in row["why_unknown"]
    called("guess-dir", pictures, tmp_path / "out", "--from-answers", tmp_path / "table")
    assert list(tree(tmp_path / "out")) == ["unknown-0.99998.png"]


def test_the_index_of_a_million_rows_needs_little_memory() -> None:
    index = Index()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    states = ((Listed(f"folder/{n:09}.png", n, n, n), n, "0" * 64, Result.ANSWERED) for n in range(200_000))
    assert index.add(0, states) == 200_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30_000  # KiB
    found = index.find("folder/000123456.png")
    assert found is not None
    assert (found.number, found.listed.size) == (123_456, 123_456)


def test_every_field_of_a_row_comes_back_from_the_table() -> None:
    labels = ("elsa", "b\udcffd", "anna")
    about = About("0" * 64, labels, unknown=True, tta=False, source="/in", version="0")
    ranking = (("b\udcffd", 0.5), ("elsa", 0.25), ("anna", 0.25))
    state = Listed("sub/\udcff \n.png", 5, 10**18 + 1, None)
    rows = [
        Row(state, 7, Result.ANSWERED, "a" * 64, ranking, 0.5, "it is too different", "", FaceSearch((1, 2, 3, 4))),
        Row(state, 7, Result.ANSWERED, "a" * 64, ranking, None, "", "", FaceSearch(None)),
        Row(Listed("plain", 0, -1, 2**70), 8, Result.FAILED, None, reason="no"),
    ]
    parquet = to_parquet(to_table(rows, about))
    table, its = from_parquet(parquet, "name")
    assert its == about
    *same, last = rows_of(table, its)
    assert same == rows[:2]
    assert last == replace(rows[2], listed=Listed("plain", 0, -1, 2**63 - 1))
