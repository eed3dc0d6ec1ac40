"""Free pictures to learn from: those in Debian's packages of wallpapers, clip art and games. None of them is kept."""

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")
LEAST_BYTES = 1500  # what is smaller is a dot, a line or a letter


@dataclass(frozen=True)
class Package:
    """`share`: how much of all views are cut from its pictures. `most`: of so many of them, chosen by chance."""

    name: str
    share: float
    most: int
    but: str = ""  # pictures with this in their path are left out


# tuxpaint-stamps-default, openmoji, Wesnoth's portraits and Naev's judge the result and are not learnt from.
PACKAGES = (
    Package("openclipart-png", 0.22, 8000),
    Package("gnome-backgrounds", 0.05, 100),
    Package("mate-backgrounds", 0.09, 100),
    Package("plasma-workspace-wallpapers", 0.10, 300),
    Package("ukui-wallpapers", 0.04, 100),
    Package("stellarium-data", 0.09, 1600),
    Package("supertuxkart-data", 0.12, 2800),
    Package("supertux-data", 0.04, 1000),
    Package("hedgewars-data", 0.04, 1000),
    Package("unknown-horizons", 0.04, 800),
    Package("naev-data", 0.05, 1500, but="/portraits/"),
    Package("endless-sky-data", 0.06, 2000),
    Package("flare-game", 0.02, 400),
)


def fetch(folder: Path) -> None:
    """Download and unpack what is not there yet. Needs Debian's apt-get and dpkg-deb, and 1.5 GB."""
    for package in PACKAGES:
        unpack(folder, package)


def unpack(folder: Path, package: Package) -> None:
    """Make `folder`/<package's name> with what is in it, unless it is there."""
    target = folder / package.name
    if target.is_dir():
        return
    print(f"fetching {package.name}", flush=True)
    aside = folder / f"{package.name}.part"
    aside.mkdir(parents=True, exist_ok=True)
    subprocess.run(["apt-get", "download", package.name], cwd=aside, check=True, capture_output=True)
    archive = next(aside.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive.name, "."], cwd=aside, check=True)
    archive.unlink()
    aside.rename(target)


def pictures_of(folder: Path, package: Package) -> list[Path]:
    """Its pictures under `folder`, the same ones in the same order every time."""
    found = sorted(
        path
        for path in (folder / package.name).rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not path.is_symlink()
        and path.stat().st_size >= LEAST_BYTES
        and not (package.but and package.but in str(path))
    )
    random.Random(package.name).shuffle(found)
    return found[: package.most]
