"""The user's folder TF_FILES: where everything in it lies. No other file spells these names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

DATA: Final = "data"
VALID: Final = "valid"
TEST: Final = "test"
UNKNOWN: Final = "unknown"  # data/unknown/ is no category: its pictures belong to none
WEIGHTS: Final = "weights"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths below `root`, which is TF_FILES. None of them needs to exist."""

    root: Path

    @property
    def model(self) -> Path:
        """The model file that training writes and guessing reads."""
        return self.root / "model.onnx"

    @property
    def data(self) -> Path:
        """Training pictures, one folder per category."""
        return self.root / DATA

    @property
    def valid(self) -> Path:
        """The user's own validation set, one folder per category. Without it, training cross-validates."""
        return self.root / VALID

    @property
    def test(self) -> Path:
        """Pictures that only the finished model sees, one folder per category."""
        return self.root / TEST

    @property
    def groups(self) -> Path:
        """Which training pictures belong together, as far as the user says so: columns path and group."""
        return self.root / "groups.csv"

    @property
    def weights(self) -> Path:
        """Pretrained weights, copied here or downloaded."""
        return self.root / WEIGHTS

    @property
    def cache(self) -> Path:
        """What can be computed again: exported backbones, features, checkpoints."""
        return self.root / "cache"

    @property
    def report(self) -> Path:
        """The report on the last training."""
        return self.root / "report"

    @property
    def evaluation_report(self) -> Path:
        """The report on the last evaluation."""
        return self.report / "evaluation"

    @property
    def look(self) -> Path:
        """The page on which the training pictures are looked at."""
        return self.report / "look"

    @property
    def names(self) -> frozenset[str]:
        """What stands in `root` besides the folders of pictures: no picture belongs there."""
        ours = (self.model, self.groups, self.weights, self.cache, self.report)
        return frozenset(path.relative_to(self.root).parts[0] for path in ours)
