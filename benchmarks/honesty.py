"""Is what the program says of itself true? Sets of pictures that nobody tuned to, learnt from and then tested.

python benchmarks/honesty.py SETS... --cache FOLDER [--weights FILE] [--per-category N ...] [--quick] [--kin SETS ...]

Each of SETS is a folder with train/<category>/ and test/<category>/. For the built-in backbone, and for the network of
--weights: the accuracy that training claims with its interval, the truth on test/, the calibration error there, how
many of the answers given are right, how many pictures that belong are withheld, and how many of the other sets' test
pictures are rejected. With --per-category also after learning from so many pictures of each category, chosen by chance
three times. FOLDER keeps features, so that a second run takes no network. --quick leaves out the search for crop and
views. --kin names sets with pictures of the same, faces for instance: none of them is foreign to the others.
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from pigeonhole.backbones.feature_extractor import FeatureExtractor
from pigeonhole.backbones.frozen import Backbone, load_backbone
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import Dataset, Example, read_dataset
from pigeonhole.dataset.groups import find_groups
from pigeonhole.dataset.split import make_split
from pigeonhole.evaluation.calibration_error import expected_calibration_error
from pigeonhole.evaluation.feature_distance import fit_distance
from pigeonhole.files import digest
from pigeonhole.heads.blended_head import fit_probe
from pigeonhole.output import Terminal
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import Probed, as_trained, probe_pictures
from pigeonhole.records import Found
from pigeonhole.train.finish import finish
from pigeonhole.workspace import Workspace

PRECISION = 0.95
DRAWS = 3
FOREIGN = 100  # test pictures of each other set
HEAD = (
    "| set | pictures | claim, % | interval | truth, % | in it | calibration error | answers right, % | withheld, % "
    "| foreign rejected, % |\n|---|---:|---:|---:|---:|---|---:|---:|---:|---:|"
)


@dataclass(frozen=True)
class Line:
    """Counts and shares (0 to 1) of one training; `given_right` of `given` answers to test pictures were right."""

    name: str
    pictures: int
    claim: float
    low: float
    high: float
    truth: float
    calibration_error: float
    given: int
    given_right: int
    promised: bool
    withheld: float
    foreign: tuple[float, ...]

    @property
    def is_true(self) -> bool:
        return self.low <= self.truth <= self.high

    def __str__(self) -> str:
        given = f"{100 * self.given_right / self.given:.1f} of {self.given}" if self.given else "none given"
        rejected = f"{100 * np.mean(self.foreign):.0f} ({100 * min(self.foreign):.0f})" if self.foreign else ""
        figures = [
            self.name,
            str(self.pictures),
            f"{100 * self.claim:.1f}",
            f"{100 * self.low:.1f} to {100 * self.high:.1f}",
            f"{100 * self.truth:.1f}",
            "yes" if self.is_true else "**no**",
            f"{self.calibration_error:.3f}",
            given + ("" if self.promised else ", none promised"),
            f"{100 * self.withheld:.0f}",
            rejected,
        ]
        return f"| {' | '.join(figures)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--per-category", type=int, nargs="+", default=[])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--kin", nargs="+", default=[])
    options = parser.parse_args()
    for weights in (None, options.weights) if options.weights else (None,):
        print(f"\n{weights.stem if weights else 'built-in backbone'}\n\n{HEAD}")  # noqa: T201
        lines = []
        for line in _lines(options, weights):
            print(line, flush=True)  # noqa: T201
            lines.append(line)
        _sum_up(lines)


def _lines(options: argparse.Namespace, weights: Path | None) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as place:
        learner = _Learner(Path(place), options.cache, weights, quick=options.quick)
        foreign = {folder: sorted((folder / "test").rglob("*.*")) for folder in options.sets}
        for folder in options.sets:
            kin = {folder.name} | (set(options.kin) if folder.name in options.kin else set())
            others = {other: paths for other, paths in foreign.items() if other.name not in kin}
            yield learner.line(folder, folder.name, None, others)
            for count in options.per_category:
                for draw in range(DRAWS):
                    yield learner.line(folder, f"{folder.name}, {count} each, draw {draw + 1}", (count, draw), {})


@dataclass
class _Learner:
    """Trains in folders below `place`, all with the cache `cache`."""

    place: Path
    cache: Path
    weights: Path | None
    quick: bool

    def line(self, folder: Path, name: str, part: tuple[int, int] | None, others: dict[Path, list[Path]]) -> Line:
        workspace, dataset = self._dataset(_chosen(folder / "train", part))
        probed = self._quickly(workspace, dataset) if self.quick else self._probed(workspace, dataset)
        trained = as_trained(probed)
        finished = finish(trained, PRECISION)
        thresholds, metrics = finished.thresholds, finished.metrics
        assert thresholds is not None  # noqa: S101  # there is a precision
        head = replace(trained.head, temperature=finished.card.temperature)
        distance = fit_distance(trained.dataset, trained.embeddings, trained.split, trained.held_out).distance

        def accepted(features: NDArray[np.float32]) -> NDArray[np.bool_]:
            near = distance.distances(features, head.logits(features)) <= (thresholds.max_distance or np.inf)
            sure: NDArray[np.bool_] = head.probabilities(features).max(axis=1) >= thresholds.min_score
            return near & sure

        test, features = self._features(_chosen(folder / "test", None), probed.backbone)
        scores = head.probabilities(features)
        names = np.array(trained.dataset.categories)
        right = names[scores.argmax(axis=1)] == np.array([example.category for example in test])
        given = accepted(features)
        return Line(
            name=name,
            pictures=len(trained.split.learn),
            claim=metrics.accuracy,
            low=metrics.low,
            high=metrics.high,
            truth=float(right.mean()),
            calibration_error=expected_calibration_error(scores.max(axis=1), right),
            given=int(given.sum()),
            given_right=int(right[given].sum()),
            promised=thresholds.promised,
            withheld=float(1 - given.mean()),
            foreign=tuple(
                float(1 - accepted(self._features({"": _some(paths)}, probed.backbone)[1]).mean())
                for paths in others.values()
            ),
        )

    def _dataset(self, pictures: dict[str, list[Path]]) -> tuple[Workspace, Dataset]:
        root = Path(tempfile.mkdtemp(dir=self.place))
        for category, paths in pictures.items():
            (root / "data" / category).mkdir(parents=True)
            for path in paths:
                shutil.copyfile(path, root / "data" / category / path.name)
        self.cache.mkdir(parents=True, exist_ok=True)
        (root / "cache").symlink_to(self.cache.resolve())
        workspace = Workspace(root)
        return workspace, read_dataset(workspace)

    def _probed(self, workspace: Workspace, dataset: Dataset) -> Probed:
        weights = obtain_weights(workspace, None if self.weights else "builtin", self.weights)
        return probe_pictures(
            workspace, dataset, weights, preprocessing=PreprocessingChoice(), seed=0, output=Terminal()
        )

    def _quickly(self, workspace: Workspace, dataset: Dataset) -> Probed:
        weights = obtain_weights(workspace, None if self.weights else "builtin", self.weights)
        backbone = load_backbone(workspace, weights, None, dataset, Terminal())
        with FeatureExtractor.open(workspace, Terminal()) as extractor:
            dataset, features = extractor.readable(dataset, backbone)
            groups = find_groups(dataset, extractor.thumbnails(dataset.examples, backbone), features, workspace)
            some = extractor.sample(dataset, backbone)
        split = make_split(dataset, groups, 0)
        probe = fit_probe(features[None], np.array(dataset.targets), split, Terminal())
        return Probed(dataset, split, backbone, probe, features, features[:0], some)

    def _features(
        self, pictures: dict[str, list[Path]], backbone: Backbone
    ) -> tuple[list[Example], NDArray[np.float32]]:
        root = Path(tempfile.mkdtemp(dir=self.place))
        (root / "cache").symlink_to(self.cache.resolve())
        examples = [
            Example(Found(path, Path(path.name)), category, digest(path.read_bytes()))
            for category, paths in pictures.items()
            for path in paths
        ]
        with FeatureExtractor.open(Workspace(root), Terminal()) as extractor:
            return examples, extractor.views(examples, backbone)[0]


def _chosen(folder: Path, part: tuple[int, int] | None) -> dict[str, list[Path]]:
    """The pictures of each category in `folder`; with `part` only so many of each, of so many draws."""
    pictures = {each.name: sorted(each.iterdir()) for each in sorted(folder.iterdir()) if each.is_dir()}
    if part is None:
        return pictures
    count, draw = part
    chance = random.Random(draw)  # noqa: S311
    return {category: chance.sample(paths, min(count, len(paths))) for category, paths in pictures.items()}


def _some(paths: list[Path]) -> list[Path]:
    return random.Random(0).sample(paths, min(FOREIGN, len(paths)))  # noqa: S311


def _sum_up(lines: Sequence[Line]) -> None:
    """Whole sets and parts of them apart."""
    for title, some in (
        ("whole sets", [line for line in lines if line.foreign]),
        ("parts", [line for line in lines if not line.foreign]),
    ):
        if not some:
            continue
        promised = [line for line in some if line.promised]
        given, right = sum(line.given for line in promised), sum(line.given_right for line in promised)
        said = f"{title}: the truth is in {sum(line.is_true for line in some)} of {len(some)} intervals"
        said += f"; {len(promised)} promise {100 * PRECISION:.0f} %, and {right} of their {given} answers are right"
        alone, together = _kept(promised, 0.05), _kept(promised, 0.05 / max(1, len(promised)))
        said += f"; {alone} of these trainings keep it within their own 95 % interval, {together} within one for all"
        if rejected := [rate for line in some for rate in line.foreign]:
            least = min(float(np.mean(line.foreign)) for line in some)
            said += (
                f"; foreign pictures rejected {100 * np.mean(rejected):.1f} %, at least {100 * least:.1f} % by a set"
            )
        print(f"\n{said}.")  # noqa: T201


def _kept(promised: Sequence[Line], error: float) -> int:
    """How many have PRECISION in the exact interval of their answers (Clopper and Pearson 1934), or below it.

    The interval misses with a chance of `error`; over N of them, with `error` / N each, at least one does with no more
    than `error` (Bonferroni).
    """
    chances = binom.cdf([line.given_right for line in promised], [line.given for line in promised], PRECISION)
    return int(np.sum(chances >= error / 2))


if __name__ == "__main__":
    main()
