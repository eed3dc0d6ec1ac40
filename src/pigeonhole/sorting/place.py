"""A picture goes to the output under its new name; nothing that is there is ever overwritten."""

import errno
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path

from pigeonhole.errors import OutputError
from pigeonhole.files import copy_aside_and_publish
from pigeonhole.files.publish import ChangedError
from pigeonhole.naming import shown
from pigeonhole.sorting.template import Template
from pigeonhole.records import Failed, Guess, Sorted

# With these the next picture will fare no better.
_HOPELESS = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT))


@dataclass(slots=True)
class Placer:
    """Copies pictures into `out`, and remembers which number each name has reached: most scores are 1.00000."""

    out: Path
    _reached: dict[str, int] = field(default_factory=dict)

    def place(self, guess: Guess) -> Sorted | Failed:
        """Raises OutputError where nothing more can be written to the folder."""
        base = Template().name(guess.category, guess.score, guess.path.name, 0, date.today())
        name = str(base.numbered(1))
        number = self._reached.get(name, 0) + 1
        self._reached[name] = number
        try:
            target = copy_aside_and_publish(
                guess.path, guess.sha256, self.out, (str(base.numbered(n)) for n in count(number))
            )
        except ChangedError as error:
            return Failed(guess.path, str(error))
        except OSError as error:
            if error.errno in _HOPELESS and not guess.path.is_file():
                return Failed(guess.path, "it has gone while it was sorted")
            if error.errno in _HOPELESS:
                raise OutputError(f"{shown(self.out)} cannot be written: {error.strerror}.") from None
            return Failed(guess.path, f"it cannot be copied: {error.strerror}")
        return Sorted(guess, target)
