"""Something that is done in a thread of its own, as often as it is asked for, but never twice at once."""

import threading
from collections.abc import Callable

from pigeonhole.errors import PigeonholeError


class Looking:
    """`first` is set when it was done once; `trouble` is the sentence of what went wrong last, empty if nothing did."""

    def __init__(self, look: Callable[[], None]) -> None:
        self.first = threading.Event()
        self.trouble = ""
        self._look = look
        self._is_wanted = threading.Event()
        self._is_ending = False
        self._is_wanted.set()
        self._thread = threading.Thread(target=self._run, name="looking", daemon=True)
        self._thread.start()

    def request(self) -> None:
        self._is_wanted.set()

    def close(self) -> None:
        self._is_ending = True
        self._is_wanted.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._is_wanted.wait()
            self._is_wanted.clear()
            if self._is_ending:  # asked after the clearing, which would else clear the call to end
                return
            try:
                self._look()
                self.trouble = ""
            except PigeonholeError as error:
                self.trouble = str(error)
            except OSError as error:
                self.trouble = f"A folder cannot be looked at: {error.strerror}."
            finally:
                self.first.set()
