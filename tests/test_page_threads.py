"""The threads behind the page end when it is closed, whatever they are about to do at that moment."""

import threading
from pathlib import Path

import pytest

from pigeonhole.labelling.catalogue import Catalogue
from pigeonhole.labelling.decision import Decision, State
from pigeonhole.labelling.desk import Desk
from pigeonhole.web.looking import Looking
from pigeonhole.workspace import Workspace
from trees import BLUE, write_pictures
from watching import HANGS


@pytest.fixture
def closing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as somebody who has called a thread to its end waits for it."""
    waits = threading.Event()
    join = threading.Thread.join

    def told(self: threading.Thread, timeout: float | None = None) -> None:
        if self.name in ("decisions", "looking"):
            waits.set()
        join(self, timeout)

    monkeypatch.setattr(threading.Thread, "join", told)
    return waits


def test_decisions_end_when_they_are_called_to_after_the_last_step(tmp_path: Path, closing: threading.Event) -> None:
    write_pictures(tmp_path / "in", {"b.png": BLUE})
    catalogue = Catalogue([tmp_path / "in"], tmp_path / "data")
    catalogue.refresh()
    desk = Desk(Workspace(tmp_path), [tmp_path / "in"])
    closer = threading.Thread(target=desk.close, daemon=True)

    def close_now(decision: Decision) -> None:
        if decision.state is State.DONE:
            closer.start()
            assert closing.wait(HANGS)

    desk.listen(close_now)
    desk.decide([(picture, "blue") for picture in catalogue.all()])
    assert closing.wait(HANGS)
    closer.join(HANGS)
    assert not closer.is_alive()


def test_looking_ends_when_it_is_called_to_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, closing: threading.Event
) -> None:
    class ClearedLate(threading.Event):
        def clear(self) -> None:
            assert closing.wait(HANGS)
            super().clear()

    monkeypatch.setattr("threading.Event", ClearedLate)
    looking = Looking(lambda: None)
    closer = threading.Thread(target=looking.close, daemon=True)
    closer.start()
    closer.join(HANGS)
    assert not closer.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # it is told, that is right
def test_a_mistake_while_looking_keeps_nobody_waiting() -> None:
    def mistaken() -> None:
        raise KeyError("a mistake of ours")

    looking = Looking(mistaken)
    assert looking.first.wait(HANGS)
    looking.close()
