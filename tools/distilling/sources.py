"""Free pictures to learn from: those in Debian's packages of wallpapers, clip art and games, and heads by DiceBear.

None of them is kept in the repository.
"""

import random
import shutil
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
    Package("openclipart-png", 0.20, 8000),
    Package("gnome-backgrounds", 0.04, 100),
    Package("mate-backgrounds", 0.07, 100),
    Package("plasma-workspace-wallpapers", 0.08, 300),
    Package("ukui-wallpapers", 0.03, 100),
    Package("stellarium-data", 0.06, 1600),
    Package("supertuxkart-data", 0.10, 2800),
    Package("supertux-data", 0.03, 1000),
    Package("hedgewars-data", 0.03, 1000),
    Package("unknown-horizons", 0.03, 800),
    Package("naev-data", 0.04, 1500, but="/portraits/"),
    Package("endless-sky-data", 0.05, 2000),
    Package("flare-game", 0.02, 400),
    Package("freecol", 0.03, 1400),
    Package("ardentryst", 0.02, 280),
    Package("pokerth-data", 0.02, 330),
    Package("renpy-demo", 0.03, 60),
    Package("renpy-thequestion", 0.02, 30),
)
HEADS = Package("heads", 0.10, 3200)  # drawn by DiceBear
DICEBEAR = ("@dicebear/core@9.4.3", "@dicebear/collection@9.4.3", "@resvg/resvg-js@2.6.2")


def fetch(folder: Path) -> None:
    """Download, unpack and draw what is not there yet. Needs Debian's apt-get and dpkg-deb, node, npm and 1.7 GB."""
    for package in PACKAGES:
        unpack(folder, package)
    _draw_heads(folder)


def _draw_heads(folder: Path) -> None:
    """Make `folder`/heads, unless it is there."""
    if (folder / HEADS.name).is_dir():
        return
    print(f"drawing {HEADS.most} heads", flush=True)
    aside = folder / f"{HEADS.name}.part"
    aside.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--prefix", ".", *DICEBEAR], cwd=aside, check=True, capture_output=True)
    script = Path(__file__).with_name("heads.mjs").resolve()
    subprocess.run(["node", script, "drawn", str(HEADS.most)], cwd=aside, check=True)
    (aside / "drawn").rename(folder / HEADS.name)
    shutil.rmtree(aside)


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
