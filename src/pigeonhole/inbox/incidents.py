"""What is wrong at present. Each incident is reported once when it begins and once when it is resolved."""

from pigeonhole.output import Output


class Incidents:
    def __init__(self, output: Output) -> None:
        self._output = output
        self._present: dict[str, str] = {}
        self._reported: dict[str, set[str]] = {}

    def set(self, kind: str, sentence: str) -> None:
        """The incident of this kind is now `sentence`, empty for none."""
        if sentence:
            self._present[kind] = sentence
            reported = self._reported.setdefault(kind, set())
            if sentence not in reported:  # one cause may alternate between two sentences
                reported.add(sentence)
                self._output.warn(sentence)
        elif before := self._present.pop(kind, ""):
            del self._reported[kind]
            self._output.note(f"Resolved: {before}")

    def all(self) -> str:
        """All there are, empty for none."""
        return " ".join(self._present.values())
