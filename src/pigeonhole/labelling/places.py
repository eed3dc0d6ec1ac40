"""Which decision holds for the picture at a path: where it stood when it was decided on, and where it stands now."""

from collections import defaultdict
from pathlib import Path

from pigeonhole.labelling.decision import Decision


class Places:
    """Kept as decisions come, are carried out and go, since there may be tens of thousands of them."""

    def __init__(self) -> None:
        self._numbers: defaultdict[Path, set[int]] = defaultdict(set)
        self._paths: dict[int, set[Path]] = {}

    def put(self, decision: Decision) -> None:
        """Its file stands where it says now."""
        self.remove(decision)
        self._paths[decision.number] = paths = {decision.path, decision.place}
        for path in paths:
            self._numbers[path].add(decision.number)

    def remove(self, decision: Decision) -> None:
        """It holds no longer, or did not yet."""
        for path in self._paths.pop(decision.number, ()):
            self._numbers[path].remove(decision.number)
            if not self._numbers[path]:
                del self._numbers[path]

    def __contains__(self, path: Path) -> bool:
        return path in self._numbers

    def number_at(self, path: Path) -> int | None:
        """The number of the latest decision for the picture at `path`, None where there is none."""
        return max(self._numbers[path]) if path in self._numbers else None
