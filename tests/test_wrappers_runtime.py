"""Where the scripts run their command: in which container, or else in which environment."""

import os
import pty
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from command_table import Row
from wrappers import (
    DOCKER_INFO,
    IN_CONTAINER,
    PODMAN_INFO,
    ROOT,
    ROOTLESS_INFO,
    Checkout,
    make_checkout,
    make_place,
)


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return make_checkout(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path)


@pytest.mark.parametrize("code", [0, 1, 3, 4, 5, 130])
def test_the_exit_code_is_that_of_the_command(checkout: Checkout, place: Path, code: int) -> None:
    checkout.can(exit=str(code))

    assert checkout.run("guess.sh", "elsa.jpg", cwd=place).returncode == code


REACHING_OUT = {"train", "check", "compare"}  # for weights, once
NETWORKS = {"web": ["pigeonhole-page"]}  # one without a way out, to which a port of this machine leads


@pytest.mark.parametrize("row", IN_CONTAINER, ids=lambda row: row.command)
def test_the_container_can_do_nothing_but_its_work(checkout: Checkout, place: Path, row: Row) -> None:
    paths = {
        "guess": ["elsa.jpg"],
        "guess-dir": ["in", "out"],
        "watch": ["in", "out"],
        "explain": ["elsa.jpg", "x.png"],
        "frames": ["elsa.jpg", "new"],
        "crop-borders": ["in", "new"],
        "faces": ["in", "new"],
        "upsample": ["in", "new"],
        "answers": ["in", "new"],
    }
    checkout.run(*row.call, *paths.get(row.command, ["tf"]), cwd=place)

    job = checkout.job()
    assert {"--rm", "--init", "--read-only"} <= set(job.flags)
    assert job.values("--cap-drop") == ["ALL"]
    assert job.values("--security-opt")[0] == "no-new-privileges"
    assert job.values("--tmpfs") == ["/run/pigeonhole:mode=1777,size=1763m"]
    assert job.values("--memory") == job.values("--memory-swap") == ["7055m"]
    assert job.values("--pids-limit") == ["1024"]
    assert job.values("--log-driver") == ["none"]
    assert job.values("--user") == [f"{os.getuid()}:{os.getgid()}"]
    reached = [] if row.command in REACHING_OUT else NETWORKS.get(row.command, ["none"])
    assert job.values("--network") == reached
    assert "--tty" not in job.flags
    assert job.values("--shm-size") == (["1g"] if job.image.startswith("pigeonhole-train:") else [])


LIMITS = ("--memory", "--memory-swap", "--pids-limit", "--tmpfs")


@pytest.mark.parametrize(
    ("info", "environment", "expected"),
    [
        (PODMAN_INFO, {}, ["7055m", "7055m", "1024", "/run/pigeonhole:mode=1777,size=1763m"]),
        (
            DOCKER_INFO.replace("7.656GiB", "503.6MiB"),
            {},
            ["452m", "452m", "1024", "/run/pigeonhole:mode=1777,size=113m"],
        ),
        (
            DOCKER_INFO.replace("7.656GiB", "1.952TiB").replace("CPUs: 4", "CPUs: 64"),
            {},
            ["1842138m", "1842138m", "8704", "/run/pigeonhole:mode=1777,size=460534m"],
        ),
        (
            DOCKER_INFO,
            {"PIGEONHOLE_MEMORY": "4g", "PIGEONHOLE_PROCESSES": "100", "PIGEONHOLE_TEMPORARY": "500m"},
            ["4g", "4g", "100", "/run/pigeonhole:mode=1777,size=500m"],
        ),
        (
            DOCKER_INFO,
            {"PIGEONHOLE_MEMORY": "0", "PIGEONHOLE_PROCESSES": "0", "PIGEONHOLE_TEMPORARY": "0"},
            ["0", "-1", "-1", "/run/pigeonhole:mode=1777,size=0"],
        ),
        # A kernel that does not count swap would warn at every start.
        (
            DOCKER_INFO + "WARNING: No swap limit support\n",
            {},
            ["7055m", "-1", "1024", "/run/pigeonhole:mode=1777,size=1763m"],
        ),
        # An engine without root that may not limit would warn, too, or not start at all.
        (DOCKER_INFO + "WARNING: No memory limit support\n", {}, ["/run/pigeonhole:mode=1777,size=1763m"]),
        (ROOTLESS_INFO + " Cgroup Driver: none\n", {}, ["/run/pigeonhole:mode=1777,size=1763m"]),
        (PODMAN_INFO.replace("  - memory\n", ""), {}, ["/run/pigeonhole:mode=1777,size=1763m"]),
        ("Client: one that says nothing of its machine\n", {}, ["/run/pigeonhole:mode=1777"]),
    ],
)
def test_a_container_may_take_most_of_the_machine_and_what_was_set(
    checkout: Checkout, place: Path, info: str, environment: dict[str, str], expected: list[str]
) -> None:
    checkout.can(info=info)
    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, **environment)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert [value for flag in LIMITS for value in checkout.job().values(flag)] == expected


@pytest.mark.parametrize("value", ["much", "4 g", "-1", "4.5g", "4gb"])
@pytest.mark.parametrize("variable", ["PIGEONHOLE_MEMORY", "PIGEONHOLE_PROCESSES", "PIGEONHOLE_TEMPORARY"])
def test_a_limit_that_is_none_is_named(checkout: Checkout, place: Path, variable: str, value: str) -> None:
    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, **{variable: value})

    assert ran.returncode == 2
    assert ran.stderr.startswith(f"guess.sh: {variable}={value} is no limit.")
    assert checkout.calls("run") == []


def test_nothing_tells_its_maker_of_anything(checkout: Checkout, place: Path) -> None:
    (checkout.fakes / "python3.11").write_text(
        (checkout.fakes / "python3.11")
        .read_text()
        .replace("*) printf", "*) env >{}/environment; printf".format(f"'{checkout.fakes}'"))
    )
    checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local", PYTHONPATH="/elsewhere")

    environment = (checkout.fakes / "environment").read_text().splitlines()
    assert "ORT_DISABLE_TELEMETRY=1" in environment
    assert not [line for line in environment if line.startswith("PYTHONPATH=")]
    assert "ORT_DISABLE_TELEMETRY=1" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("piped", [False, True])
def test_there_is_a_terminal_inside_only_if_nothing_is_piped(checkout: Checkout, place: Path, piped: bool) -> None:
    # The engine would mix the two streams, and carriage returns with them, into what the next program reads.
    ours, theirs = pty.openpty()
    command = ["bash", str(checkout.root / "guess.sh"), str(place / "elsa.jpg")]

    subprocess.run(
        command,
        stdout=subprocess.PIPE if piped else theirs,
        stderr=theirs,
        env={**os.environ, **checkout.environment},
        check=True,
    )
    os.close(ours)
    os.close(theirs)

    assert ("--tty" in checkout.job().flags) is not piped


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


def test_another_base_makes_another_image(checkout: Checkout, place: Path) -> None:
    checkout.cannot("no-image")
    checkout.run("guess.sh", "elsa.jpg", cwd=place)
    checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_BASE="mirror.example/python:3.11")

    ours, theirs = checkout.calls("build")
    assert ours[ours.index("--tag") + 1] != theirs[theirs.index("--tag") + 1]
    assert "BASE=mirror.example/python:3.11" in theirs
    assert not [word for word in ours if word.startswith("BASE=")]


def test_the_base_is_pinned_and_can_be_renewed(tmp_path: Path) -> None:
    pinned = re.compile(r"^ARG BASE=(python:3\.11-slim-bookworm)@sha256:[0-9a-f]{64}$", re.MULTILINE)
    assert pinned.search((ROOT / "Dockerfile").read_text())
    (tmp_path / "tools").mkdir()
    for name in ("Dockerfile", "tools/renew-base.sh"):
        shutil.copy(ROOT / name, tmp_path / name)
    engine = tmp_path / "engine"
    engine.write_text(f"#!/bin/sh\n[ $1 = pull ] || echo python@sha256:{'ab' * 32}\n")
    engine.chmod(0o755)
    command = ["bash", str(tmp_path / "tools/renew-base.sh")]
    before = (tmp_path / "Dockerfile").read_text()

    ran = subprocess.run(command, env={**os.environ, "DOCKER": str(engine)}, check=True, capture_output=True, text=True)
    assert ran.stdout == f"python:3.11-slim-bookworm is now sha256:{'ab' * 32}.\n"
    after = (tmp_path / "Dockerfile").read_text()
    assert after == pinned.sub(rf"ARG BASE=\1@sha256:{'ab' * 32}", before) != before

    engine.write_text("#!/bin/sh\n")
    assert subprocess.run(
        command, env={**os.environ, "DOCKER": str(engine)}, check=False, capture_output=True
    ).returncode
    assert (tmp_path / "Dockerfile").read_text() == after


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
    assert checkout.installed()[-2:] == ["--editable", f"{checkout.root}[cpu,heic,train,timm,prepare,answers,web]"]
    assert "https://example.org/cpu" in checkout.installed()
    assert "Setting up" not in checkout.run("guess.sh", "elsa.jpg", cwd=place, **local).stderr

    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("# new dependencies\n")
    assert "Setting up .venv" in checkout.run("guess.sh", "elsa.jpg", cwd=place, **local).stderr


def test_the_python_that_was_named_makes_the_environment(checkout: Checkout, place: Path) -> None:
    named = checkout.fakes / "python3.11"
    named.rename(named.with_name("my-python"))
    none = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local", PIGEONHOLE_PYTHON="no-python")
    made = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="local", PIGEONHOLE_PYTHON="my-python")

    assert none.returncode == 2
    assert "Python 3.11 or newer" in none.stderr
    assert made.returncode == 0
    assert (checkout.root / ".venv/bin/python").read_text() == named.with_name("my-python").read_text()


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
