"""The arguments of train.sh, guess.sh and guessDir.sh: what arrives at the command, and what the container is shown."""

import os
import subprocess
from pathlib import Path

import pytest

from wrappers import OUTSIDE, SCRIPTS, Checkout, make_checkout, make_place

COMMANDS = ("train", "guess", "guess-dir", "watch", "evaluate", "check", "compare", "explain", "quantize")
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
    ran = checkout.run("evaluate.sh", *given, "in", "--markdown", cwd=place)

    assert ran.returncode == 0
    tf_files = str(place / "tf" if given else checkout.tf_files)
    assert checkout.job().command == ["evaluate", tf_files, f"{place}/in", "--markdown"]
    assert checkout.job().mounts == {tf_files: "ro", f"{tf_files}/report": "rw", f"{place}/in": "ro"}
    assert checkout.job().image.startswith("pigeonhole-train:")  # with what makes reports


def test_evaluate_without_a_report_may_write_nothing(checkout: Checkout, place: Path) -> None:
    checkout.run("evaluate.sh", "tf", "in", "--no-report", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "ro", f"{place}/in": "ro"}
    assert not (place / "tf" / "report").exists()


def test_check_may_write_the_list_of_moves_where_it_is_told_to(checkout: Checkout, place: Path) -> None:
    checkout.run("check.sh", "tf", "--moves", "in/moves, all.csv", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{place}/in": "rw"}
    assert checkout.job().command == ["check", f"{place}/tf", "--moves", f"{place}/in/moves, all.csv"]


def test_check_reads_the_list_of_moves_that_it_shall_apply(checkout: Checkout, place: Path) -> None:
    (place / "moves.csv").touch()

    checkout.run("check.sh", "tf", "--apply=moves.csv", cwd=place)

    assert checkout.job().mounts == {f"{place}/tf": "rw", f"{place}/moves.csv": "ro"}
    assert checkout.job().command == ["check", f"{place}/tf", f"--apply={place}/moves.csv"]


def test_explain_may_write_into_the_folder_of_its_drawing(checkout: Checkout, place: Path) -> None:
    checkout.run("explain.sh", "tf", "elsa.jpg", "in/out, of it.png", "--against", "anna", cwd=place)

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


def test_compare_may_write_to_tf_files(checkout: Checkout, place: Path) -> None:
    checkout.run("compare.sh", "tf", "--seed", "3", cwd=place)

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


@pytest.mark.parametrize(("script", "command"), [*zip(SCRIPTS, COMMANDS, strict=True)])
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_reaches_the_command_and_needs_no_folder(
    checkout: Checkout, script: str, command: str, option: str
) -> None:
    checkout.tf_files.rmdir()

    assert checkout.run(script, option).returncode == 0
    assert checkout.job().command == [command, "--help"]
    assert checkout.job().mounts == {}
    assert checkout.job().image.startswith("pigeonhole-classify:")  # no need to make the large image for it


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
        ("guess.sh", [], "It takes pictures"),
        ("guess.sh", ["tf"], "It takes pictures"),
        ("guess.sh", ["--top", "1"], "It takes pictures"),
        ("guessDir.sh", ["no", "out"], "There is no folder no."),
        ("guessDir.sh", ["no", "in", "out"], "There is no folder no."),
        ("guessDir.sh", ["elsa.jpg", "out"], "elsa.jpg is a file."),
        ("guessDir.sh", ["in", "elsa.jpg"], "elsa.jpg is a file."),
        ("guessDir.sh", ["in"], "It takes two or three folders, [TF_FILES] IN OUT, and got 1."),
        ("guessDir.sh", ["tf", "in", "out", "more"], "It takes two or three folders"),
        ("guessDir.sh", ["in", "in"], "in is"),
        ("guessDir.sh", ["in", "in/out/deep"], "in/out/deep is"),
        ("guessDir.sh", ["in", "link/out"], "link/out is"),
        ("guessDir.sh", ["in", "."], "/in lies in ."),
        ("guessDir.sh", ["in", "up"], "/in lies in up."),
        ("guessDir.sh", ["in", "no/../in/out"], "The folder no/../in/out cannot be made"),
        ("train.sh", ["no"], "There is no folder no."),
        ("train.sh", ["tf", "more"], "It takes one folder"),
        ("train.sh", ["tf", "--weights", "no.pth"], "There is no file no.pth."),
        ("train.sh", ["tf", "--weights=no.pth"], "There is no file no.pth."),
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


@pytest.mark.parametrize("script", OUTSIDE)
def test_looking_back_runs_outside_where_all_folders_are(checkout: Checkout, place: Path, script: str) -> None:
    (place / "out").mkdir()
    checkout.run(script, "out", cwd=place)
    assert checkout.calls("run") == []
    assert checkout.local_command()[-2:] == [script.removesuffix(".sh"), str(place / "out")]
