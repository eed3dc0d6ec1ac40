"""What is wrong at present. Each trouble is told when it begins and when it is over, however long it lasts."""

from pigeonhole.output import Output


class Troubles:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._present: dict[str, str] = {}
        self._told: dict[str, set[str]] = {}

    def set(self, kind: str, sentence: str) -> None:
        """The trouble of this kind is now `sentence`, empty for none."""
        if sentence:
            self._present[kind] = sentence
            told = self._told.setdefault(kind, set())
            if sentence not in told:  # the same trouble may speak now with one voice and now with another
                told.add(sentence)
                self._output.warn(sentence)
        elif before := self._present.pop(kind, ""):
            del self._told[kind]
            self._output.note(f"That is over: {before}")

    def all(self) -> str:
        """All there are, empty for none."""
        return " ".join(self._present.values())
