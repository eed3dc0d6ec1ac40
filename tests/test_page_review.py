"""The second page: is this right?"""

from pathlib import Path

from playwright.sync_api import APIResponse, Browser, Page, Route, expect

from commands import pigeonhole
from models import write_colour_model
from pages import Server, Visit, serious_findings, served, settled, visiting
from trees import BLUE, GREEN, RED, tree, write_pictures

ORANGE = (250, 120, 5)


def sorted_folder(tmp_path: Path, *options: str) -> tuple[Path, Path]:
    """TF_FILES and a folder into which four pictures were sorted; `orange.png` is less certain than the others."""
    tf_files = write_colour_model(tmp_path / "tf files", sharpness=4)
    pictures = {"red.png": RED, "green.png": GREEN, "blue.png": BLUE, "orange.png": ORANGE}
    write_pictures(tmp_path / "in", pictures)
    assert pigeonhole("guess-dir", tf_files, tmp_path / "in", tmp_path / "out", *options).returncode == 0
    return tf_files, tmp_path / "out"


def review(visit: Visit, server: Server) -> Page:
    visit.page.goto(f"http://{server.host}/review")
    expect(visit.page.locator("#asked")).to_contain_text("Is this")
    return visit.page


def names(folder: Path) -> dict[str, str]:
    """Digest → name of every file."""
    return {digest: name for name, digest in tree(folder).items()}


def test_a_wrong_answer_is_mended_in_three_keys(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    originals = names(tmp_path / "in")
    before = names(out)
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        first = page.locator("#large").get_attribute("alt") or ""
        page.keyboard.press("1")  # blue things
        expect(page.locator("#large")).not_to_have_attribute("alt", first)
        second = page.locator("#large").get_attribute("alt") or ""
        page.keyboard.press("Enter")  # it is right
        expect(page.locator("#large")).not_to_have_attribute("alt", second)
        settled(page, 2)
        assert not visit.complaints
        assert not visit.others
    after = names(out)
    changed = {digest: name for digest, name in after.items() if before[digest] != name}
    assert list(changed.values()) == ["blue_things-checked.png"]
    assert set(after) == set(before)
    data = tree(tf_files / "data")
    (mended,) = changed
    accepted = next(digest for digest, name in before.items() if name == second)
    assert data == {
        f"blue_things/{originals[mended]}": mended,
        f"{second.partition('-')[0]}/{originals[accepted]}": accepted,
    }
    log = pigeonhole("log", out, "--json").stdout
    assert "blue_things-checked.png" in log


def test_an_answer_that_comes_late_asks_nothing_again_that_was_decided(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    late: list[tuple[Route, APIResponse]] = []
    waiting: list[Route] = []
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        page.route("**/state", lambda _: None)  # it looks at nothing by itself
        questions = page.locator("#strip button")
        expect(questions).to_have_count(4)
        page.route("**/queue?*", lambda route: late.append((route, route.fetch())), times=1)
        with page.expect_request("**/queue?*"):
            page.keyboard.press("Enter")  # when that is decided, it asks for the next questions
        page.route("**/decide", lambda route: waiting.insert(0, route), times=1)
        page.keyboard.press("Enter")
        expect(questions).to_have_count(2)
        while not late:  # fetched meanwhile
            page.wait_for_timeout(10)
        ((route, answer),) = late
        with page.expect_request("**/decide"):  # it is sent when the questions have come
            route.fulfill(response=answer)
        assert questions.count() == 2
        waiting[0].continue_()
        page.unroute("**/state")
        settled(page, 2)
        expect(questions).to_have_count(2)
    assert len(tree(tf_files / "data")) == 2


def test_a_key_stays_with_its_category_when_others_come(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        buttons = page.locator("#buttons button")
        before = buttons.all_inner_texts()
        page.keyboard.press("n")
        page.keyboard.type("a new one")
        page.keyboard.press("Enter")
        expect(buttons).to_have_count(len(before) + 1)
        assert buttons.all_inner_texts()[:-1] == before
        assert buttons.last.inner_text().split("\n") == ["a new one", str(len(before) + 1)]
        settled(page, 1)
        review(visit, server)
        assert buttons.all_inner_texts()[:-1] == before


def test_everything_can_be_undone_also_after_a_restart(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    before = tree(tmp_path)
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        for key, left in (("1", 3), ("x", 2), ("Enter", 1)):
            page.keyboard.press(key)
            expect(page.locator("#strip li")).to_have_count(left)
        settled(page, 3)
        page.keyboard.press("u")
        expect(page.locator("#strip li")).to_have_count(2)
        settled(page, 2)
        server.kill()
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        for left in (3, 4):
            page.keyboard.press("u")
            expect(page.locator("#strip li")).to_have_count(left)
        settled(page, 0)
        page.keyboard.press("u")
        expect(page.get_by_role("status")).to_contain_text("nothing to undo")
    after = {name: digest for name, digest in tree(tmp_path).items() if "/cache/" not in name}
    assert after == before
    assert not list((tf_files / "data").glob("[!.]*"))


def test_undo_of_the_command_line_knows_what_the_page_did(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path, "--move")
    before = set(tree(out).values())
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        page.keyboard.press("1")
        page.keyboard.press("2")
        settled(page, 2)
    assert pigeonhole("undo", tf_files / "data").returncode == 0
    assert pigeonhole("undo", out).returncode == 0
    assert set(tree(tmp_path / "in")) == {"red.png", "green.png", "blue.png", "orange.png"}
    assert set(tree(tmp_path / "in").values()) == before
    assert tree(out) == tree(tf_files / "data") == {}


def test_many_are_decided_with_the_keyboard_alone(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path, "--into-folders")
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        page.keyboard.press("g")
        expect(page.locator(".tile")).to_have_count(4)
        assert serious_findings(page) == []
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("Shift+ArrowRight")
        expect(page.locator(".tile[aria-selected=true]")).to_have_count(3)
        page.keyboard.press("n")
        page.keyboard.type("new & <b>odd</b>".replace("/", ""))
        page.keyboard.press("Enter")
        expect(page.locator(".tile")).to_have_count(1)
        settled(page, 3)
        page.locator(".tile").first.click()
        page.keyboard.press("x")
        expect(page.locator("#done")).to_be_visible()
        settled(page, 4)
        assert not visit.complaints
    odd = {digest for name, digest in tree(out).items() if name.startswith("new & <b>odd<b>/")}
    assert len(odd) == 3
    assert odd == set(tree(tf_files / "data").values())
    assert sum(name.startswith("set_aside/") for name in tree(out)) == 1
    assert len(tree(out)) == 4


def test_a_second_window_cannot_decide_on_the_same_picture(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        other = page.context.new_page()
        other.goto(f"http://{server.host}/review")
        expect(other.locator("#asked")).to_contain_text("Is this")
        assert other.locator("#large").get_attribute("alt") == page.locator("#large").get_attribute("alt")
        page.keyboard.press("1")
        settled(page, 1)
        after = tree(tmp_path)
        other.evaluate("document.title")
        other.keyboard.press("2")
        expect(other.get_by_role("status")).to_contain_text("decided on already")
        assert {name: digest for name, digest in tree(tmp_path).items() if "/cache/" not in name} == {
            name: digest for name, digest in after.items() if "/cache/" not in name
        }


def test_a_file_that_was_changed_since_is_left_alone(tmp_path: Path, chromium: Browser) -> None:
    tf_files, out = sorted_folder(tmp_path)
    with served(tf_files, out) as server, visiting(chromium, server) as visit:
        page = review(visit, server)
        name = page.locator("#large").get_attribute("alt") or ""
        write_pictures(out, {name: (1, 2, 3)})
        edited = tree(out)
        page.keyboard.press("1")
        expect(page.get_by_role("status")).to_contain_text("was changed")
    assert tree(out) == edited


def test_a_hostile_file_name_is_only_a_name(tmp_path: Path, chromium: Browser) -> None:
    tf_files = write_colour_model(tmp_path / "tf files")
    hostile = "<script>alert(1)<\\script>\"'& \n{category}.png"
    write_pictures(tmp_path / "unsorted", {hostile: RED, "b.png": BLUE})
    with served(tf_files, tmp_path / "unsorted") as server, visiting(chromium, server) as visit:
        visit.page.goto(f"http://{server.host}/review")
        page = visit.page
        expect(page.locator("#strip li")).to_have_count(2)
        for left in (1, 0):
            page.keyboard.press("3")
            expect(page.locator("#strip li")).to_have_count(left)
        settled(page, 2)
        assert not visit.complaints
    assert set(tree(tf_files / "data")) == {f"red_things/{hostile}", "red_things/b.png"}
    assert set(tree(tmp_path / "unsorted")) == {hostile, "b.png"}
