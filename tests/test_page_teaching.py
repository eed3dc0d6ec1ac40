"""From pictures without labels to a model: groups, what is still unsure, training, and wrong labels."""

import random
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from commands import pigeonhole
from draw_characters import CHARACTERS, draw
from pages import serious_findings, served, settled, visiting
from pigeonhole.labelling.pictures import identifier_of
from trees import BLUE, GREEN, RED, tree, write_pictures

FEW = 8  # pictures of each character


def unsorted_characters(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder of drawn characters in no order, and who is on the picture of each identifier."""
    folder, chance = tmp_path / "unsorted", random.Random(0)
    folder.mkdir()
    truth = {}
    for number, character in enumerate([*CHARACTERS[:2]] * FEW):
        path = folder / f"IMG_{number:03}.jpg"
        draw(character, chance).save(path, quality=88)
        truth[identifier_of(path)] = character.name
    return folder, truth


def picture_of(source: str | None) -> str:
    """The identifier in the address of an image."""
    return (source or "").split("/")[-2]


def name_all_groups(page: Page, truth: dict[str, str]) -> int:
    """Call every group what most in it are, and leave the others out; returns how many groups were named."""
    named = 0
    while page.locator(".group").count():
        group = page.locator(".group").first
        if group.get_by_role("button", name="Show all").count():
            group.get_by_role("button", name="Show all").click()
        tiles = group.locator(".pile button")
        members = [picture_of(tile.locator("img").get_attribute("src")) for tile in tiles.all()]
        known = [truth[member] for member in members]
        name = max(set(known), key=known.count)
        for tile, who in zip(tiles.all(), known, strict=True):
            if who != name and tile.get_attribute("aria-pressed") == "false":
                tile.click()
        if all(tile.get_attribute("aria-pressed") == "true" for tile in tiles.all()):
            break  # nothing but what was left out before
        group.evaluate("(section) => { section.dataset.named = 'now'; }")
        group.get_by_label("Name of group").fill(name)
        group.get_by_label("Name of group").press("Enter")
        expect(page.locator("[data-named]")).to_have_count(0)
        named += 1
    return named


def test_a_folder_without_labels_becomes_a_model(tmp_path: Path, chromium: Browser) -> None:
    unsorted, truth = unsorted_characters(tmp_path)
    before = tree(unsorted)
    tf_files = tmp_path / "tf_files"
    tf_files.mkdir()
    with served(tf_files, unsorted) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.goto(f"http://{server.host}/groups")
        expect(page.locator("#method")).to_contain_text("Ward")
        expect(page.locator("#progress")).not_to_contain_text("Looking")
        assert serious_findings(page) == []
        name_all_groups(page, truth)

        page.goto(f"http://{server.host}/review")
        keys = {character.name: str(number) for number, character in enumerate(CHARACTERS, 1)}
        while True:
            expect(page.locator("#asked:visible, #done:visible")).not_to_be_empty()
            if page.locator("#done").is_visible():
                break
            who = truth[picture_of(page.locator("#large").get_attribute("src"))]
            asked = page.locator("#large").get_attribute("src") or ""
            page.keyboard.press(keys[who])
            expect(page.locator(f"#large[src='{asked}']")).to_have_count(0)
        settled(page, len(truth))
        expect(page.locator("#learnt")).to_contain_text("16 labels")

        page.goto(f"http://{server.host}/learn")
        expect(page.locator("#counts")).to_contain_text("mila")
        assert serious_findings(page) == []
        page.get_by_role("button", name="Finish").click()
        expect(page.locator("#progress")).to_have_text("Done: the model is written.")
        expect(page.locator("#said")).to_contain_text("Accuracy")

        page.goto(f"http://{server.host}/")
        page.get_by_label("Choose pictures").set_input_files(unsorted / "IMG_000.jpg")
        expect(page.locator(".ranking li").first).to_contain_text("mila")
        assert not visit.complaints
        assert not visit.others
    assert tree(unsorted) == before
    learnt = {digest: Path(name) for name, digest in tree(tf_files / "data").items()}
    assert {digest: (path.parent.name, path.name) for digest, path in learnt.items()} == {
        digest: (truth[identifier_of(unsorted / name)], name) for name, digest in before.items()
    }
    assert (tf_files / "report" / "index.html").is_file()


def test_twelve_names_sort_real_pictures(tmp_path: Path, shared: Path, chromium: Browser) -> None:
    """Two heroes in no order: each group is called what most in it are, and nothing is left out."""
    unsorted, tf_files = tmp_path / "unsorted", tmp_path / "tf_files"
    unsorted.mkdir()
    tf_files.mkdir()
    truth = {}
    for hero in ("darth_vader", "elsa"):
        for number, path in enumerate(sorted((shared / "data" / "superheroes" / "train" / hero).iterdir())[:80:2]):
            copy = unsorted / f"{number:02} {hero[::-1][:2]}{path.suffix}"
            shutil.copyfile(path, copy)
            truth[identifier_of(copy)] = hero
    with served(tf_files, unsorted) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.goto(f"http://{server.host}/groups")
        expect(page.locator("#progress")).not_to_contain_text("Looking")
        expect(page.locator("#count")).to_be_enabled()
        page.evaluate("const c = document.getElementById('count'); c.value = 12; c.dispatchEvent(new Event('change'))")
        expect(page.locator(".group")).to_have_count(12)
        while page.locator(".group").count():
            group = page.locator(".group").first
            group.evaluate("(section) => { section.dataset.named = 'now'; }")
            members = [picture_of(image.get_attribute("src")) for image in group.locator(".pile img").all()]
            known = [truth[member] for member in members]
            group.get_by_label("Name of group").fill(max(set(known), key=known.count))
            group.get_by_label("Name of group").press("Enter")
            expect(page.locator("[data-named]")).to_have_count(0)
        settled(page, len(truth))
    names = [Path(name) for name in tree(tf_files / "data")]
    assert len(names) == len(truth)
    right = sum(truth[identifier_of(unsorted / path.name)] == path.parent.name.replace(" ", "_") for path in names)
    assert right / len(truth) >= 0.95


def test_naming_a_group_is_one_undo(tmp_path: Path, chromium: Browser) -> None:
    unsorted, truth = unsorted_characters(tmp_path)
    tf_files = tmp_path / "tf_files"
    tf_files.mkdir()
    with served(tf_files, unsorted) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.goto(f"http://{server.host}/groups")
        expect(page.locator("#count")).to_be_enabled()
        page.evaluate("const c = document.getElementById('count'); c.value = 1; c.dispatchEvent(new Event('change'))")
        expect(page.locator(".group")).to_have_count(1)
        page.get_by_label("Name of group 1").fill("<everything> & more")
        page.get_by_label("Name of group 1").press("Enter")
        expect(page.locator("#progress")).to_contain_text("nothing left")
        settled(page, len(truth))
        assert {Path(name).parent.name for name in tree(tf_files / "data")} == {"<everything> & more"}
        page.get_by_role("heading", name="Start from nothing").click()
        page.keyboard.press("u")
        expect(page.get_by_role("status").last).to_contain_text("Taken back: 16 decisions")
        settled(page, 0)
        expect(page.locator(".group")).to_have_count(1)
        assert not visit.complaints
    assert tree(tf_files / "data") == {}


@pytest.fixture
def wrong_labels(tmp_path: Path) -> Path:
    """TF_FILES with an elsa among the warm pictures, and a picture in both categories."""
    chance = random.Random(1)
    for character in CHARACTERS[:2]:
        folder = tmp_path / "tf_files" / "data" / character.name
        folder.mkdir(parents=True)
        for number in range(6):
            draw(character, chance).save(folder / f"{number}.png")
    data = tmp_path / "tf_files" / "data"
    shutil.copyfile(data / "mila" / "3.png", data / "nora" / "copy of 3.png")
    shutil.copyfile(data / "mila" / "4.png", data / "mila" / "twice.png")
    return tmp_path / "tf_files"


def test_what_a_check_finds_is_decided_with_one_key(wrong_labels: Path, chromium: Browser) -> None:
    before = tree(wrong_labels)
    with served(wrong_labels) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.goto(f"http://{server.host}/check")
        page.get_by_role("button", name="Check the training pictures").click()
        expect(page.locator("#title")).to_contain_text("in two categories")
        expect(page.locator("#pictures img")).to_have_count(2)
        assert serious_findings(page) == []
        names = page.locator("#pictures li").all_inner_texts()
        keep = next(str(number) for number, name in enumerate(names, 1) if "mila" in name)
        page.keyboard.press(keep)
        settled(page, 1)
        assert "set_aside/nora/copy of 3.png" in tree(wrong_labels)
        page.keyboard.press("u")
        settled(page, 0)
        kept = {name: digest for name, digest in tree(wrong_labels).items() if name in before}
        assert kept == before
        assert not visit.complaints
    said = pigeonhole("check", wrong_labels, "--json", environment={"PIGEONHOLE_OFFLINE": "1"}).stdout
    assert '"two categories"' in said


def test_a_training_that_cannot_be_says_why(tmp_path: Path, chromium: Browser) -> None:
    write_pictures(tmp_path / "tf_files" / "data", {"a/1.png": RED, "b/1.png": BLUE})
    with served(tmp_path / "tf_files") as server, visiting(chromium, server) as visit:
        visit.page.goto(f"http://{server.host}/learn")
        visit.page.get_by_role("button", name="Finish").click()
        expect(visit.page.locator("#progress")).to_contain_text("No model was written")
        expect(visit.page.locator("#said")).to_contain_text("fewer than 2")
    assert not (tmp_path / "tf_files" / "model.onnx").exists()


def test_what_happens_now_shows_troubles_and_takes_the_last_ones_back(
    tmp_path: Path, tf_files: Path, chromium: Browser
) -> None:
    source = write_pictures(tmp_path / "in", {"red.png": RED, "green.png": GREEN})
    (source / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and nothing more")
    before = tree(source)
    out = tmp_path / "out"
    pigeonhole("guess-dir", tf_files, source, out, "--move")
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.goto(f"http://{server.host}/now")
        expect(page.locator("#folders")).to_contain_text("No watcher sorts into")
        expect(page.locator("#folders")).to_contain_text("broken.jpg:")
        assert serious_findings(page) == []
        for left in (2, 1, 0):
            for image in page.locator("#folders img").all():
                expect(image).to_have_js_property("complete", True)  # or it is asked for when it is gone
            page.get_by_role("button", name="Undo").first.click()
            expect(page.get_by_role("button", name="Undo")).to_have_count(left)
        expect(page.locator("#folders")).to_contain_text("All could be read")
        assert not visit.complaints
    assert tree(source) == before
    assert tree(out) == {}


def test_an_answer_that_comes_late_shows_nothing_again_that_was_taken_back(
    tmp_path: Path, tf_files: Path, chromium: Browser
) -> None:
    source = write_pictures(tmp_path / "in", {"red.png": RED, "green.png": GREEN})
    pigeonhole("guess-dir", tf_files, source, tmp_path / "out", "--move")
    late: list[tuple[Route, APIResponse]] = []
    with served(tf_files, tmp_path / "out") as server, visiting(chromium, server) as visit:
        page = visit.page
        page.clock.install()
        page.goto(f"http://{server.host}/now")
        buttons = page.get_by_role("button", name="Undo")
        expect(buttons).to_have_count(2)
        page.route("**/now/folders", lambda route: late.append((route, route.fetch())), times=1)
        with page.expect_request("**/now/folders"):
            page.clock.fast_forward(6000)  # it looks again, and the answer is on its way
        buttons.first.click()
        expect(buttons).to_have_count(1)
        while not late:  # fetched meanwhile
            page.wait_for_timeout(10)
        ((route, answer),) = late
        with page.expect_event("requestfinished"):
            route.fulfill(response=answer)
        page.evaluate("fetch('/state')")  # what came before it has been dealt with
        assert buttons.count() == 1
