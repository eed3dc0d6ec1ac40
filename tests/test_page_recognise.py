"""The first page: what is on these pictures?"""

from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, expect

from models import write_colour_model
from pages import serious_findings, served, visiting
from trees import BLUE, GREEN, RED, tree, write_pictures

HOSTILE = "<img src=x onerror=alert(1)>&amp;'\".png"


def test_a_picture_is_recognised_and_added_to_a_category(tmp_path: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files", heat=True)
    write_pictures(tmp_path, {"red.png": RED, HOSTILE: GREEN})
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files([tmp_path / "red.png", tmp_path / HOSTILE])
        red = page.get_by_role("article").filter(has=page.get_by_role("heading", name="red.png"))
        red.get_by_role("button", name="Show what speaks for it").click()
        assert red.get_by_role("listitem").first.inner_text().split("\n")[0] == "red things"
        page.get_by_role("heading", name=HOSTILE).wait_for()
        assert set(tree(tf_files)) >= {"model.onnx"}
        assert not (tf_files / "data").exists()

        red.get_by_label("Category for").fill("  RED things ")
        red.get_by_role("button", name="Add to this category").click()
        red.get_by_text("Added to red things.", exact=True).wait_for()
        assert not visit.complaints
        assert not visit.others
        assert serious_findings(page) == []
    assert set(tree(tf_files / "data")) == {"red_things/red.png"}
    assert tree(tf_files / "data")["red_things/red.png"] == tree(tmp_path)["red.png"]


def test_heat_lies_over_the_picture_and_is_switched_without_a_mouse(tmp_path: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files", heat=True)
    wide = Image.new("RGB", (300, 200), (0, 0, 0))
    wide.paste(RED, (50, 70, 110, 130))
    wide.save(tmp_path / "wide.png")
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(tmp_path / "wide.png")
        card = page.get_by_role("article")
        picture = card.get_by_role("img", name="wide.png")
        expect(card.get_by_role("button", name="Show what speaks for it")).to_be_visible()
        page.keyboard.press("h")
        layer = card.get_by_role("img", name="Heat map")
        expect(layer).to_have_attribute("alt", "Heat map: the left of the picture speaks most for red things")
        expect(picture).to_be_visible()
        assert layer.bounding_box() == picture.bounding_box()
        sizes = [
            each.evaluate("(image) => image.decode().then(() => image.naturalWidth / image.naturalHeight)")
            for each in (picture, layer)
        ]
        assert abs(sizes[0] - sizes[1]) < 0.01
        before = float(layer.evaluate("(image) => getComputedStyle(image).opacity"))
        card.get_by_label("Strength").focus()
        for _ in range(5):
            page.keyboard.press("ArrowLeft")
        assert 0 < float(layer.evaluate("(image) => getComputedStyle(image).opacity")) < before < 1
        assert serious_findings(page) == []
        page.keyboard.press("h")
        expect(layer).to_be_hidden()
        card.get_by_label("Category for").fill("h")
        expect(layer).to_be_hidden()
        assert not visit.complaints


def test_what_speaks_for_a_picture_is_shown_also_after_it_was_added(tmp_path: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files", heat=True)
    write_pictures(tmp_path, {"red.png": RED})
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(tmp_path / "red.png")
        page.get_by_role("button", name="Add to this category").click()
        page.get_by_text("Added to red things.", exact=True).wait_for()
        page.get_by_role("button", name="Show what speaks for it").click()
        expect(page.get_by_role("img", name="Heat map")).to_be_visible()
        assert not visit.complaints
    assert set(tree(tf_files / "data")) == {"red_things/red.png"}


def test_a_hostile_category_is_a_folder_or_a_sentence(tmp_path: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    write_pictures(tmp_path, {"blue.png": BLUE})
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(tmp_path / "blue.png")
        box = page.get_by_label("Category for")
        for wrong in ("../../outside", "..", " . ", ".hidden", "a\\b", "_unreadable", "x" * 300):
            box.fill(wrong)
            box.press("Enter")
            page.get_by_role("status").filter(has_text=".").wait_for()
            assert not (tf_files / "data").exists(), wrong
            page.evaluate("document.getElementById('told').textContent = ''")
        box.fill("<b>'bold'</b>".replace("/", ""))
        box.press("Enter")
        page.get_by_text("Added to <b>'bold'<b>.", exact=True).wait_for()
        assert not [complaint for complaint in visit.complaints if "400" not in complaint]
    assert set(tree(tf_files / "data")) == {"<b>'bold'<b>/blue.png"}


def test_a_picture_can_be_added_before_there_is_a_model(tmp_path: Path, chromium: Browser) -> None:
    tf_files = tmp_path / "tf files"
    tf_files.mkdir()
    write_pictures(tmp_path, {"blue.png": BLUE})
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(tmp_path / "blue.png")
        page.get_by_text("There is no model").wait_for()
        page.get_by_label("Category for").fill("sky")
        page.get_by_label("Category for").press("Enter")
        page.get_by_text("Added to sky.", exact=True).wait_for()
    assert set(tree(tf_files / "data")) == {"sky/blue.png"}


def test_the_faces_of_a_picture_are_framed_and_named(tmp_path: Path, shared: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    picture = shared / "data" / "anime_pictures" / "found_by_cascade_10.jpg"
    with served(tf_files) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(picture)
        page.get_by_role("button", name="Find faces").click()
        faces = page.get_by_role("list", name="Faces")
        expect(faces.get_by_role("listitem").first).to_contain_text("things")
        shown = page.locator("article img").get_attribute("src") or ""
        assert shown.endswith("/faces")
        response = page.request.get(f"http://{server.host}{shown}")
        assert response.headers["content-type"] == "image/png"
        assert response.body().startswith(b"\x89PNG")
        assert not visit.complaints
