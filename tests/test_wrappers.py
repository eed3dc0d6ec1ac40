"""The arguments of the scripts: what arrives at the command, and what the container is shown."""

import os
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from command_table import Row
from pigeonhole import __version__
from pigeonhole.cli import COMMANDS
from wrappers import EVERYDAY, IN_CONTAINER, OUTSIDE, ROOT, TABLE, Checkout, make_checkout, make_place

ODD_NAMES = (
    "two words.jpg",
    " around .jpg",
    "com,ma.jpg",
    "quo\"te's.jpg",
    "new\nline.jpg",
    "at the end\n",
    "tab\t.jpg",
    "$(touch pwned).jpg",
    "`touch pwned`.jpg",
    "back\\slash.jpg",
    "star*[x]?.jpg",
    "-dash.jpg",
    "--help",
    "-",
    "source=a,target=b",
    "ünïcödé-😀.jpg",
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path)


def tree(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_guess_shows_the_container_the_model_and_the_picture_and_nothing_else(checkout: Checkout, place: Path) -> None:
    ran = checkout.run("guess.sh", "tf", "elsa.jpg", cwd=place)

    assert (ran.returncode, ran.stderr) == (0, "")
    job = checkout.job()
    assert job.mounts == {f"{place}/tf": "ro", f"{place}/elsa.jpg": "ro"}
    assert job.command == ["guess", f"{place}/tf", f"{place}/elsa.jpg"]
    assert job.image.startswith("pigeonhole-classify:")


def test_guess_takes_the_tf_files_beside_the_script_and_several_pictures(checkout: Checkout, place: Path) -> None:
    (place / "anna.jpg").touch()

    checkout.run("guess.sh", "elsa.jpg", "../home/anna.jpg", "elsa.jpg", "--top", "2", cwd=place)

    pictures = [f"{place}/{name}.jpg" for name in ("elsa", "anna", "elsa")]
    assert checkout.job().command == ["guess", str(checkout.tf_files), *pictures, "--top", "2"]
    assert checkout.job().mounts == {str(checkout.tf_files): "ro", pictures[0]: "ro", pictures[1]: "ro"}


def test_guess_shows_folders_instead_of_very_many_pictures(checkout: Checkout, place: Path) -> None:
    names = [f"in/{number}.jpg" for number in range(101)]
    for name in names:
        (place / name).touch()

    checkout.run("guess.sh", *names, cwd=place)

    assert checkout.job().command[2:] == [f"{place}/{name}" for name in names]
    assert checkout.job().mounts == {str(checkout.tf_files): "ro", f"{place}/in": "ro"}


@pytest.mark.parametrize("given", [(), ("tf",)])
def test_guess_dir_may_write_to_out_alone(checkout: Checkout, place: Path, given: tuple[str, ...]) -> None:
    ran = checkout.run("guessDir.sh", *given, "in", "new/out", "--json", cwd=place)

    assert ran.returncode == 0
    tf_files = str(place / "tf" if given else checkout.tf_files)
    assert checkout.job().command == ["guess-dir", tf_files, f"{place}/in", f"{place}/new/out", "--json"]
    assert checkout.job().mounts == {tf_files: "ro", f"{place}/in": "ro", f"{place}/new/out": "rw"}
    assert (place / "new/out").is_dir()  # made by the caller: the engine refuses what is missing


@pytest.mark.parametrize("given", [(), ("tf",), ("./tf/",), ("../home/tf",)])
def test_train_may_write_to_tf_files(checkout: Checkout, place: Path, given: tuple[str, ...]) -> None:
    checkout.run("train.sh", *given, "--seed", "1", cwd=place)

    tf_files = str(place / "tf" if given else checkout.tf_files)
    assert checkout.job().command == ["train", tf_files, "--seed", "1"]
    assert checkout.job().mounts == {tf_files: "rw"}
    assert checkout.job().image.startswith("pigeonhole-train:")


@pytest.mark.parametrize("given", [(), ("tf",)])
def test_evaluate_may_write_its_report_alone(checkout: Checkout, place: Path, given: tuple[str, ...]) -> None:
    ran = checkout.run("pigeonhole.sh", "evaluate", *given, "in", "--markdown", cwd=place)

    assert ran.returncode == 0
    tf_files = str(place / "tf" if given else checkout.tf_files)
    assert checkout.job().command == ["evaluate", tf_files, f"{place}/in", "--markdown"]
    assert checkout.job().mounts == {tf_files: "ro", f"{tf_files}/report": "rw", f"{place}/in": "ro"}
    assert checkout.job().image.startswith("pigeonhole-train:")  # with what makes reports


def test_evaluate_without_a_report_may_write_nothing(checkout: Checkout, place: Path) -> None:
    checkout.run("pigeonhole.sh", "evaluate", "tf", "in", "--no-report", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "ro", f"{place}/in": "ro"}
    assert not (place / "tf" / "report").exists()


def test_check_may_write_the_list_of_moves_where_it_is_told_to(checkout: Checkout, place: Path) -> None:
    checkout.run("pigeonhole.sh", "check", "tf", "--moves", "in/moves, all.csv", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{place}/in": "rw"}
    assert checkout.job().command == ["check", f"{place}/tf", "--moves", f"{place}/in/moves, all.csv"]


def test_check_reads_the_list_of_moves_that_it_shall_apply(checkout: Checkout, place: Path) -> None:
    (place / "moves.csv").touch()

    checkout.run("pigeonhole.sh", "check", "tf", "--apply=moves.csv", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{place}/moves.csv": "ro"}
    assert checkout.job().command == ["check", f"{place}/tf", f"--apply={place}/moves.csv"]


def test_explain_may_write_into_the_folder_of_its_drawing(checkout: Checkout, place: Path) -> None:
    checkout.run("pigeonhole.sh", "explain", "tf", "elsa.jpg", "in/out, of it.png", "--against", "anna", cwd=place)

    job = checkout.job()
    assert job.mounts == {f"{place}/tf": "ro", f"{place}/elsa.jpg": "ro", f"{place}/in": "rw"}
    assert job.command == [
        "explain",
        f"{place}/tf",
        f"{place}/elsa.jpg",
        f"{place}/in/out, of it.png",
        "--against",
        "anna",
    ]
    assert job.values("--network") == ["none"]


def test_a_heat_map_may_be_written_beside_where_one_stands(checkout: Checkout, place: Path) -> None:
    checkout.run("guess.sh", "tf", "elsa.jpg", "--heat-map", "in/h.png", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "ro", f"{place}/elsa.jpg": "ro", f"{place}/in": "rw"}
    assert checkout.job().command[-2:] == ["--heat-map", f"{place}/in/h.png"]


FOR_ONE, FOR_MANY = ("guess.sh", "tf", "elsa.jpg"), ("guessDir.sh", "tf", "in", "out")


@pytest.mark.parametrize(
    ("said", "command", "image"),
    [
        (b"null", FOR_ONE, "classify"),
        (b"null", FOR_MANY, "classify"),
        (b"null", (*FOR_ONE, "--faces"), "train"),
        (b"null", (*FOR_ONE, "--boxes", "in/b.png"), "train"),
        (b"null", (*FOR_ONE, "--boxes=in/b.png"), "train"),
        (b'"drawn"', FOR_ONE, "train"),
        (b'"human"', FOR_MANY, "train"),
        (b'"drawn"', ("watch.sh", "tf", "in", "out"), "train"),
    ],
)
def test_what_looks_at_faces_runs_in_the_image_that_can_find_them(
    said: bytes, command: tuple[str, ...], image: str, checkout: Checkout, place: Path
) -> None:
    (place / "tf" / "model.onnx").write_bytes(b'\x08\x07\n {"size": 224, "face": ' + said + b"} \xff")

    checkout.run(*command, cwd=place)

    assert checkout.job().image.startswith(f"pigeonhole-{image}:")
    assert checkout.job().values("--network") == ["none"]
    if "--boxes" in command:
        assert checkout.job().mounts[f"{place}/in"] == "rw"


def test_compare_may_write_to_tf_files(checkout: Checkout, place: Path) -> None:
    checkout.run("pigeonhole.sh", "compare", "tf", "--seed", "3", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw"}
    assert checkout.job().command == ["compare", f"{place}/tf", "--seed", "3"]


@pytest.mark.parametrize("form", [["--weights", "w, x.pth"], ["--weights=w, x.pth"]])
def test_train_sees_the_weights_that_it_is_told_to_use(checkout: Checkout, place: Path, form: list[str]) -> None:
    (place / "w, x.pth").touch()

    checkout.run("train.sh", "tf", *form, cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{place}/w, x.pth": "ro"}
    assert "=".join(checkout.job().command[2:]) == f"--weights={place}/w, x.pth"


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_arrives_unchanged(checkout: Checkout, place: Path, name: str) -> None:
    folder = place / f"dir {name}"
    folder.mkdir()
    (folder / name).touch()

    checkout.run("guess.sh", "--", name, cwd=folder)
    assert checkout.job().command == ["guess", str(checkout.tf_files), f"{folder}/{name}"]
    assert checkout.job().mounts == {str(checkout.tf_files): "ro", f"{folder}/{name}": "ro"}
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_folder_arrives_unchanged(checkout: Checkout, place: Path, name: str) -> None:
    (place / name).mkdir()

    checkout.run("guessDir.sh", "--", name, f"{name} out", cwd=place)
    assert checkout.job().command == ["guess-dir", str(checkout.tf_files), f"{place}/{name}", f"{place}/{name} out"]
    assert checkout.job().mounts == {
        str(checkout.tf_files): "ro",
        f"{place}/{name}": "ro",
        f"{place}/{name} out": "rw",
    }
    assert not (place / "pwned").exists()


def test_a_leading_dash_is_a_path_only_if_it_is_there(checkout: Checkout, place: Path) -> None:
    (place / "-dash.jpg").touch()

    checkout.run("guess.sh", "-dash.jpg", "--top", "1", "--", "elsa.jpg", cwd=place)

    pictures = [f"{place}/-dash.jpg", f"{place}/elsa.jpg"]
    assert checkout.job().command == ["guess", str(checkout.tf_files), *pictures, "--top", "1"]


@pytest.mark.parametrize(("options", "mode"), [((), "rw"), (("--copy",), "ro")])
def test_watch_may_empty_its_inbox_unless_it_copies(
    checkout: Checkout, place: Path, options: tuple[str, ...], mode: str
) -> None:
    ran = checkout.run("watch.sh", "tf", "in", "new\nout", *options, cwd=place)

    assert (ran.returncode, ran.stderr) == (0, "")
    job = checkout.job()
    assert job.command == ["watch", f"{place}/tf", f"{place}/in", f"{place}/new\nout", *options]
    assert job.mounts == {f"{place}/tf": "ro", f"{place}/in": mode, f"{place}/new\nout": "rw"}


def test_the_engine_asks_a_watcher_for_its_health_and_gives_it_time_to_end(checkout: Checkout, place: Path) -> None:
    checkout.run("watch.sh", "in", "out 'x'", cwd=place)

    job = checkout.job()
    assert job.values("--health-cmd") == ["pigeonhole health"]
    assert f"PIGEONHOLE_OUT={place}/out 'x'" in job.values("--env")
    assert int(job.values("--stop-timeout")[0]) > 10


@pytest.mark.parametrize("out", ["in", "in/below", "."])
def test_watch_refuses_an_output_in_or_around_the_inbox(checkout: Checkout, place: Path, out: str) -> None:
    assert checkout.run("watch.sh", "in", out, cwd=place).returncode == 2
    assert checkout.calls("run") == []
    assert not (place / "in/below").exists()


def test_options_arrive_as_they_were_typed(checkout: Checkout, place: Path) -> None:
    options = ["--top", "3", "--x=a b", "", "*", "$HOME", "-v", "last\n"]

    checkout.run("guess.sh", "elsa.jpg", *options, cwd=place)

    assert checkout.job().command[3:] == options


@pytest.mark.parametrize("row", IN_CONTAINER, ids=lambda row: row.command)
@pytest.mark.parametrize("options", [["--help"], ["-h"], ["--top", "3", "--help"]])
def test_help_reaches_the_command_and_needs_no_folder(checkout: Checkout, row: Row, options: list[str]) -> None:
    checkout.tf_files.rmdir()

    assert checkout.run(*row.call, *options).returncode == 0
    assert checkout.job().command == [row.command, "--help"]
    assert checkout.job().mounts == {}
    assert checkout.job().image.startswith("pigeonhole-classify:")  # no need to make the large image for it


def test_answers_may_write_to_its_table_alone(checkout: Checkout, place: Path) -> None:
    checkout.run("pigeonhole.sh", "answers", "in", "table", cwd=place)
    tf_files = str(checkout.tf_files)
    assert checkout.job().command == ["answers", tf_files, f"{place}/in", f"{place}/table"]
    assert checkout.job().mounts == {tf_files: "ro", f"{place}/in": "ro", f"{place}/table": "rw"}


def test_guess_dir_reads_the_table_that_it_sorts_by(checkout: Checkout, place: Path) -> None:
    (place / "table").mkdir()
    checkout.run("guessDir.sh", "in", "out", "--from-answers", "table", cwd=place)
    assert checkout.job().command[4:] == ["--from-answers", f"{place}/table"]
    assert checkout.job().image.startswith("pigeonhole-train:")  # which has what reads tables
    assert checkout.job().mounts[f"{place}/table"] == "ro"


@pytest.mark.parametrize(
    "arguments",
    [("pigeonhole.sh", "answers", "s3://pigeons/in", "table"), ("pigeonhole.sh", "answers", "in", "s3://pigeons/table"),
     ("guessDir.sh", "in", "out", "--from-answers", "s3://pigeons/table")],
)  # fmt: skip
def test_what_lies_in_an_object_store_is_reached_from_outside_a_container(
    checkout: Checkout, place: Path, arguments: tuple[str, ...]
) -> None:
    ran = checkout.run(*arguments, cwd=place)
    assert ran.returncode == 0, ran.stderr
    assert checkout.calls("run") == []
    assert "Running from .venv instead of a container, which has no network for s3://pigeons/" in ran.stderr
    assert any(word.startswith("s3://pigeons/") for word in checkout.local_command())


@pytest.mark.parametrize("option", [["--cluster", "auto"], ["--cluster=head:6379"]])
def test_a_cluster_is_reached_from_outside_a_container(checkout: Checkout, place: Path, option: list[str]) -> None:
    for arguments in (("guessDir.sh", "in", "out"), ("pigeonhole.sh", "answers", "in", "table")):
        ran = checkout.run(*arguments, *option, cwd=place)
        assert ran.returncode == 0, ran.stderr
        assert checkout.calls("run") == []
        assert checkout.local_command()[-len(option) :] == option
        assert checkout.installed()[-1].endswith(",cluster]")


def test_every_command_stands_in_the_table_with_what_it_says_of_itself() -> None:
    helps = {name: import_module(module).command.get_short_help_str(limit=1000) for name, module in COMMANDS.items()}
    assert {row.command: row.purpose for row in TABLE} == helps


def test_every_option_that_names_a_file_stands_in_the_table() -> None:
    for row in TABLE:
        for parameter in import_module(COMMANDS[row.command]).command.params:
            if type(parameter.type).__name__ == "Path" and parameter.opts[0].startswith("--"):
                assert f"{parameter.opts[0]}:" in row.files, row.command


def test_what_the_table_says_can_be_said_by_the_scripts() -> None:
    roles = {"model", "data", "report", "picture", "folder", "film", "in", "inbox", "out", "new", "source", "table"}
    for row in TABLE:
        assert row.where in {"classify", "train", "here"}
        assert row.network in {"none", "weights", "page"}
        assert {spec.split(":")[1].strip("].") for spec in row.paths.split()} <= roles
        assert {spec.split(":")[1] for spec in row.files.split()} <= {"file", "new", "table", "path"}
        assert not row.script or (ROOT / row.script).is_file()
    assert {path.name for path in ROOT.glob("*.sh")} == {*EVERYDAY, "pigeonhole.sh", "demo.sh", "test.sh"}


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["help"]])
def test_pigeonhole_alone_lists_the_commands_without_engine_and_environment(
    checkout: Checkout, arguments: list[str]
) -> None:
    checkout.cannot("no-engine")
    ran = checkout.run("pigeonhole.sh", *arguments)

    assert (ran.returncode, ran.stderr) == (0, "")
    for row in TABLE:
        (line,) = (line for line in ran.stdout.splitlines() if line.endswith(row.purpose))
        assert line.split()[:2] == ["bash", row.script] if row.script else line.split()[0] == row.command
    assert not (checkout.root / ".venv").exists()
    assert checkout.calls("info") == []


def test_pigeonhole_knows_its_version_without_engine_and_environment(checkout: Checkout) -> None:
    checkout.cannot("no-engine")
    assert checkout.run("pigeonhole.sh", "--version").stdout == f"pigeonhole, version {__version__}\n"


@pytest.mark.parametrize("name", ["chek", "", "guess.sh", "--json", "two words", "*", "new\nline"])
def test_a_command_that_is_not_there_is_named(checkout: Checkout, name: str) -> None:
    ran = checkout.run("pigeonhole.sh", name or "-", "tf")

    assert ran.returncode == 2
    assert "There is no command " in ran.stderr
    assert ran.stderr.endswith("For the list of commands: bash pigeonhole.sh\n")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("row", [row for row in TABLE if row.script], ids=lambda row: row.command)
def test_pigeonhole_does_what_the_scripts_do(checkout: Checkout, place: Path, row: Row) -> None:
    paths = {"train": ["tf"], "guess": ["tf", "elsa.jpg"], "web": ["tf", "in"]}.get(row.command, ["tf", "in", "out"])
    checkout.run(row.script, *paths, "--json", cwd=place)
    checkout.run("pigeonhole.sh", row.command, *paths, "--json", cwd=place)

    script, pigeonhole = checkout.calls("run")
    assert script == pigeonhole


def test_folders_are_physical_and_a_link_to_a_picture_keeps_its_name(checkout: Checkout, place: Path) -> None:
    (place / "shortcut").symlink_to(place / "in")
    (place / "in/film.jpg").symlink_to(place / "elsa.jpg")

    checkout.run("guess.sh", "shortcut/film.jpg", cwd=place)

    assert checkout.job().command[2:] == [f"{place}/in/film.jpg"]


def test_a_script_may_be_called_through_a_link(checkout: Checkout, place: Path) -> None:
    (place / "guess").symlink_to(checkout.root / "guess.sh")

    subprocess.run(["./guess", "elsa.jpg"], cwd=place, env={**os.environ, **checkout.environment}, check=True)

    assert checkout.job().command == ["guess", str(checkout.tf_files), f"{place}/elsa.jpg"]


def test_what_links_in_tf_files_lead_to_is_shown_too(checkout: Checkout, place: Path) -> None:
    for folder in ("disk/data", "disk/weights"):
        (place / folder).mkdir(parents=True)
    (place / "tf/data").symlink_to(place / "disk/data")
    (place / "tf/weights").symlink_to("../disk/weights")

    checkout.run("train.sh", "tf", cwd=place)

    disk = f"{place}/disk"
    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{disk}/data": "ro", f"{disk}/weights": "rw"}


def test_pictures_inside_tf_files_are_seen_already_and_out_inside_it_can_be_written(
    checkout: Checkout, place: Path
) -> None:
    (place / "tf/new").mkdir()

    checkout.run("guessDir.sh", "tf", "tf/new", "tf/sorted", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "ro", f"{place}/tf/sorted": "rw"}


@pytest.mark.parametrize(
    ("script", "arguments", "sentence"),
    [
        ("guess.sh", ["no.jpg"], "There is no picture no.jpg."),
        ("guess.sh", ["tf", "elsa.jpg", "bro\nken"], r"There is no picture $'bro\nken'."),
        ("guess.sh", [""], "There is no picture ''."),
        ("guess.sh", [], "Got 0 paths. Expected: bash guess.sh [TF_FILES] IMAGE... [options]"),
        ("guess.sh", ["tf"], "tf is a folder, not a picture; for folders there is guessDir.sh."),
        ("guess.sh", ["elsa.jpg", "in"], "in is a folder, not a picture"),
        ("guess.sh", ["--top", "1"], "Got 0 paths."),
        ("guess.sh", ["tf", "--top", "1", "elsa.jpg"], "IMAGE... [options], with all options at the end"),
        ("guessDir.sh", ["--json", "in", "out"], "IN OUT [options], with all options at the end"),
        ("guessDir.sh", ["no", "out"], "There is no folder no."),
        ("guessDir.sh", ["no", "in", "out"], "There is no folder no."),
        ("guessDir.sh", ["elsa.jpg", "out"], "elsa.jpg is a file, not a folder."),
        ("guessDir.sh", ["in", "elsa.jpg"], "elsa.jpg is a file, not a folder."),
        ("guessDir.sh", ["in"], "Got 1 path. Expected: bash guessDir.sh [TF_FILES] IN OUT [options]"),
        ("guessDir.sh", ["tf", "in", "out", "more"], "Got 4 paths."),
        ("guessDir.sh", ["in", "in"], "in is"),
        ("guessDir.sh", ["in", "in/out/deep"], "in/out/deep is"),
        ("guessDir.sh", ["in", "link/out"], "link/out is"),
        ("guessDir.sh", ["in", "."], "/in lies in ."),
        ("guessDir.sh", ["in", "up"], "/in lies in up."),
        ("guessDir.sh", ["in", "no/../in/out"], "The folder no/../in/out cannot be made"),
        ("train.sh", ["no"], "There is no folder no."),
        ("train.sh", ["tf", "more"], "Got 2 paths. Expected: bash train.sh [TF_FILES] [options]"),
        ("train.sh", ["tf", "--weights", "no.pth"], "There is no file no.pth."),
        ("train.sh", ["tf", "--weights=no.pth"], "There is no file no.pth."),
        ("pigeonhole.sh", ["check", "tf", "--moves", "no/moves.csv"], "The folder of no/moves.csv is not there."),
        ("pigeonhole.sh", ["check", "tf", "--apply", "in"], "There is no file in."),
        (
            "pigeonhole.sh",
            ["evaluate"],
            "Got 0 paths. Expected: bash pigeonhole.sh evaluate [TF_FILES] FOLDER [options]",
        ),
        ("pigeonhole.sh", ["explain", "elsa.jpg"], "Got 1 path."),
        ("pigeonhole.sh", ["explain", "elsa.jpg", "in"], "in is no name for a file."),
        ("pigeonhole.sh", ["log"], "Got 0 paths. Expected: bash pigeonhole.sh log OUT [options]"),
        ("pigeonhole.sh", ["undo", "in", "tf"], "Got 2 paths."),
        ("pigeonhole.sh", ["health", "elsa.jpg"], "elsa.jpg is a file, not a folder."),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence_before_anything_is_touched(
    checkout: Checkout, place: Path, script: str, arguments: list[str], sentence: str
) -> None:
    (place / "link").symlink_to("in")
    (place / "up").symlink_to("../home")
    before = tree(place)

    ran = checkout.run(script, *arguments, cwd=place)

    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.count("\n") == 1
    assert ran.stderr.startswith(f"{script}: ")
    assert sentence in ran.stderr
    assert tree(place) == before
    assert checkout.calls("run") == []


def test_an_out_that_cannot_be_made_ends_with_the_code_for_it(checkout: Checkout, place: Path) -> None:
    ran = checkout.run("guessDir.sh", "in", "elsa.jpg/out", cwd=place)

    assert ran.returncode == 5
    assert "The folder elsa.jpg/out cannot be made." in ran.stderr


def test_a_dry_run_makes_no_folder(checkout: Checkout, place: Path) -> None:
    checkout.run("guessDir.sh", "in", "out", "--dry-run", cwd=place)

    assert not (place / "out").exists()
    assert checkout.job().command[3:] == [f"{place}/out", "--dry-run"]
    assert f"{place}/out" not in checkout.job().mounts


def test_a_move_may_empty_the_folder_that_it_sorts(checkout: Checkout, place: Path) -> None:
    checkout.run("guessDir.sh", "in", "out", "--move", cwd=place)
    assert checkout.job().mounts[str(place / "in")] == "rw"


@pytest.mark.parametrize("row", OUTSIDE, ids=lambda row: row.command)
def test_looking_back_runs_outside_where_all_folders_are(checkout: Checkout, place: Path, row: Row) -> None:
    (place / "out").mkdir()
    checkout.run(*row.call, "out", cwd=place)
    assert checkout.calls("run") == []
    assert checkout.local_command()[-2:] == [row.command, str(place / "out")]


def test_frames_shows_films_and_folders_of_films_and_may_write_to_out_alone(checkout: Checkout, place: Path) -> None:
    (place / "my film.mp4").touch()

    assert checkout.run("pigeonhole.sh", "frames", "my film.mp4", "in", "new", "--scenes", cwd=place).returncode == 0

    film = f"{place}/my film.mp4"
    assert checkout.job().command == ["frames", film, f"{place}/in", f"{place}/new", "--scenes"]
    assert checkout.job().mounts == {film: "ro", f"{place}/in": "ro", f"{place}/new": "rw"}
    missing = checkout.run("pigeonhole.sh", "frames", "none.mp4", "new", cwd=place)
    assert (missing.returncode, missing.stderr) == (2, "pigeonhole.sh: There is no film none.mp4. Check the name.\n")


def test_the_page_is_published_on_this_machine_alone_and_reaches_no_network(checkout: Checkout, place: Path) -> None:
    (place / "tf" / "data").mkdir(exist_ok=True)
    ran = checkout.run("web.sh", "tf", "in", "--port", "8555", cwd=place)

    assert ran.returncode == 0, ran.stderr
    job = checkout.job()
    words = list(checkout.calls("run")[-1])
    assert words[words.index("--publish") + 1] == "127.0.0.1:8555:8420"
    assert words[words.index("--network") + 1] == "pigeonhole-page"
    assert words[-6:] == ["--host", "0.0.0.0", "--port", "8420", "--public", "127.0.0.1:8555"]  # noqa: S104
    assert job.image.startswith("pigeonhole-train:")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["in"], ["{root}/tf_files", "{place}/in"]),
        (["tf", "in"], ["{place}/tf", "{place}/in"]),
        (["tf"], ["{place}/tf"]),
        ([], ["{root}/tf_files"]),
    ],
)
def test_the_page_tells_its_folders_from_tf_files(
    checkout: Checkout, place: Path, given: list[str], meant: list[str]
) -> None:
    (place / "in" / "a.jpg").touch()
    ran = checkout.run("web.sh", *given, cwd=place)

    assert ran.returncode == 0, ran.stderr
    words = list(checkout.calls("run")[-1])
    command = words[words.index("web") + 1 : words.index("--host")]
    assert command == [word.format(root=checkout.root, place=place) for word in meant]


def test_the_page_of_a_container_is_not_shown_to_other_machines(checkout: Checkout, place: Path) -> None:
    ran = checkout.run("web.sh", "tf", "--host", "0.0.0.0", cwd=place)  # noqa: S104
    assert ran.returncode == 2
    assert "on this machine alone" in ran.stderr
