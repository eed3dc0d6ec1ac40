"""The report: right, complete, self-contained, readable by everyone; and bounded, however many pictures there are."""

import base64
import io
import json
import random
import re
import shutil
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser
from sklearn.metrics import average_precision_score, roc_auc_score

import tiny
from browser import opened
from commands import called
from pigeonhole.evaluation.findings import Epoch, Growth, Suspicion
from pigeonhole.evaluation.proportion import Proportion
from pigeonhole.evaluation.running import Evaluated, Evaluation
from pigeonhole.recipes import small_cnn
from pigeonhole.report import collector
from pigeonhole.report.collector import MISTAKES, ROWS, SHOWN, Collector
from pigeonhole.report.curves import calibration, precision_recall, risk_coverage, roc
from pigeonhole.report.plain_summary import in_plain_words
from pigeonhole.report.report_data import ReportData
from pigeonhole.report.write import write_report
from trees import BLUE, GREEN, RED, tree, write_pictures

SCHEMES = ("light", "dark")
LABELS = ("bear", "cat", "dog & <b>")


def said(
    number: int, truth: str | None, scores: tuple[float, float, float], folder: Path = Path("/nowhere")
) -> Evaluated:
    ranking = tuple(sorted(zip(LABELS, scores, strict=True), key=lambda each: -each[1]))
    relative = Path(truth or "") / f"{number}.png"
    return Evaluated(folder / relative, relative, truth, truth is not None and truth not in LABELS, ranking, False, "")


def collected(some: list[Evaluated]) -> Collector:
    result = Collector(Evaluation(LABELS), StringIO())
    for each in some:
        result.evaluation.count(each)
        result.add(each)
    return result


def answers(count: int, share: float, seed: int = 0) -> list[Evaluated]:
    """So many pictures of each label in turn, of which about `share` get the right answer."""
    chance = random.Random(seed)
    some = []
    for number in range(count):
        truth = number % 3
        best = truth if chance.random() < share else chance.choice([each for each in range(3) if each != truth])
        high = chance.uniform(0.5, 1)
        rest = chance.uniform(0, 1 - high)
        scores = [0.0, 0.0, 0.0]
        scores[best], scores[(best + 1) % 3], scores[(best + 2) % 3] = high, rest, 1 - high - rest
        some.append(said(number, LABELS[truth], (scores[0], scores[1], scores[2])))
    return some


@pytest.fixture(scope="session")
def hard(superheroes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A quarter of the pictures of two heroes, with half of the labels shuffled."""
    chance = random.Random(3)
    tf_files = tmp_path_factory.mktemp("hard")
    for folder in ("weights", "cache"):
        shutil.copytree(superheroes / folder, tf_files / folder)
    pictures = sorted((superheroes / "data").glob("*/*"))
    labels = [picture.parent.name for picture in pictures]
    some = chance.sample(range(len(pictures)), len(pictures) // 2)
    shuffled = chance.sample(some, len(some))
    names = {place: labels[other] for place, other in zip(some, shuffled, strict=True)}
    for number, picture in list(enumerate(pictures))[::4]:
        target = tf_files / "data" / names.get(number, labels[number]) / f"{number}x{picture.name}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target)
    result = called("train", tf_files, "--crop", "centre")
    assert result.returncode == 0, result.stderr
    return tf_files


def test_where_labels_are_half_shuffled_the_summary_says_that_it_cannot_be_learnt(hard: Path) -> None:
    numbers = json.loads((hard / "report" / "report.json").read_text())
    assert numbers["summary"][0].startswith("This cannot be learnt reliably from these pictures: ")
    assert "bash pigeonhole.sh check" in numbers["summary"][1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("which", ["superheroes", "hard"])
def test_the_page_opens_without_errors_and_asks_for_nothing_else(
    request: pytest.FixtureRequest, tmp_path: Path, which: str, scheme: str, chromium: Browser
) -> None:
    page = request.getfixturevalue(which) / "report" / "index.html"
    with opened(chromium, page, scheme) as browser:
        assert browser.page.title() == "Training report – pigeonhole"
        assert browser.complaints == []
        assert [each for each in browser.requests if not each.startswith("data:")] == [page.as_uri()]
        broken = "[...document.images].filter(each => !each.complete || !each.naturalWidth).length"
        browser.page.evaluate("document.querySelectorAll('img').forEach(each => each.loading = 'eager')")
        browser.page.wait_for_function(f"{broken} === 0")
        screenshot = Image.open(io.BytesIO(browser.page.screenshot()))
        corner = screenshot.convert("RGB").getpixel((5, 5))
        assert corner == ((255, 255, 255) if scheme == "light" else (22, 24, 28))
        figure = browser.page.locator("figure img").first
        source = figure.evaluate("each => each.currentSrc")
        drawing = Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))).convert("RGB")
        assert drawing.getpixel((1, 1)) == corner  # drawn for this scheme


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nobody_is_shut_out(superheroes: Path, scheme: str, chromium: Browser) -> None:
    with opened(chromium, superheroes / "report" / "index.html", scheme) as browser:
        browser.page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        found = Axe().run(browser.page).response["violations"]
    serious = [
        (each["id"], each["help"], len(each["nodes"])) for each in found if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_every_figure_is_also_a_table(superheroes: Path, chromium: Browser) -> None:
    with opened(chromium, superheroes / "report" / "index.html") as browser:
        figures = browser.page.locator("figure")
        assert figures.count() >= 6
        for number in range(figures.count()):
            assert figures.nth(number).locator("table tbody tr").count() >= 2


def test_the_table_is_sorted_and_filtered(superheroes: Path, chromium: Browser) -> None:
    with opened(chromium, superheroes / "report" / "index.html") as browser:
        page = browser.page
        shown = page.locator("#rows tbody tr:not([hidden])")
        assert shown.count() == 482
        page.get_by_role("button", name="score").click()
        scores = [float(text) for text in page.locator("#rows tbody tr td:nth-child(4)").all_inner_texts()]
        assert scores == sorted(scores)
        assert page.locator("#rows th[aria-sort=ascending]").inner_text().startswith("score")
        page.get_by_role("button", name="score").click()
        scores = [float(text) for text in page.locator("#rows tbody tr td:nth-child(4)").all_inner_texts()]
        assert scores == sorted(scores, reverse=True)
        page.get_by_label("Show").select_option("NG")
        wrong = shown.count()
        assert page.locator("#count").inner_text() == f"{wrong} shown"
        assert 0 < wrong < 15
        page.get_by_label("Show").select_option("")
        page.get_by_label("Filter").fill("ELSA/")
        assert shown.count() == 205


def test_links_lead_to_the_pictures_and_thumbnails_show_them(superheroes: Path) -> None:
    folder = superheroes / "report"
    page = (folder / "index.html").read_text()
    links = re.findall(r'<li><a href="([^"]+)"><img src="data:image/jpeg;base64,([^"]+)"', page)
    assert len(links) >= 2 * SHOWN
    for link, data in links:
        assert (folder / unquote(link)).is_file(), link
        assert max(Image.open(io.BytesIO(base64.b64decode(data))).size) == 128


def test_the_numbers_are_those_of_the_model_and_the_files_are_complete(superheroes: Path) -> None:
    folder = superheroes / "report"
    numbers = json.loads((folder / "report.json").read_text())
    lines = [json.loads(line) for line in (folder / "pictures.jsonl").read_text().splitlines()]
    assert numbers["total"] == len(lines) == 482
    assert numbers["right"] == sum(line["ok"] for line in lines)
    assert f" % ({numbers['right']} of 482 pictures; " in (superheroes / "training.txt").read_text().splitlines()[0]
    assert set(tree(folder)) == {
        "index.html",
        "report.json",
        "pictures.jsonl",
        *(f"{name}.png" for name in numbers["figures"]),
    }
    assert {"confusion", "roc", "precision-recall", "calibration", "risk-coverage", "growth"} <= set(numbers["figures"])
    assert len(numbers["figures"]["growth"]) >= 3


def test_an_evaluation_has_a_report_of_its_own(tf_files: Path, tmp_path: Path, chromium: Browser) -> None:
    write_pictures(tmp_path / "in" / "red_things", {"a.png": RED, "<i>&amp;.png": GREEN})
    write_pictures(tmp_path / "in" / "blue_things", {"b%20#?.png": BLUE})
    result = called("evaluate", tf_files, tmp_path / "in")
    assert result.returncode == 0, result.stderr
    page = tf_files / "report" / "evaluation" / "index.html"
    assert result.stdout.splitlines()[-1] == f"The report is in {page}."
    with opened(chromium, page) as browser:
        assert browser.complaints == []
        rows = browser.page.locator("#rows tbody tr td:first-child")
        assert sorted(rows.all_inner_texts()) == [
            "blue_things/b%20#?.png",
            "red_things/<i>&amp;.png",
            "red_things/a.png",
        ]
        for link in browser.page.locator("#rows a").all():
            target = link.evaluate("each => decodeURIComponent(new URL(each.href).pathname)")
            assert Path(target).is_file(), target
    before = tree(tf_files)
    assert called("evaluate", tf_files, tmp_path / "in", "--no-report").returncode == 0
    assert tree(tf_files) == before


def test_training_without_a_report_writes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, colour in (("red", RED), ("blue", BLUE)):
        write_pictures(
            tmp_path / "data" / name, {f"{number}.png": (*colour[:2], colour[2] + number) for number in range(4)}
        )
    result = called("train", tmp_path, "--backbone", "builtin", "--no-report")
    assert result.returncode == 0, result.stderr
    assert "The report is in" not in result.stdout
    assert not (tmp_path / "report").exists()
    monkeypatch.setattr(small_cnn, "LEAST_STEPS", tiny.STEPS)
    assert called("train", tmp_path, "--recipe", "scratch").returncode == 0
    numbers = json.loads((tmp_path / "report" / "report.json").read_text())
    assert {"loss", "accuracy"} <= set(numbers["figures"])
    assert len(numbers["figures"]["loss"]) >= 20


def test_very_many_pictures_make_a_page_that_a_browser_opens_and_a_file_that_has_them_all() -> None:
    some = answers(12_000, 0.7)
    result = collected(some)
    assert isinstance(result.pictures, StringIO)
    assert len(result.pictures.getvalue().splitlines()) == 12_000
    assert len(result.rows) == ROWS
    assert sum(row.right is False for row in result.rows) == ROWS // 2
    assert (len(result.surest), len(result.least_sure), len(result.worst)) == (SHOWN, SHOWN, MISTAKES)
    scores = sorted((each.score for each in some), reverse=True)
    assert [each.score for each in result.surest] == scores[:SHOWN]
    assert [each.score for each in result.least_sure] == scores[: -SHOWN - 1 : -1]
    wrong = sorted((each.score for each in some if not each.right), reverse=True)
    assert [each.score for each in result.worst] == wrong[:MISTAKES]


def test_curves_are_what_scikit_learn_says() -> None:
    result = collected(answers(600, 0.8))
    truths, scores = result.sample
    for number, (curve, other) in enumerate(
        zip(roc(truths, scores, LABELS), precision_recall(truths, scores, LABELS), strict=True)
    ):
        own = truths == number
        assert curve.name == other.name == LABELS[number]
        assert curve.area == pytest.approx(roc_auc_score(own, scores[:, number]))
        assert other.area == pytest.approx(average_precision_score(own, scores[:, number]))
        assert curve.x[0] == curve.y[0] == 0
        assert curve.x[-1] == curve.y[-1] == 1
    right = result.evaluation.truths == result.evaluation.answers
    risk = risk_coverage(result.evaluation.scores, right)
    assert risk.y[-1] == pytest.approx(1 - right.mean())
    bins = calibration(result.evaluation.scores, right)
    assert sum(count for _, _, count in bins) == 600
    assert sum(share * count for _, share, count in bins) == pytest.approx(right.sum())


@pytest.mark.parametrize(
    ("share", "first", "second"),
    [
        (1.0, "About 100 of 100 similar new pictures should be sorted correctly", "There was no mistake"),
        (0.9, "About 9", "Most frequent mistake: "),
        (0.75, "About 7", " More pictures of these two would help."),
        (0.5, "This cannot be learnt reliably", "Check whether the pictures are in the right folders"),
        (0.33, "This cannot be learnt reliably", "whether a person could tell them apart."),
    ],
)
def test_the_summary_is_two_sentences_for_everyone(share: float, first: str, second: str) -> None:
    evaluation = collected(answers(300, share)).evaluation
    assert in_plain_words(evaluation)[0].startswith(first)
    assert second in in_plain_words(evaluation)[1]


def test_few_pictures_are_said_to_be_few_and_not_to_be_unlearnable() -> None:
    pair = [said(0, LABELS[0], (0.9, 0.05, 0.05)), said(1, LABELS[1], (0.05, 0.9, 0.05))]
    first, second = in_plain_words(collected(pair).evaluation)
    assert first == (
        "These pictures are too few to say how good the answers are: 2 of 2 are right, and always answering "
        f"{LABELS[0]} would be right in 1."
    )
    assert second == "Use more pictures of every category."


def test_pictures_of_a_single_category_are_not_compared_with_guessing_it() -> None:
    alike = [said(number, LABELS[0], (0.9, 0.05, 0.05)) for number in range(15)]
    assert in_plain_words(collected(alike).evaluation)[0].startswith("About 100 of 100 similar new pictures")


def test_of_pictures_in_no_folder_nothing_is_claimed(tmp_path: Path, chromium: Browser) -> None:
    result = collected([said(number, None, (0.2, 0.5, 0.3)) for number in range(5)])
    assert in_plain_words(result.evaluation)[0].startswith("These pictures are not in category folders")
    page = write_report(tmp_path, ReportData("flat", "from nowhere", result, ()))
    with opened(chromium, page) as browser:
        assert browser.complaints == []
        assert browser.page.locator("#rows tbody tr").count() == 5
        assert browser.page.locator("figure").count() == 0


def test_everything_a_report_can_hold_is_on_the_page(tmp_path: Path) -> None:
    result = collected([*answers(40, 0.8), said(99, "of no category", (0.4, 0.3, 0.3))])
    content = ReportData(
        "All of it",
        "drawn by hand",
        result,
        [("digest", "abc")],
        [("guessing", Proportion(10, 30))],
        [Suspicion(tmp_path / "x.png", Path("cat/x.png"), "cat", "bear", 0.7)],
        [Epoch(number, 1 / number, 1.1 / number, 1 - 0.5 / number) for number in range(1, 6)],
        [Growth(count, Proportion(count // 2 + 10, 60)) for count in (10, 20, 40)],
    )
    page = write_report(tmp_path, content)
    text = page.read_text()
    for words in (
        "guessing 33.3 %",
        "filed as cat, looks like bear (0.70)",
        "Loss per epoch",
        "Would more pictures",
    ):
        assert words in text
    assert "dog &amp; &lt;b&gt;" in text
    assert "<b>" not in text
    order = [text.index(f'id="{name}"') for name in ("confusion", "categories", "surest", "least", "worst", "suspects")]
    assert order == sorted(order)
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert numbers["baselines"] == {"guessing": pytest.approx(1 / 3)}
    assert np.isclose(float(numbers["figures"]["loss"][0]["held-out loss"]), 1.1)


def test_every_scored_picture_has_the_same_chance_to_be_drawn_from(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures of no category come between the others; they must not make late pictures rarer."""
    monkeypatch.setattr(collector, "SAMPLE", 10)
    drawn = np.zeros(100)
    for seed in range(200):
        result = collected([])
        result._chance = np.random.default_rng(seed)
        for number in range(100):
            scores = (0.5 + number / 1000, 0.3, 0.2 - number / 1000)
            for each in (
                said(number, "bear", scores),
                said(number, "of no category", scores),
                said(number, None, scores),
            ):
                result.evaluation.count(each)
                result.add(each)
        for best in result.sample[1][:, 0]:
            drawn[round((best - 0.5) * 1000)] += 1
    early, late = drawn[:50].sum(), drawn[50:].sum()
    assert early + late == 2000
    assert abs(early - late) < 200  # four standard deviations; the late ones had less than half of it
