"""Packages and images that do not fit on a disk: that is said before anything is fetched; the network is not blamed."""

from errno import ENOSPC
from itertools import count
from pathlib import Path

import pytest

from disks import mounted, needs_root
from wrappers import Checkout, make_checkout, make_place

# Of each folder the first line whose path it begins with: path|what df says of its disk, with %d for the kibibytes that
# are free|how many. Without such a line it cannot tell.
DF = """#!/usr/bin/env bash
echo 'Filesystem 1024-blocks Used Available Capacity Mounted on'
while IFS='|' read -r path line free; do
  [[ $2 != "$path"* ]] || { printf "$line\\n" "$free"; exit; }
done <"${0%/*}/disks"
exit 1
"""
LINUX = "/dev/sda1 961302560 414307232 %d 44%% /"
MACOS = "map auto_home 961302560 414307232 %d 44%% /Volumes/My Disk"
OTHER = "tmpfs 961302560 414307232 %d 44%% /tmp"


def made(folder: Path) -> Checkout:
    checkout = make_checkout(folder)
    checkout.environment["PIGEONHOLE_RUNTIME"] = "local"
    return checkout


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """With a df that knows of no disk yet, and a du for which .venv is empty, on a machine whose torch has CUDA."""
    checkout = made(tmp_path)
    machine = '#!/bin/sh\necho "Linux x86_64"\n'
    for name, text in {"df": DF, "du": '#!/bin/sh\ncat "${0%/*}/there"\n', "uname": machine}.items():
        (checkout.fakes / name).write_text(text)
        (checkout.fakes / name).chmod(0o755)
    checkout.can(disks="", there="8\t.venv\n")
    checkout.environment["HOME"] = str(tmp_path / "home")
    return checkout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return make_place(tmp_path)


def megabytes(number: int) -> int:
    """As df says it: in kibibytes."""
    return -(-number * 1_000_000 // 1024)


def has(checkout: Checkout, **free: tuple[str, int]) -> None:
    """Say how many megabytes are free on the disk of each: the `venv`, `temporary` files, `home`."""
    paths = {"venv": checkout.root, "temporary": checkout.fakes, "home": checkout.environment["HOME"]}
    lines = [f"{paths[name]}|{line}|{megabytes(number)}\n" for name, (line, number) in free.items()]
    checkout.can(disks="".join(lines))


def fill_up(disk: Path) -> None:
    """Until there is no room for another file or folder."""
    try:
        for number in count():
            (disk / str(number)).touch()
    except OSError as error:
        assert error.errno == ENOSPC  # noqa: PT017
        return


def is_untouched(checkout: Checkout) -> bool:
    names = [path.name for path in (checkout.root / ".venv").iterdir()]
    return names == ["lock"] and not (checkout.fakes / "installs").exists()


@pytest.mark.parametrize(
    ("call", "environment", "needed", "line"),
    [
        (["guess.sh", "Dockerfile"], {}, "300 MB", LINUX),
        (["guess.sh", "Dockerfile"], {"PIGEONHOLE_GPU": "1"}, "2.8 GB", LINUX),
        (["train.sh"], {}, "7.0 GB", LINUX),
        (["train.sh"], {"PIGEONHOLE_TORCH_INDEX": "https://example.org/cpu"}, "2.0 GB", MACOS),
    ],
)
def test_packages_that_do_not_fit_are_refused_before_anything_is_fetched(
    checkout: Checkout, call: list[str], environment: dict[str, str], needed: str, line: str
) -> None:
    has(checkout, venv=(line, 250), temporary=(OTHER, 100_000))
    refused = checkout.run(call[0], *call[1:], cwd=checkout.root, **environment)

    assert refused.returncode == 5
    assert refused.stderr.splitlines()[1:] == [
        f"{call[0]}: The packages need about {needed} in {checkout.root}/.venv; 250 MB are free there."
        " Make room, then run the same command again."
    ]
    assert is_untouched(checkout)


def test_the_disk_where_pip_unpacks_has_to_have_room_too(checkout: Checkout, place: Path) -> None:
    has(checkout, venv=(LINUX, 100_000), temporary=(OTHER, 50))
    refused = checkout.run("guess.sh", "elsa.jpg", cwd=place)

    assert refused.returncode == 5
    assert (
        f"need about 100 MB in {checkout.fakes}, where pip unpacks them; 50 MB are free there."
        " Make room, or set TMPDIR to a folder on a larger disk, then run the same command again." in refused.stderr
    )
    assert is_untouched(checkout)


def test_one_disk_has_to_have_room_for_both(checkout: Checkout, place: Path) -> None:
    has(checkout, venv=(LINUX, 350), temporary=(LINUX, 350))
    refused = checkout.run("guess.sh", "elsa.jpg", cwd=place)
    has(checkout, venv=(LINUX, 400), temporary=(LINUX, 400))
    fits = checkout.run("guess.sh", "elsa.jpg", cwd=place)

    assert refused.returncode == 5
    assert "need about 400 MB" in refused.stderr
    assert "350 MB are free" in refused.stderr
    assert fits.returncode == 0


def test_what_is_installed_already_counts(checkout: Checkout, place: Path) -> None:
    checkout.can(there=f"{megabytes(6_950)}\t.venv\n")
    has(checkout, venv=(LINUX, 60), temporary=(LINUX, 100))

    assert checkout.run("train.sh", "tf", cwd=place).returncode == 0


def test_a_refused_training_leaves_what_can_guess(checkout: Checkout, place: Path) -> None:
    checkout.run("guess.sh", "elsa.jpg", cwd=place)
    has(checkout, venv=(LINUX, 1_000), temporary=(OTHER, 100_000))
    refused = checkout.run("train.sh", "tf", cwd=place)
    guessed = checkout.run("guess.sh", "elsa.jpg", cwd=place)

    assert refused.returncode == 5
    assert guessed.returncode == 0
    assert "Setting up" not in guessed.stderr


@pytest.mark.parametrize(("free", "kept"), [(600, True), (450, False)])
def test_pip_keeps_copies_only_where_there_is_room_for_them(
    checkout: Checkout, place: Path, free: int, kept: bool
) -> None:
    has(checkout, venv=(LINUX, free), temporary=(LINUX, free), home=(LINUX, free))

    assert checkout.run("guess.sh", "elsa.jpg", cwd=place).returncode == 0
    assert (checkout.fakes / "no-cache").read_text() == ("" if kept else "1")


@pytest.mark.parametrize("line", ["nothing that one could read", "share 0 0 0 0%% /mnt", "auto - - - - /home"])
def test_where_nobody_can_tell_how_much_is_free_it_is_tried(checkout: Checkout, place: Path, line: str) -> None:
    checkout.can(disks=f"/|{line}|0\n")

    assert checkout.run("guess.sh", "elsa.jpg", cwd=place).returncode == 0


@pytest.mark.parametrize(
    "reason",
    [
        "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n",
        "OSError: [Errno 122] Disk quota exceeded: 'torch'\nERROR: it ends with another line",
        None,  # some programs say nothing
    ],
)
def test_a_disk_that_fills_up_is_named_and_half_an_environment_does_not_stay(
    checkout: Checkout, place: Path, reason: str | None
) -> None:
    if reason is None:
        checkout.can(fills=f"/|{LINUX}|0\n")
    else:
        checkout.can(**{"no-room": reason})
    failed = checkout.run("guess.sh", "elsa.jpg", cwd=place)
    left = sorted(path.name for path in (checkout.root / ".venv").iterdir())
    (checkout.fakes / "no-room").unlink(missing_ok=True)
    checkout.can(disks="")
    again = checkout.run("guess.sh", "elsa.jpg", cwd=place)

    assert failed.returncode == 5
    assert reason is None or reason in failed.stderr
    assert f"could not be installed into {checkout.root}/.venv, because the disk is full" in failed.stderr
    assert "network" not in failed.stderr
    assert left == ["lock"]
    assert again.returncode == 0
    assert "Setting up .venv" in again.stderr


@needs_root
def test_a_small_disk_is_seen_as_small(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=8m") as disk:
        checkout = made(disk)
        refused = checkout.run("guess.sh", make_place(tmp_path) / "elsa.jpg")

        assert refused.returncode == 5
        assert f"The packages need about 300 MB in {checkout.root}/.venv; " in refused.stderr
        assert is_untouched(checkout)


@needs_root
def test_a_disk_without_room_for_a_folder_is_named(tmp_path: Path) -> None:
    with mounted(tmp_path / "disk", "-o", "size=8m,nr_inodes=300") as disk:
        checkout = made(disk)
        fill_up(disk)
        refused = checkout.run("guess.sh", make_place(tmp_path) / "elsa.jpg")

        assert refused.returncode == 5
        assert "the room on the disk" in refused.stderr


def test_an_engine_whose_disk_is_full_is_named(checkout: Checkout, place: Path) -> None:
    checkout.cannot("no-image")
    checkout.can(**{"no-build": "Step 9: write /usr/lib/libtorch.so: No space left on device\n"})
    ran = checkout.run("guess.sh", "elsa.jpg", cwd=place, PIGEONHOLE_RUNTIME="")

    assert ran.returncode == 0
    assert "its image could not be built, because the disk of " in ran.stderr
    assert f"'{checkout.fakes}/engine system df' says what fills it (log: " in ran.stderr
