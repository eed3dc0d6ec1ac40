"""The report on a training: its held-out pictures, baselines, suspected labels and details."""

from pathlib import Path

import numpy as np

from pigeonhole.dataset.folders import different_pictures
from pigeonhole.evaluation.findings import Suspicion
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.evaluation.running import Evaluated
from pigeonhole.files import digest
from pigeonhole.output import Output, Stage
from pigeonhole.recipes.label_issues import suspects_by_probe
from pigeonhole.recipes.learning_curve import PARTS, growth
from pigeonhole.recipes.result import TrainedRecipe
from pigeonhole.report.collector import Collector
from pigeonhole.report.report_data import ReportData
from pigeonhole.text import printable
from pigeonhole.train.finish import Finished

SUSPICIONS = 24


def collect(trained: TrainedRecipe, finished: Finished, collected: Collector, output: Output) -> None:
    """Count and keep what was said of every picture that was held out."""
    categories = trained.dataset.categories
    collected.evaluation.bounds = finished.metrics.proportion.bounds
    held_out = zip(trained.held_out.rows, finished.scores, finished.unknown, strict=True)
    with output.stage("Counting answers", len(finished.scores)) as advance:
        for row, scores, unknown in held_out:
            example = trained.dataset.examples[row]
            order = np.argsort(-scores, kind="stable").tolist()
            ranking = tuple((categories[index], float(scores[index])) for index in order)
            name, path = Path(example.category) / example.found.relative, example.found.path
            evaluated = Evaluated(path, name, example.category, False, ranking, bool(unknown), example.sha256)
            collected.evaluation.count(evaluated)
            collected.add(evaluated)
            advance()


def account(trained: TrainedRecipe, finished: Finished, collected: Collector, output: Output) -> ReportData:
    """The content of the report on a training. `collected` has its held-out pictures already."""
    total = finished.metrics.total
    with output.stage("Looking for wrong labels", len(trained.split.folds) + len(PARTS)) as advance:
        suspicions = _suspicions(trained, advance)
        points = growth(trained, advance)
    return ReportData(
        title="Training report",
        source=f"Measured on held-out pictures: {finished.metrics.split}.",
        collected=collected,
        facts=_facts(trained, finished),
        baselines=(
            ("always the most frequent category", Proportion(finished.metrics.majority, total)),
            (
                "the category of the most similar picture (nearest neighbour)",
                Proportion(finished.metrics.neighbours, total),
            ),
        ),
        suspicions=suspicions,
        epochs=trained.epochs,
        growth=points,
    )


def _suspicions(trained: TrainedRecipe, advance: Stage) -> list[Suspicion]:
    """By the frozen features, so that a network that was trained on the wrong labels does not defend them."""
    if trained.probe is None:
        return []
    dataset = trained.dataset
    found, _ = suspects_by_probe(trained.probe, np.array(dataset.targets), trained.split, advance)
    return [
        Suspicion(
            dataset.examples[suspect.row].found.path,
            Path(dataset.examples[suspect.row].category) / dataset.examples[suspect.row].found.relative,
            dataset.examples[suspect.row].category,
            dataset.categories[suspect.other],
            suspect.doubt,
        )
        for suspect in found[:SUSPICIONS]
    ]


def _facts(trained: TrainedRecipe, finished: Finished) -> list[tuple[str, str]]:
    counts = different_pictures(trained.dataset.examples)
    seen, card = trained.preprocessing, finished.card
    return [
        ("recipe", trained.recipe),
        ("backbone", f"{trained.backbone['name']}, {trained.backbone['weights']}"),
        ("weights, SHA-256", str(trained.backbone["sha256"] or "none")),
        ("training pictures", str(len(trained.split.learn))),
        ("distinct pictures", ", ".join(f"{printable(name)} {counts[name]}" for name in trained.dataset.categories)),
        ("unreadable files", str(len(trained.dataset.left_out))),
        ("validation", finished.metrics.split),
        ("network input", f"{seen.size} × {seen.size} pixels, {f'faces ({seen.face})' if seen.face else seen.crop}"),
        ("temperature", f"{card.temperature:.3f}"),
        ("unknown", finished.thresholds.sentence if finished.thresholds else "never"),
        ("number format", trained.int8.sentence if trained.int8 else "float32"),
        ("training set, SHA-256", trained.dataset.digest),
        ("model, SHA-256", digest(finished.onnx)),
        ("made by", f"pigeonhole {card.version}, {card.created}"),
    ]
