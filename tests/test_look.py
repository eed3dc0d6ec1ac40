"""The page on the training pictures: every category at a glance, what stands out first, and nothing else is touched."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageEnhance
from playwright.sync_api import Browser

from browser import opened
from commands import called, pigeonhole
from scenes import drawn, scene
from trees import tree

FIRST = re.compile(r"Look at these first.*?</ul>", re.DOTALL)
SHOWN = re.compile(r">([^<>]*)</a><br>([^<]*)</li>")


@pytest.fixture
def tf_files(tmp_path: Path) -> Path:
    """Two categories of twelve scenes; a copy in both, a night, a blue one, a tiny one, a near-duplicate, a ruin."""
    data = tmp_path / "t f" / "data"
    for number in range(12):
        for first, name in enumerate(("anna_b", "el <sa>")):
            (data / name).mkdir(parents=True, exist_ok=True)
            scene(100 * first + number, (200, 160)).save(data / name / f"{number:02}.png")
    shutil.copy(data / "anna_b" / "03.png", data / "el <sa>" / "a copy <b>.png")
    with Image.open(data / "anna_b" / "05.png") as image:
        image.resize((180, 144)).save(data / "anna_b" / "05 smaller.png")
        ImageEnhance.Brightness(image).enhance(0.02).save(data / "el <sa>" / "night.png")
    Image.new("RGB", (90, 80), (9, 90, 200)).save(data / "el <sa>" / "one colour.png")
    scene(999, (40, 32)).save(data / "anna_b" / "tiny.png")
    (data / "anna_b" / "broken.jpg").write_bytes(b"\xff\xd8\xff nope")
    return tmp_path / "t f"


def of_category(page: Path, number: int) -> str:
    """The part of the page on one category, counted from 1."""
    return page.read_text().split(f'<h2 id="category-{number}">')[1].split("<section")[0]


def test_what_stands_out_comes_first_with_the_reason(tf_files: Path) -> None:
    before = tree(tf_files)
    result = called("look", tf_files)
    assert result.returncode == 1, "a file cannot be read"
    page = tf_files / "report" / "look" / "index.html"
    assert f"The page is {page}." in result.stdout
    assert {name: data for name, data in tree(tf_files).items() if name in before} == before
    assert [name for name in tree(tf_files) if name not in before] == ["report/look/index.html"]
    first = [dict(SHOWN.findall(found)) for found in FIRST.findall(page.read_text())]
    assert next(iter(first[0].items())) == ("03.png", "also in el &lt;sa&gt;")
    assert first[0]["tiny.png"] == "only 40 × 32 pixels"
    assert next(iter(first[1].items())) == ("a copy &lt;b&gt;.png", "also in anna_b")
    assert first[1]["one colour.png"] == "nothing to see: one colour"
    assert "night.png" in first[1]
    assert "data/anna_b/broken.jpg: it is damaged or cut off" in page.read_text()


def test_near_duplicates_are_folded_and_counted(tf_files: Path) -> None:
    called("look", tf_files)
    anna = of_category(tf_files / "report" / "look" / "index.html", 1)
    assert "14 pictures, 13 of them different." in anna
    sheet = anna.split("Contact sheet")[1]
    assert sheet.count("<li>") == 13
    assert "and 1 like it" in sheet


def test_the_mean_picture_and_the_colours_are_those_of_the_pictures(tmp_path: Path, chromium: Browser) -> None:
    for name, colours in (("grey", [(40, 40, 40), (80, 80, 80)]), ("red", [(200, 0, 0), (100, 0, 0)])):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number, colour in enumerate(colours):
            Image.new("RGB", (60, 50), colour).save(tmp_path / "data" / name / f"{number}.png")
    assert pigeonhole("look", tmp_path).returncode == 0
    page = tmp_path / "report" / "look" / "index.html"
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page.read_text())
    cells = [re.findall(r"<td>([^<]*)</td>", row) for row in rows]
    assert cells[0] == ["2", "2", "2", "60 × 50", "23.5 %", "0.0 %", "0.0 %"]
    assert cells[1] == ["2", "2", "2", "60 × 50", "19.6 %", "0.0 %", "100.0 %"]
    with opened(chromium, page) as browser:
        drawn_mean = browser.page.evaluate(
            "() => { const c = document.createElement('canvas'); c.width = c.height = 1; const x = c.getContext('2d');"
            " x.drawImage(document.querySelectorAll('.of img')[1], 0, 0, 1, 1);"
            " return Array.from(x.getImageData(0, 0, 1, 1).data) }"
        )
    assert np.abs(np.array(drawn_mean) - (150, 0, 0, 255)).max() <= 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_needs_nothing_else_and_everybody_can_read_it(tf_files: Path, scheme: str, chromium: Browser) -> None:
    called("look", tf_files)
    page = tf_files / "report" / "look" / "index.html"
    with opened(chromium, page, scheme) as browser:
        assert browser.complaints == []
        assert [each for each in browser.requests if not each.startswith("data:")] == [page.as_uri()]
        assert Axe().run(browser.page).response["violations"] == []
        assert browser.page.locator("h2").all_text_contents()[-2:] == ["anna_b", "el <sa>"]
        link = browser.page.locator("ul.pictures a").first.get_attribute("href")
        assert link
        assert browser.page.evaluate("link => new URL(link, location).pathname", link).endswith("/data/anna_b/03.png")


def test_pictures_of_no_category_are_shown_as_unknown_and_large_folders_in_part(tmp_path: Path) -> None:
    drawn(tmp_path / "data" / "many", range(60))
    drawn(tmp_path / "data" / "few", range(60, 63))
    drawn(tmp_path / "data" / "unknown", range(70, 72))
    assert called("look", tmp_path).returncode == 0
    page = tmp_path / "report" / "look" / "index.html"
    few, many, unknown = (of_category(page, number) for number in (1, 2, 3))
    assert unknown.startswith("unknown")
    assert (few.split("Contact sheet")[1].count("<li>"), unknown.split("Contact sheet")[1].count("<li>")) == (3, 2)
    assert 20 <= many.split("Contact sheet")[1].count("<li>") <= 48
    assert "different pictures, from all over the folder" in many


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["none"], 3, "There is no folder none/data."),
        (["empty"], 3, "empty/data holds no folders, so there are no categories."),
        (["a", "b"], 2, "Got unexpected extra argument (b)"),
    ],
)
def test_what_cannot_be_looked_at_is_a_sentence(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "empty" / "data").mkdir(parents=True)
    result = pigeonhole("look", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (code, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == {}
