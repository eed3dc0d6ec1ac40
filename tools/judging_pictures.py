"""Fetches pictures that the built-in backbone has never seen, to judge it by.

    python tools/judging_pictures.py FOLDER

makes FOLDER/stamps, FOLDER/portraits and FOLDER/naev, each with data/<category>/. Needs Debian's apt-get and dpkg-deb.
"""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from distilling.sources import SUFFIXES, Package, unpack


@dataclass(frozen=True)
class Set:
    """The sub-folders of `folder` in a Debian package are categories; those with fewer than `least` are left out."""

    name: str
    package: str
    folder: str
    least: int
    but: str = "/./"


SETS = (
    Set("stamps", "tuxpaint-stamps-default", "usr/share/tuxpaint/stamps", 20, but="/alphabets/"),
    Set("portraits", "wesnoth-1.16-data", "usr/share/games/wesnoth/1.16/data/core/images/portraits", 10),
    Set("naev", "naev-data", "usr/share/naev/dat/gfx/portraits", 12),
)


def main() -> None:
    """Every set that is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    for each in SETS:
        unpack(wanted.folder / "packages", Package(each.package, 0, 0))
        target = wanted.folder / each.name / "data"
        if not target.exists():
            arrange(wanted.folder / "packages" / each.package / each.folder, target, each)


def arrange(source: Path, target: Path, kind: Set) -> None:
    """Copy the pictures below each sub-folder of `source` into `target`/<sub-folder>/."""
    for category in sorted(path for path in source.iterdir() if path.is_dir()):
        pictures = sorted(
            path
            for path in category.rglob("*")
            if path.suffix in SUFFIXES and not path.is_symlink() and kind.but not in str(path)
        )
        if len(pictures) < kind.least:
            continue
        (target / category.name).mkdir(parents=True)
        for path in pictures:
            shutil.copyfile(path, target / category.name / "-".join(path.relative_to(category).parts))


if __name__ == "__main__":
    main()
