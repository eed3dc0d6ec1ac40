"""Decisions, and processes that make or undo them and die where a test says: "decide" or "undo", TF_FILES, OUT."""

from pathlib import Path

from mortal import Mortals, serve
from pigeonhole.labelling.desk import Desk
from pigeonhole.labelling.pictures import pictures_in
from pigeonhole.workspace import Workspace

ANSWERS = ("others", "green_things", None)  # of the pictures in the order of their names


def settled_desk(tf_files: Path, out: Path) -> Desk:
    """After everything that was left was carried out, and without trouble; pictures came from `in` beside `out`."""
    desk = Desk(Workspace(tf_files), [out, out.parent / "in"])
    desk.settle()
    assert not desk.troubles()
    assert not desk.refusals()
    return desk


def decide(desk: Desk, out: Path) -> None:
    """A picture is moved to another category, one was right, and one is set aside."""
    pictures = sorted(pictures_in(out, [out.parent / "in"]), key=lambda picture: picture.path)
    for picture, answer in zip(pictures, ANSWERS, strict=True):
        desk.decide([(picture, answer)])


def undo(desk: Desk) -> None:
    while desk.undo():
        pass


def mortals() -> Mortals:
    return Mortals(__file__)


def _live(action: str, tf_files: str, out: str) -> None:
    desk = Desk(Workspace(Path(tf_files)), [Path(out), Path(out).parent / "in"])
    if action == "decide":
        decide(desk, Path(out))
    else:
        undo(desk)
    desk.settle()
    desk.close()


if __name__ == "__main__":
    serve(_live)
