"""train.sh, guess.sh and guessDir.sh up to the moment they hand over: which paths they show, and to what command."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from wrappers import PODMAN_INFO, ROOTLESS_INFO, SCRIPTS, Checkout, make_checkout

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
    """Where the user is: a folder with pictures, a picture and another TF_FILES."""
    place = tmp_path / "home"
    for folder in ("in", "tf"):
        (place / folder).mkdir(parents=True)
    (place / "elsa.jpg").touch()
    return place


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


def test_options_arrive_as_they_were_typed(checkout: Checkout, place: Path) -> None:
    options = ["--top", "3", "--x=a b", "", "*", "$HOME", "-v", "last\n"]

    checkout.run("guess.sh", "elsa.jpg", *options, cwd=place)

    assert checkout.job().command[3:] == options


@pytest.mark.parametrize(("script", "command"), [*zip(SCRIPTS, ("train", "guess", "guess-dir"), strict=True)])
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
        ("train.sh", ["tf", "--weights", "no.pth"], "There is no weights file no.pth."),
        ("train.sh", ["tf", "--weights=no.pth"], "There is no weights file no.pth."),
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


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5, 130])
def test_the_exit_code_is_that_of_the_command(checkout: Checkout, place: Path, code: int) -> None:
    checkout.can(exit=str(code))

    assert checkout.run("guess.sh", "elsa.jpg", cwd=place).returncode == code


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_container_can_do_nothing_but_its_work(checkout: Checkout, place: Path, script: str) -> None:
    checkout.run(
        script, *{"train.sh": ["tf"], "guess.sh": ["elsa.jpg"], "guessDir.sh": ["in", "out"]}[script], cwd=place
    )

    job = checkout.job()
    assert {"--rm", "--init", "--read-only"} <= set(job.flags)
    assert job.values("--cap-drop") == ["ALL"]
    assert job.values("--security-opt")[0] == "no-new-privileges"
    assert job.values("--tmpfs") == ["/run/pigeonhole:mode=1777"]
    assert job.values("--user") == [f"{os.getuid()}:{os.getgid()}"]
    assert job.values("--network") == ([] if script == "train.sh" else ["none"])
    assert "--tty" not in job.flags


def test_training_has_no_network_when_it_is_told_to_stay_offline(checkout: Checkout, place: Path) -> None:
    checkout.run("train.sh", "tf", cwd=place, PIGEONHOLE_OFFLINE="1")

    assert checkout.job().values("--network") == ["none"]
    assert "PIGEONHOLE_OFFLINE" in checkout.job().values("--env")


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (ROOTLESS_INFO, ["--user", "0:0"]),  # root in there is the caller out here
        (PODMAN_INFO, ["--userns=keep-id", "--group-add", "keep-groups", "--user", f"{os.getuid()}:{os.getgid()}"]),
    ],
)
def test_files_belong_to_the_caller_with_every_kind_of_engine(
    checkout: Checkout, place: Path, info: str, expected: list[str]
) -> None:
    checkout.can(info=info)

    checkout.run("guess.sh", "elsa.jpg", cwd=place)

    flags = checkout.job().flags
    first = flags.index(expected[0])
    assert flags[first : first + len(expected)] == expected


@pytest.mark.parametrize("path", ["/etc/hostname", "/usr/lib/os-release", "/proc/version", "/usr/bin/env"])
def test_what_would_hide_the_container_from_itself_is_refused(checkout: Checkout, path: str) -> None:
    if not Path(path).exists():
        pytest.skip(f"there is no {path} here")

    ran = checkout.run("guess.sh", path)

    assert ran.returncode == 2
    assert "Choose another folder" in ran.stderr
    assert checkout.calls("run") == []


@pytest.mark.parametrize(
    ("gpus", "flag", "accelerator"),
    [("--gpus all", "--gpus", "gpu"), ("nvidia.com/gpu=all", "--device", "gpu"), ("nothing", "", "cpu")],
)
def test_a_gpu_is_used_the_way_the_engine_offers_it(
    checkout: Checkout, place: Path, gpus: str, flag: str, accelerator: str
) -> None:
    nvidia_smi = checkout.fakes / "nvidia-smi"
    nvidia_smi.write_text("#!/bin/sh\n")
    nvidia_smi.chmod(0o755)
    checkout.can(gpus=gpus)
    platform = os.uname()

    checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_GPU="")

    if (platform.sysname, platform.machine) != ("Linux", "x86_64"):
        accelerator, flag = "cpu", ""  # there are no packages for it
    assert checkout.job().image.endswith(f"-{accelerator}")
    assert [name for name in ("--gpus", "--device") if name in checkout.job().flags] == ([flag] if flag else [])


def test_podman_is_asked_for_a_gpu_in_its_own_way_only(checkout: Checkout, place: Path) -> None:
    checkout.can(info=PODMAN_INFO, gpus="all")

    checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_GPU="1")

    assert checkout.job().values("--device") == ["nvidia.com/gpu=all"]
    assert not any("--gpus" in call for call in checkout.calls("run"))


def test_the_image_is_made_once_and_again_when_the_checkout_changes(checkout: Checkout, place: Path) -> None:
    checkout.cannot("no-image")

    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place)
    (checkout.root / "src/pigeonhole/new.py").write_text("x = 1\n")
    (checkout.root / "src/pigeonhole/__pycache__").mkdir()
    (checkout.root / "src/pigeonhole/__pycache__/new.pyc").write_text("noise")
    checkout.run("guess.sh", "elsa.jpg", cwd=place)
    (checkout.root / "src/pigeonhole/__pycache__/new.pyc").write_text("other noise")
    checkout.run("guess.sh", "elsa.jpg", cwd=place)

    assert "Making the container image pigeonhole-classify:" in ran.stderr
    first, second, third = (call[call.index("--tag") + 1] for call in checkout.calls("build"))
    assert first != second == third
    assert all(
        call[1:5] == ["--target", "classify", "--build-arg", "ACCELERATOR=cpu"] for call in checkout.calls("build")
    )


@pytest.mark.parametrize(
    ("lacking", "reason"),
    [
        (["no-engine"], "engine does not answer."),
        (["no-image", "no-build"], "its image could not be built (log: "),
    ],
)
def test_without_a_container_the_same_command_runs_here_and_one_line_says_why(
    checkout: Checkout, place: Path, lacking: list[str], reason: str
) -> None:
    checkout.run("guess.sh", "--help", PIGEONHOLE_RUNTIME="local")  # sets up .venv
    checkout.cannot(*lacking)

    ran = checkout.run("guess.sh", "tf", "elsa.jpg", "--top", "1", cwd=place)

    assert ran.returncode == 0
    assert [line for line in ran.stderr.splitlines() if "Running from .venv instead of a container: " in line]
    assert reason in ran.stderr
    assert checkout.local_command() == [
        *("-P", "-m", "pigeonhole"),
        *("guess", f"{place}/tf", f"{place}/elsa.jpg", "--top", "1"),
    ]


def test_a_name_that_no_engine_can_be_told_is_handled_here(checkout: Checkout, place: Path) -> None:
    name = b"caf\xe9.jpg"
    try:
        (place / os.fsdecode(name)).touch()
    except OSError:
        pytest.skip("this file system has UTF-8 names only")

    ran = checkout.run("guess.sh", name, cwd=place)

    assert "is not UTF-8" in ran.stderr
    assert checkout.local_command()[-1] == f"{place}/{os.fsdecode(name)}"


def test_a_container_that_was_asked_for_is_not_replaced(checkout: Checkout, place: Path) -> None:
    checkout.cannot("no-engine")

    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="container")

    assert ran.returncode == 2
    assert "PIGEONHOLE_RUNTIME=container, but" in ran.stderr
    assert not (checkout.root / ".venv").exists()


@pytest.mark.parametrize("setting", ["PIGEONHOLE_RUNTIME", "PIGEONHOLE_GPU"])
def test_a_setting_that_means_nothing_is_named(checkout: Checkout, place: Path, setting: str) -> None:
    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, **{setting: "maybe"})

    assert ran.returncode == 2
    assert f"{setting}=maybe is neither" in ran.stderr


def test_the_environment_is_set_up_once_and_grows_when_training_needs_more(checkout: Checkout, place: Path) -> None:
    local = {"PIGEONHOLE_RUNTIME": "local", "PIGEONHOLE_TORCH_INDEX": "https://example.org/cpu"}

    first = checkout.run("guess.sh", "elsa.jpg", cwd=place, **local)
    again = checkout.run("guess.sh", "elsa.jpg", cwd=place, **local)
    assert "Setting up .venv" in first.stderr
    assert again.stderr == "guess.sh: Running from .venv instead of a container: PIGEONHOLE_RUNTIME=local.\n"
    assert checkout.installed()[-2:] == ["--editable", f"{checkout.root}[cpu,heic]"]

    assert "Setting up .venv" in checkout.run("train.sh", "tf", cwd=place, **local).stderr
    assert checkout.installed()[-2:] == ["--editable", f"{checkout.root}[cpu,heic,train]"]
    assert "https://example.org/cpu" in checkout.installed()
    assert "Setting up" not in checkout.run("guess.sh", "elsa.jpg", cwd=place, **local).stderr

    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("# new dependencies\n")
    assert "Setting up .venv" in checkout.run("guess.sh", "elsa.jpg", cwd=place, **local).stderr


def test_an_installation_that_failed_is_done_again(checkout: Checkout, place: Path) -> None:
    checkout.cannot("no-network")
    failed = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local")
    (checkout.fakes / "no-network").unlink()
    again = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local")

    assert failed.returncode == 2
    assert "no network" in failed.stderr
    assert "The packages could not be installed" in failed.stderr
    assert again.returncode == 0
    assert "Setting up .venv" in again.stderr


def test_an_environment_that_was_moved_with_its_checkout_is_set_up_again(checkout: Checkout, place: Path) -> None:
    checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local")
    checkout.root = checkout.root.rename(place / "elsewhere")

    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local")

    assert "Setting up .venv" in ran.stderr
    assert checkout.installed()[-1] == f"{checkout.root}[cpu,heic]"


def test_two_scripts_that_start_at_once_do_not_install_at_once(checkout: Checkout, place: Path) -> None:
    started = [
        subprocess.Popen(
            ["bash", checkout.root / "guess.sh", place / "elsa.jpg"],
            env={**os.environ, **checkout.environment, "PIGEONHOLE_RUNTIME": "local"},
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    said = [process.communicate()[1] for process in started]

    assert [process.returncode for process in started] == [0, 0, 0]
    assert (checkout.fakes / "installs").read_text() == "begin\nend\n"
    assert sum(b"Setting up .venv" in text for text in said) == 1


def test_without_engine_and_python_one_sentence_says_what_to_install(checkout: Checkout, place: Path) -> None:
    tools = place / "tools"
    tools.mkdir()
    for name in ("bash", "readlink", "cat", "cksum", "uname", "id"):
        (tools / name).symlink_to(Path(str(shutil.which(name))).resolve())

    ran = checkout.run("guess.sh", place / "elsa.jpg", PATH=str(tools), DOCKER="no-such-engine")

    assert ran.returncode == 2
    assert "there is no no-such-engine here" in ran.stderr
    assert "There is neither a container engine nor Python 3.11 or newer here. Install one of them." in ran.stderr
