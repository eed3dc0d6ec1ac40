"""Taking frames without a command line, and processes for it that die where a test says: OUT FILM…."""

from pathlib import Path
from typing import Any

from mortal import Mortals, serve
from pigeonhole.films.frames import FrameOptions, take_frames
from pigeonhole.output import Recorder
from pigeonhole.prepare.folder import PreparedFolder

EVERY = 0.5


def take(films: list[Path], out: Path, **options: Any) -> Recorder:
    """A whole run."""
    output = Recorder()
    with PreparedFolder.open(out) as folder:
        take_frames(films, folder, FrameOptions(**options), output)
    return output


def mortals() -> Mortals:
    return Mortals(__file__)


def _live(out: str, *films: str) -> None:
    take([Path(film) for film in films], Path(out), every=EVERY)


if __name__ == "__main__":
    serve(_live)
