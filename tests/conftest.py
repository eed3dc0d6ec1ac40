"""What many tests start from: options, real pictures, folders to sort between, a real model, a trained one."""

import fcntl
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser import started
from commands import pigeonhole
from disks import second_disk
from models import write_colour_model
from pigeonhole.errors import PigeonholeError
from pigeonhole.faces import animeface_environment
from pigeonhole.user_cache import user_cache
from watching import Place

# Tests that run in the background may have been told to ignore Ctrl-C, and what they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Files of tests that take longest, in this order: begun first, none of them keeps one worker busy when all others
# are done.
SLOWEST = (
    "test_cluster",
    "test_finetune",
    "test_builtin",
    "test_face_models",
    "test_int8",
    "test_images",
    "test_page_review",
    "test_page_teaching",
    "test_page_everyone",
    "test_page_recognise",
    "test_inbox",
    "test_kill",
    "test_report",
    "test_check",
    "test_explain",
    "test_privacy",
    "test_decisions",
    "test_compare",
    "test_answers",
)

# Every worker collects all tests: a million objects, and none of them becomes garbage. Not looked through for any while
# they are made, nor ever after, they cost a quarter less.
gc.disable()

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("PIGEONHOLE_SHARED", ROOT.parent / "shared"))

# Threads that wait for work sleep. By default they spin, and several processes beside each other, or beside whatever
# else a machine does, then take each other's processors: ten times the time and more.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
PROCESSORS = len(os.sched_getaffinity(0))
WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
if WORKERS > 1:
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, PROCESSORS // WORKERS)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--real", action="store_true", help="run the tests marked `real`, too: some minutes")
    parser.addoption("--long", action="store_true", help="run all tests, also those that take minutes each")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each processor, since many tests wait for a browser, a watcher or a node; each may hold 3 GiB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(2 * PROCESSORS, memory // (3 * 1024**3)))


def pytest_configure(config: pytest.Config) -> None:
    """Nothing that the tests start writes into pigeonhole's folder in this user's cache; all workers share another."""
    if hasattr(config, "workerinput"):
        return
    cache = tempfile.TemporaryDirectory(prefix="pigeonhole-tests-cache-", ignore_cleanup_errors=True)
    config.add_cleanup(cache.cleanup)
    if python := animeface_environment.animeface_if_there():  # it is only read
        os.environ[animeface_environment.PLACE] = str(python)
    own = user_cache()
    for entry in own.parent.iterdir() if own.parent.is_dir() else ():
        if entry.name != own.name:  # fonts, say, which other programs keep there
            (Path(cache.name) / entry.name).symlink_to(entry)
    os.environ["XDG_CACHE_HOME"] = cache.name


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: SLOWEST.index(item.path.stem) if item.path.stem in SLOWEST else len(SLOWEST))
    runs = {"real": config.getoption("--real") or config.getoption("--long"), "long": config.getoption("--long")}
    for item in items:
        for mark in item.iter_markers():
            if not runs.get(mark.name, True):
                item.add_marker(pytest.mark.skip(reason=f"{mark.args[0]}: only with --{mark.name}"))


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def shared() -> Path:
    """Real pictures and weights, which are not part of the project: without them a test skips, in CI it fails."""
    if not (SHARED / "data").is_dir():
        reason = "needs the real pictures and weights in ../shared, which are not part of the project"
        if os.environ.get("PIGEONHOLE_REQUIRE_SHARED") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return SHARED


@pytest.fixture(scope="session")
def animeface() -> Path:
    """The interpreter of animeface's own environment: this user's, or one that is made once for the tests."""
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_CACHE_HOME", str(ROOT / ".pytest_cache"))
            python = animeface_environment.animeface_python()
    except PigeonholeError as error:
        if os.environ.get("PIGEONHOLE_REQUIRE_ANIMEFACE") == "1":
            pytest.fail(str(error))
        pytest.skip(str(error))
    os.environ[animeface_environment.PLACE] = str(python)
    return python


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Not for the whole session: while it is there, asyncio believes that its loop runs."""
    with started() as browser:
        yield browser


@pytest.fixture
def tf_files(tmp_path: Path) -> Path:
    """A TF_FILES whose model says which of red, green and blue a picture has most of."""
    return write_colour_model(tmp_path / "tf files")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """An empty folder to sort from."""
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder to sort into, which is not there yet."""
    return tmp_path / "out"


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than `tmp_path`."""
    with second_disk() as folder:
        yield folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A model, an inbox, and where the watcher sorts to."""
    return Place(tmp_path)


MadeOnce = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> MadeOnce:
    """`made_once(name, make)` is a folder that `make` has filled, once for all of xdist's workers: only to be read."""
    base = tmp_path_factory.getbasetemp()
    common = base.parent if WORKERS > 1 else base

    def once(name: str, make: Callable[[Path], None]) -> Path:
        folder, complete = common / f"once-{name}" / name, common / f"once-{name}" / "complete"
        folder.parent.mkdir(exist_ok=True)
        with (folder.parent / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not complete.exists():
                shutil.rmtree(folder, ignore_errors=True)  # from a worker that failed half-way
                folder.mkdir()
                make(folder)
                complete.touch()
        return folder

    return once


@pytest.fixture(scope="session")
def superheroes(shared: Path, made_once: MadeOnce) -> Path:
    """A TF_FILES trained on the 482 pictures of two heroes; `training.txt` in it holds what was printed."""

    def make(tf_files: Path) -> None:
        shutil.copytree(shared / "data" / "superheroes" / "train", tf_files / "data", copy_function=shutil.copyfile)
        (tf_files / "weights").mkdir()
        shutil.copyfile(shared / "weights" / "mobilenet_v2.pth", tf_files / "weights" / "mobilenet_v2.pth")
        result = pigeonhole("train", tf_files)
        assert result.returncode == 0, result.stderr
        (tf_files / "training.txt").write_text(result.stdout)

    return made_once("superheroes", make)
