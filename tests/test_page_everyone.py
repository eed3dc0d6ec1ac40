"""Every page for everyone: enlarged to 200 % in the dark, and on a telephone's width in the light.

Colours do not depend on the width, nor places on the colours: each is looked at once.
"""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from commands import pigeonhole
from models import write_colour_model
from pages import serious_findings, served, visiting
from pigeonhole.web.app import PAGES
from trees import BLUE, GREEN, RED, write_pictures

# A window of 1280 by 900 at 200 % has room for half as many CSS pixels, each twice as large; a telephone's.
WINDOWS: dict[str, dict[str, Any]] = {
    "200 %": {"viewport": {"width": 640, "height": 450}, "device_scale_factor": 2},
    "telephone": {"viewport": {"width": 360, "height": 740}},
}
# What can be read or pressed but lies beside the window, or is cut off by what it lies in.
OUT_OF_REACH = """() => {
    const lost = [];
    for (const each of document.querySelectorAll("main *, nav a")) {
        if (!each.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const ownText = [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!ownText && !each.matches("button, a, input, select, img, meter")) continue;
        if (each.closest("option, .behind")) continue;
        const { left, right, width } = each.getBoundingClientRect();
        let box = [0, document.documentElement.clientWidth];
        const isStrip = each.closest(".strip"); // shows as many of the next pictures as there is room for
        if (!isStrip && width && (left < box[0] - 1 || right > box[1] + 1)) lost.push(each.outerHTML.slice(0, 120));
        const style = getComputedStyle(each);
        const isCut = ["hidden", "clip"].includes(style.overflowX) && each.scrollWidth > each.clientWidth + 1;
        if (isCut && !each.matches("select, input")) lost.push(`cut off: ${each.outerHTML.slice(0, 120)}`);
    }
    return lost;
}"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """TF_FILES with a model and labels, a sorted folder, and one without any order; categories have long names."""
    root = tmp_path_factory.mktemp("everyone")
    tf_files = write_colour_model(root / "tf files", heat=True, sharpness=4)
    kinds = {"red": RED, "green": GREEN, "Donaudampfschifffahrtsgesellschaftskapitänsmütze_of_1_long_name": BLUE}

    def some(folder: str, form: str) -> None:
        for name, (red, green, blue) in kinds.items():
            shades = {form.format(name[:5], n): (red, green, abs(blue - 9 * n)) for n in range(4)}
            write_pictures(root / folder, {path.replace("*", name): shade for path, shade in shades.items()})

    some("tf files/data", "*/{} {}.png")
    some("in", "a name without any place to break it " + 40 * "x" + "{}{}.png")
    some("unsorted", "{}{}.png")
    (root / "in" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and nothing more")
    assert pigeonhole("guess-dir", tf_files, root / "in", root / "out").returncode == 1
    return tf_files, root / "out", root / "unsorted"


def full(page: Page, name: str, picture: Path) -> None:
    """Wait until the page shows what it is there for."""
    if name == "recognise":
        page.get_by_label("Choose pictures").set_input_files(picture)
        page.get_by_role("button", name="Show what speaks for it").click()
        expect(page.get_by_label("Strength")).to_be_visible()
    elif name == "review":
        expect(page.locator("#asked")).to_contain_text("Is this")
        page.keyboard.press("?")
    elif name == "groups":
        expect(page.locator(".group").first).to_be_visible()
    elif name == "learn":
        expect(page.locator("#counts tbody tr").first).to_be_visible()
    elif name == "check":
        page.get_by_role("button", name="Check the training pictures").click()
        expect(page.get_by_role("button", name="Check the training pictures")).to_be_enabled()
    else:
        expect(page.get_by_role("button", name="Undo").first).to_be_visible()


@pytest.mark.parametrize(("window", "scheme"), [("telephone", "light"), ("200 %", "dark")])
def test_nothing_is_out_of_reach(folders: tuple[Path, Path, Path], window: str, scheme: str, chromium: Browser) -> None:
    settings = WINDOWS[window]
    width = settings["viewport"]["width"]
    with served(*folders) as server, visiting(chromium, server, scheme, **settings) as visit:
        page = visit.page
        for name, (address, _) in PAGES.items():
            page.goto(f"http://{server.host}{address}")
            full(page, name, next(folders[2].iterdir()))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            assert page.evaluate(OUT_OF_REACH) == [], name
            assert serious_findings(page) == [], name
        assert not visit.complaints
        assert not visit.others


@pytest.mark.parametrize("window", WINDOWS)
def test_the_picture_and_the_answer_are_in_view_together(tmp_path: Path, window: str, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    write_pictures(tmp_path / "in", {"a.png": RED, "b.png": GREEN})
    assert pigeonhole("guess-dir", tf_files, tmp_path / "in", tmp_path / "out").returncode == 0
    with served(tf_files, tmp_path / "out") as server, visiting(chromium, server, **WINDOWS[window]) as visit:
        visit.page.goto(f"http://{server.host}/review")
        expect(visit.page.locator("#asked")).to_contain_text("Is this")
        shown = "id => document.getElementById(id).getBoundingClientRect()"
        height = WINDOWS[window]["viewport"]["height"]
        picture, answer = (visit.page.evaluate(shown, each) for each in ("large", "accept"))
        assert picture["top"] + picture["height"] / 2 < height
        assert answer["bottom"] <= height
