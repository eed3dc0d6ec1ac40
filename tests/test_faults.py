"""A disk that fails at any call, before it or after it was carried out: no file without a row, none twice, none left
with exit code 0, no traceback, no leftover. `python tests/faults.py` is the long form.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import faults
from pigeonhole.placing import Placing

STRIDE = 12  # every twelfth call, another one for each kind of fault; the long form leaves nothing out


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[faults.Disk]:
    try:
        made = faults.Disk(faults.built(tmp_path_factory.mktemp("library")))
    except faults.NoCompilerError as error:
        pytest.skip(str(error))
    yield made
    made.close()


@pytest.fixture
def folders() -> Iterator[list[tuple[Path, Path]]]:
    with faults.two_disks() as found:
        yield found


@pytest.mark.parametrize("error", ["EIO", "ESTALE"])
@pytest.mark.parametrize("is_lost", [False, True], ids=["refused", "answer lost"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["one disk", "two disks"])
@pytest.mark.parametrize("action", ["sort", "undo"])
def test_a_move_and_its_undoing_survive_a_fault_at_any_call(
    disk: faults.Disk, folders: list[tuple[Path, Path]], *, action: str, elsewhere: bool, is_lost: bool, error: str
) -> None:
    source, out = folders[elsewhere]
    clean = faults.Run(action, Placing.MOVE, source / "in", out / "out", error=error, is_lost=is_lost)
    calls = faults.judge(disk, clean).seen
    assert calls > 50
    offset = 1 + 3 * is_lost + 6 * (error == "EIO") + (action == "undo")
    made = sum(faults.judge(disk, replace(clean, first=first)).made for first in range(offset, calls, STRIDE))
    assert made > calls // STRIDE - 10


@pytest.mark.parametrize("placing", [Placing.COPY, Placing.HARDLINK])
def test_a_copy_and_a_link_survive_a_disk_that_goes_at_any_call(
    disk: faults.Disk, folders: list[tuple[Path, Path]], placing: Placing
) -> None:
    source, out = folders[0]
    clean = faults.Run("sort", placing, source / "in", out / "out")
    calls = faults.judge(disk, clean).seen
    for first in range(1, calls, STRIDE):
        faults.judge(disk, replace(clean, first=first, calls=faults.FOR_EVER))


def test_a_hundred_faults_by_chance(disk: faults.Disk, folders: list[tuple[Path, Path]]) -> None:
    made = sum(faults.judge(disk, run).made for run in faults.chosen_faults(15, 100, folders, disk))
    assert made > 100


def test_a_look_that_fails_after_the_renaming_is_no_failure(
    disk: faults.Disk, folders: list[tuple[Path, Path]]
) -> None:
    """The kind from which all this began: the file stood in the output, without a row, and was told to have failed."""
    source, out = folders[0]
    clean = faults.Run("sort", Placing.MOVE, source / "in", out / "out", only="lstat64")
    calls = faults.judge(disk, clean).seen
    came = [faults.judge(disk, replace(clean, first=first)) for first in range(1, calls + 1)]
    if not calls:
        pytest.skip("this system looks at files by another call")
    assert all(each.made == 1 for each in came)
    assert sum(each.is_clean and len(each.outcomes) == faults.FILES for each in came) >= faults.FILES
