"""The real images and the real scripts: what the containers do for a user, and what they cannot do."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from container_user import User, base_image, docker, engine, make_user, owners, visible

from commands import pigeonhole
from whole_pictures import write_wholes

pytestmark = [
    pytest.mark.skipif(
        os.environ.get("PIGEONHOLE_TEST_CONTAINER") != "1",
        reason="builds images and runs containers: set PIGEONHOLE_TEST_CONTAINER=1",
    ),
    pytest.mark.timeout(1200),  # the first test makes the large image
]

LINE = re.compile(r"(?P<category>.+) \(score = (?P<score>[01]\.\d{5})\)")
# How a container with a network differs from one without: an interface that is not the loopback.
INTERFACES = "import socket; print(*(name for _, name in socket.if_nameindex()))"


@pytest.fixture(scope="session")
def user(shared: Path) -> Iterator[User]:
    # Not in pytest's own folder, which nobody but the one who started it may enter.
    home = Path(tempfile.mkdtemp(prefix="pigeonhole, tests ")).resolve()
    yield make_user(home, shared)
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def training(user: User) -> str:
    """What `bash train.sh` said, image and all. The weights are there already: it has to do without a network."""
    ran = user.script("train.sh", user.tf_files, PIGEONHOLE_OFFLINE="1")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.fixture(scope="session")
def sorted_folder(user: User, training: str) -> Path:
    """What `bash guessDir.sh` made, with its paths as one types them."""
    ran = user.script("guessDir.sh", user.tf_files.name, f"./{user.pictures.name}/", "sorted, all")
    assert ran.returncode == 0, ran.stderr
    return user.home / "sorted, all"


def test_training_learns_in_the_container_and_what_it_writes_is_the_callers(user: User, training: str) -> None:
    right = re.match(r"Accuracy: [\d.]+ % \((\d+) of 482 pictures; ", training)
    assert right is not None, training
    assert int(right[1]) / 482 >= 0.985
    assert (user.tf_files / "model.onnx").stat().st_size > 1_000_000
    assert owners(user.tf_files) == {user.ids}


def test_a_first_training_in_the_container_needs_neither_weights_nor_a_network(user: User, training: str) -> None:
    first = user.home / "first run"
    for category in ("elsa", "darth_vader"):
        (first / "data" / category).mkdir(parents=True)
        for picture in sorted((user.tf_files / "data" / category).iterdir())[:15]:
            shutil.copyfile(picture, first / "data" / category / picture.name)
    user.owns(first)
    ran = user.script("train.sh", first, PIGEONHOLE_OFFLINE="1")
    assert ran.returncode == 0, ran.stderr
    assert "Backbone: builtin" in ran.stderr
    assert user.look_around(INTERFACES) == "lo"

    ran = user.script("guess.sh", first, next((user.pictures / "elsa").iterdir()), "--no-unknown")
    assert ran.stdout.startswith("elsa (score = 0."), ran.stdout + ran.stderr


def test_every_test_picture_goes_where_it_belongs(user: User, sorted_folder: Path) -> None:
    sizes = {path.stat().st_size: path.parent.name for path in user.pictures.rglob("*") if path.is_file()}
    named = [
        (re.match(r"(.+)-[01]\.\d{5}", path.name).group(1), sizes[path.stat().st_size])  # type: ignore[union-attr]
        for path in visible(sorted_folder)
    ]

    assert len(sizes) == len(named) == 25
    answered = [(answer, truth) for answer, truth in named if answer != "unknown"]
    assert len(answered) >= 24
    assert all(answer == truth for answer, truth in answered)


def test_the_sorted_pictures_are_the_callers(user: User, sorted_folder: Path) -> None:
    assert owners(sorted_folder) == {user.ids}


def test_a_move_in_the_container_is_undone_from_outside(user: User, training: str) -> None:
    source, out = user.home / "to move", user.home / "moved"
    shutil.copytree(user.pictures / "elsa", source)
    source.chmod(0o755)
    user.owns(source)
    before = sorted((path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in source.iterdir())

    moved = user.script("guessDir.sh", user.tf_files, source, out, "--move")
    assert (moved.returncode, list(source.iterdir()), len(visible(out))) == (0, [], len(before)), moved.stderr
    os.chown(out / ".pigeonhole", os.geteuid(), -1)  # who runs the tests may be another user than who sorted
    undone = pigeonhole("undo", out)  # as pigeonhole.sh does: outside, where all the folders are

    assert undone.returncode == 0, undone.stderr
    assert sorted((path.name, path.stat().st_mtime_ns, path.read_bytes()) for path in source.iterdir()) == before
    assert visible(out) == []
    assert owners(source) == {user.ids}


def test_the_same_pictures_are_evaluated_without_a_network_and_without_writing(user: User, training: str) -> None:
    ran = user.script("pigeonhole.sh", "evaluate", user.tf_files, user.pictures, "--csv")

    assert ran.returncode == 0, ran.stderr
    header, *rows = ran.stdout.splitlines()
    assert header == "picture,truth,answer,score,unknown,ok,ranking"
    assert Counter(row.split(",")[5] for row in rows) == {"OK": 25}
    assert "(25 of 25 pictures; " in ran.stderr
    assert user.look_around(INTERFACES) == "lo"


def test_a_check_finds_the_copies_and_its_list_belongs_to_the_caller(user: User, training: str) -> None:
    moves = user.home / "the moves.csv"

    ran = user.script("pigeonhole.sh", "check", user.tf_files, "--moves", moves, PIGEONHOLE_OFFLINE="1")

    assert ran.returncode == 0, ran.stderr
    assert "hint: the same picture several times (2)" in ran.stdout
    assert moves.read_text().startswith("from,to,why\n")
    assert (moves.stat().st_uid, moves.stat().st_gid) == user.ids


def test_a_comparison_writes_its_figure_into_tf_files(user: User, training: str) -> None:
    ran = user.script("pigeonhole.sh", "compare", user.tf_files, "--recipe", "probe", "--json", PIGEONHOLE_OFFLINE="1")

    assert ran.returncode == 0, ran.stderr
    (entry,) = (json.loads(line) for line in ran.stdout.splitlines())
    assert (entry["recipe"], entry["backbone"], entry["total"]) == ("probe", "mobilenet_v2", 482)
    assert (user.tf_files / "report" / "compare.png").read_bytes().startswith(b"\x89PNG")
    assert owners(user.tf_files) == {user.ids}


def test_where_it_looks_is_drawn_with_torch_and_without(user: User, training: str) -> None:
    picture = next((user.pictures / "elsa").iterdir())
    folder = user.home / "drawings, all"
    folder.mkdir()
    user.owns(folder)

    explained = user.script("pigeonhole.sh", "explain", user.tf_files, picture, folder / "explained.png")
    assert explained.returncode == 0, explained.stderr
    guessed = user.script("guess.sh", user.tf_files, picture, "--heat-map", folder / "heat.png")
    assert guessed.returncode == 0, guessed.stderr

    assert "pigeonhole-classify" in user.image_of_last_job()
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == ["explained.png", "heat.png"]
    assert owners(folder) == {user.ids}


def test_a_model_that_looks_at_faces_finds_them_without_a_network(user: User) -> None:
    tf_files, new, out = user.home / "faces, tf", user.home / "whole, new", user.home / "faces, sorted"
    write_wholes(tf_files / "data", 8)
    write_wholes(new, 2, first=100)
    user.owns(tf_files)
    user.owns(new)
    options = ("--crop", "faces", "--backbone", "builtin", "--no-report")
    trained = user.script("train.sh", tf_files, *options, PIGEONHOLE_OFFLINE="1")
    assert trained.returncode == 0, trained.stderr
    assert "animeface" not in trained.stderr, "it is in the image"
    ran = user.script("guessDir.sh", tf_files, new, out)
    assert ran.returncode == 0, ran.stderr
    assert "pigeonhole-train" in user.image_of_last_job()
    assert len(list(out.iterdir())) >= 6
    assert owners(out) == {user.ids}
    picture = next((new / "mila").iterdir())
    named = user.script("guess.sh", tf_files, picture, "--boxes", new / "boxes.png", "--top", "1")
    assert named.returncode == 0, named.stderr
    assert named.stdout.startswith("face 1 (")
    assert (new / "boxes.png").read_bytes().startswith(b"\x89PNG")
    more = user.home / "more, pictures"
    upsampled = user.script("pigeonhole.sh", "upsample", new, more, "--each", "1")
    assert upsampled.returncode == 0, upsampled.stderr
    assert "7 pictures were drawn from 7." in upsampled.stderr
    assert owners(more) == {user.ids}
    looked = user.script("pigeonhole.sh", "look", tf_files)
    assert looked.returncode == 0, looked.stderr
    assert (tf_files / "report" / "look" / "index.html").is_file()
    assert owners(tf_files) == {user.ids}


def test_guess_answers_best_first(user: User, training: str) -> None:
    picture = next((user.pictures / "elsa").iterdir())

    ran = user.script("guess.sh", user.tf_files, picture)

    assert (ran.returncode, ran.stderr) == (0, "")
    best, other = (LINE.fullmatch(line) for line in ran.stdout.splitlines())
    assert best is not None
    assert other is not None
    assert (best["category"], other["category"]) == ("elsa", "darth vader")
    assert float(best["score"]) > float(other["score"])


@pytest.mark.parametrize(
    "name", ["two words.jpg", "com,ma.jpg", "quo\"te's.jpg", "new\nline.jpg", "-dash.jpg", " around ", "$(true)😀.jpg"]
)
def test_the_engine_finds_a_picture_and_its_folder_whatever_they_are_called(
    user: User, training: str, name: str
) -> None:
    folder = user.home / f"odd {name}"
    folder.mkdir()
    shutil.copyfile(next((user.pictures / "elsa").iterdir()), folder / name)
    user.owns(folder)

    guessed = user.script("guess.sh", user.tf_files, folder / name, "--top", "1")
    placed = user.script("guessDir.sh", user.tf_files, folder, f"{folder} out")

    assert guessed.stdout.startswith("elsa (score"), guessed.stderr
    assert placed.returncode == 0, placed.stderr
    assert len(visible(Path(f"{folder} out"))) == 1


def test_guessing_and_sorting_have_no_network(user: User, sorted_folder: Path) -> None:
    assert user.look_around(INTERFACES) == "lo"

    user.script("guess.sh", user.tf_files, next((user.pictures / "elsa").iterdir()))
    assert user.look_around(INTERFACES) == "lo"


def test_training_has_a_network_only_where_it_may_use_one(user: User, training: str) -> None:
    user.script("train.sh", user.tf_files, "--no-such-option")
    assert "eth0" in user.look_around(INTERFACES)

    user.script("train.sh", user.tf_files, "--no-such-option", PIGEONHOLE_OFFLINE="1")
    assert user.look_around(INTERFACES) == "lo"


def test_sorting_can_write_to_out_and_nowhere_else(user: User, sorted_folder: Path) -> None:
    user.script("guessDir.sh", user.tf_files, user.pictures, sorted_folder)
    places = {
        "in": user.pictures,
        "one of its pictures": next((user.pictures / "elsa").iterdir()),
        "tf_files": user.tf_files,
        "model": user.tf_files / "model.onnx",
        "root": "/opt/venv",
        "code": "/opt/venv/lib",
        "tmp": "/tmp",  # noqa: S108
        "out": sorted_folder,
        "scratch": "/run/pigeonhole",
    }
    code = f"""
import json, os
written = []
for name, path in {json.dumps({name: str(path) for name, path in places.items()})}.items():
    try:
        if os.path.isdir(path):
            open(os.path.join(path, "written"), "w").close()
            os.remove(os.path.join(path, "written"))
        else:
            os.close(os.open(path, os.O_WRONLY))
        written.append(name)
    except OSError:
        pass
print(*written)
"""
    assert user.look_around(code) == "out scratch"


def test_the_container_has_no_capabilities_and_gains_none(user: User, sorted_folder: Path) -> None:
    status = dict(
        line.split(":\t", 1) for line in user.look_around("print(open('/proc/self/status').read())").splitlines()
    )

    assert {name: int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == dict.fromkeys(
        ("CapPrm", "CapEff", "CapBnd"), 0
    )
    assert status["NoNewPrivs"] == "1"
    assert status["Uid"].split() == [str(user.ids[0])] * 4


def test_the_container_takes_no_more_than_it_may_and_tells_nobody(user: User, sorted_folder: Path) -> None:
    limits = {"PIGEONHOLE_MEMORY": "1g", "PIGEONHOLE_PROCESSES": "200", "PIGEONHOLE_TEMPORARY": "64m"}
    ran = user.script("guess.sh", user.tf_files, next((user.pictures / "elsa").iterdir()), **limits)
    assert (ran.returncode, ran.stderr) == (0, "")

    code = """
import os, pathlib
groups = pathlib.Path("/sys/fs/cgroup")
for version_2, version_1 in ("memory.max", "memory/memory.limit_in_bytes"), ("pids.max", "pids/pids.max"):
    print((groups / version_2 if (groups / version_2).exists() else groups / version_1).read_text().strip())
scratch = os.statvfs("/run/pigeonhole")
print(scratch.f_blocks * scratch.f_frsize, os.environ["ORT_DISABLE_TELEMETRY"])
"""
    assert user.look_around(code).split() == [str(2**30), "200", str(2**26), "1"]


def test_classify_has_neither_torch_nor_pip_and_train_has_torch(user: User, sorted_folder: Path) -> None:
    find = "import importlib.util as u; print(*(n for n in ('onnxruntime', 'torch', 'pip') if u.find_spec(n)))"
    classify = user.image_of_last_job()
    assert user.look_around(find) == "onnxruntime"
    assert docker("run", "--rm", "--entrypoint", "/usr/local/bin/python3", classify, "-c", find) == ""
    assert docker("run", "--rm", "--entrypoint", "sh", classify, "-c", "command -v pip pip3 || true") == ""
    assert docker("run", "--rm", classify, "--help").startswith("Usage: pigeonhole")  # by its own, with its own uid

    user.script("train.sh", user.tf_files, "--no-such-option")
    assert "torch" in user.look_around(find)


def test_the_image_that_guesses_is_small(user: User, sorted_folder: Path) -> None:
    user.script("guess.sh", user.tf_files, next((user.pictures / "elsa").iterdir()))

    images = (user.image_of_last_job(), base_image())
    ours, theirs = (int(docker("image", "inspect", "--format", "{{.Size}}", image)) for image in images)

    assert ours - theirs < 220e6  # onnxruntime, numpy, Pillow and HEIC; 193 MB when this was written


def test_nothing_is_compiled_anew_at_every_start(user: User, sorted_folder: Path) -> None:
    # In a read-only root Python cannot keep what it compiles: every module has to come compiled.
    code = """
import os, sys
import pigeonhole.decoding.worker, onnxruntime
from pigeonhole.cli.classifying import guess, guess_dir, watch
modules = [module for module in sys.modules.values() if getattr(module, "__cached__", None)]
print(*(module.__name__ for module in modules if not os.path.exists(module.__cached__)))
"""
    assert user.look_around(code) == ""


def test_without_the_image_and_without_a_network_the_reason_and_the_log_are_named(user: User) -> None:
    checkout = user.home / "broken checkout"
    shutil.copytree(user.checkout, checkout)
    with (checkout / "Dockerfile").open("a") as file:
        file.write("RUN false\n")
    user.owns(checkout)

    ran = user.run("bash", checkout / "train.sh", user.tf_files)

    assert ran.returncode == 2
    log = re.search(r"could not be built \(log: (.+)\)\.", ran.stderr)
    assert log is not None
    assert "RUN false" in Path(log[1]).read_text()
    Path(log[1]).unlink()


@pytest.fixture
def compose(user: User, sorted_folder: Path) -> list[str]:
    """The command for Compose, whichever there is, and the image under the name that the file gives it."""
    docker("tag", user.image_of_last_job(), "pigeonhole-classify:compose-cpu")
    old = shutil.which("docker-compose")
    if old:
        return [old]
    if subprocess.run([engine(), "compose", "version"], capture_output=True, check=False).returncode == 0:
        return [engine(), "compose"]
    pytest.skip("neither docker-compose nor docker compose is installed")


def test_the_services_of_compose_do_the_same(user: User, compose: list[str]) -> None:
    out = user.home / "out of compose"
    out.mkdir()
    user.owns(out)
    settings = {
        "TF_FILES": str(user.tf_files),
        "IMAGE": str(next((user.pictures / "elsa").iterdir())),
        "IN": str(user.pictures),
        "OUT": str(out),
        "PIGEONHOLE_UID": str(user.ids[0]),
        "PIGEONHOLE_GID": str(user.ids[1]),
    }
    service = [*compose, "-f", str(user.checkout / "docker-compose.yml"), "run", "--rm"]

    guessed = user.run(*service, "guess", "--top", "1", **settings)
    placed = user.run(*service, "guess-dir", **settings)

    assert LINE.fullmatch(guessed.stdout.strip()), guessed.stderr
    assert placed.returncode == 0, placed.stderr
    assert len(visible(out)) == 25
    assert owners(out) == {user.ids}


def test_the_gpu_overlay_fits_the_file_that_it_lies_over(user: User, compose: list[str]) -> None:
    files = ["-f", str(user.checkout / "docker-compose.yml"), "-f", str(user.checkout / "docker-compose.gpu.yml")]

    assert user.run(*compose, *files, "config", "--quiet").returncode == 0


def test_what_a_service_of_compose_may_take_can_be_set_and_its_log_stays_small(user: User, compose: list[str]) -> None:
    file = str(user.checkout / "docker-compose.yml")
    set_ = {"PIGEONHOLE_MEMORY": "300m", "PIGEONHOLE_TEMPORARY": "64m"}
    out = user.home / "limited"
    out.mkdir()
    user.owns(out)
    paths = {"TF_FILES": str(user.tf_files), "INBOX": str(out), "OUT": str(out), "IN": str(out), "IMAGE": str(out)}
    ids = {"PIGEONHOLE_UID": str(user.ids[0]), "PIGEONHOLE_GID": str(user.ids[1])}
    command = [*compose, "-f", file, "run", "-d", "--entrypoint", "sleep 60", "guess-dir"]
    started = user.run(*command, **set_, **paths, **ids)
    assert started.returncode == 0, started.stderr
    name = started.stdout.split()[-1]

    form = "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.Tmpfs}} {{.HostConfig.LogConfig.Config}}"
    said = docker("inspect", "--format", form, name)
    docker("rm", "--force", name)
    assert said.startswith(f"{300 * 2**20} 2048 map[/run/pigeonhole:mode=1777,size=64m]")
    assert "max-file:3 max-size:10m" in said
