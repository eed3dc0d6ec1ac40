"""What a check finds in sets that were spoilt on purpose, and what it does only when it is told to."""

import csv
import json
import random
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from commands import called
from pigeonhole.check import Finding, check
from pigeonhole.check.appearance import border_of
from pigeonhole.check.findings import Move
from pigeonhole.check.moves import write_moves
from pigeonhole.output import Recorder
from pigeonhole.workspace import Workspace
from scenes import drawn, scene
from trees import tree, write_pictures

HEROES = ("darth_vader", "elsa")


@pytest.fixture
def heroes(superheroes: Path, tmp_path: Path) -> Path:
    """The pictures of two heroes, the weights, and the features of these pictures."""
    for folder in ("data", "weights", "cache"):
        shutil.copytree(superheroes / folder, tmp_path / folder, copy_function=shutil.copyfile)
    return tmp_path


def found(tf_files: Path) -> tuple[Finding, ...]:
    return check(Workspace(tf_files), backbone=None, weights=None, seed=0, output=Recorder()).findings


def copies_in(findings: Iterable[Finding]) -> set[str]:
    kinds = ("duplicates", "near-duplicates", "two categories")
    return {path.name for finding in findings if finding.kind in kinds for path in finding.pictures}


def test_wrong_labels_and_near_copies_are_found_among_real_pictures(heroes: Path) -> None:
    """One label in ten is wrong, and one picture in twenty is a smaller or recompressed copy of another."""
    chance = random.Random(5)
    known = copies_in(found(heroes))  # some pictures were found twice by those who collected them
    pictures = sorted((heroes / "data").glob("*/*"))
    originals = chance.sample(pictures, len(pictures) // 20)
    for number, original in enumerate(originals):
        with Image.open(original) as opened:
            copy = opened.convert("RGB")
        if number % 2:
            copy = copy.resize([max(40, round(edge * chance.uniform(0.35, 0.8))) for edge in copy.size])
        copy.save(original.with_name(f"copy of {number}.jpg"), quality=chance.randint(40, 85))
    swapped = chance.sample([path for path in pictures if path not in originals], len(pictures) // 10)
    for number, path in enumerate(swapped):
        other = HEROES[path.parent.name == HEROES[0]]
        path.rename(heroes / "data" / other / f"wrong {number}{path.suffix}")

    findings = found(heroes)

    planted = {path.name for path in originals} | {f"copy of {number}.jpg" for number in range(len(originals))}
    named = copies_in(findings) - known
    copies = {name for name in named if name.startswith("copy of")}
    suspects = [finding.pictures[0].name for finding in findings if finding.kind == "label"]
    wrong = [name for name in suspects[: len(swapped) * 3 // 2] if name.startswith("wrong")]
    print(  # noqa: T201
        f"{len(copies)} of {len(originals)} near-duplicates, {len(named - planted)} false alarms; "
        f"{len(wrong)} of {len(swapped)} wrong labels among {min(len(suspects), len(swapped) * 3 // 2)} suspects"
    )
    assert len(copies) >= 0.9 * len(originals)
    assert len(named - planted) <= 0.01 * len(pictures)
    assert len(wrong) >= 0.8 * len(swapped)


def test_a_suspect_is_said_to_look_like_its_true_category(heroes: Path) -> None:
    victim = sorted((heroes / "data" / "elsa").iterdir())[7]
    shutil.move(victim, heroes / "data" / "darth_vader" / "not me.jpg")
    suspect = next(finding for finding in found(heroes) if finding.kind == "label")
    assert suspect.pictures == (Path("data/darth_vader/not me.jpg"),)
    assert suspect.sentence == "looks like elsa"
    assert suspect.moves[0].target == Path("data/elsa/not me.jpg")


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two categories of 24 different drawings, which nothing tells apart; there are no weights."""
    monkeypatch.setenv("PIGEONHOLE_OFFLINE", "1")
    drawn(tmp_path / "data" / "a", (*range(9), *range(10, 24), 25))  # 9 looks much like 3
    drawn(tmp_path / "data" / "b", range(100, 124))
    return tmp_path


def test_in_a_clean_set_nothing_is_found(clean: Path) -> None:
    assert found(clean) == ()


def test_every_kind_of_trouble_is_named(clean: Path) -> None:
    a, b = clean / "data" / "a", clean / "data" / "b"
    shutil.copyfile(a / "a0x.png", a / "again.png")
    shutil.copyfile(a / "b1x.png", b / "as well.png")
    scene(2).resize((120, 90)).save(b / "smaller.jpg", quality=70)
    scene(3).resize((120, 90)).save(a / "smaller too.jpg", quality=70)
    (b / "no picture.jpg").write_text("no picture")
    (b / "cut.png").write_bytes((b / "w100x.png").read_bytes()[:900])
    drawn(clean / "data" / "c", range(300, 305))

    findings = found(clean)

    assert sorted(str(each.pictures[0]) for each in findings[:2]) == ["data/b/cut.png", "data/b/no picture.jpg"]
    assert [(each.kind, each.is_error, *map(str, each.pictures)) for each in findings[2:]] == [
        ("two categories", True, "data/a/b1x.png", "data/b/as well.png"),
        ("two categories", True, "data/a/c2x.png", "data/b/smaller.jpg"),
        ("few", False),
        ("duplicates", False, "data/a/a0x.png", "data/a/again.png"),
        ("near-duplicates", False, "data/a/d3x.png", "data/a/smaller too.jpg"),
    ]
    assert findings[4].sentence == "c has 5 different pictures; use at least 20"


def test_a_picture_of_unknown_that_is_also_of_a_category_is_an_error(clean: Path) -> None:
    (clean / "data" / "unknown").mkdir()
    shutil.copyfile(clean / "data" / "a" / "a0x.png", clean / "data" / "unknown" / "x.png")
    (finding,) = found(clean)
    assert finding.kind == "two categories"
    assert finding.sentence == "the same picture in a and unknown"


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("border", "an even border alone identifies b: 24 of its 24 pictures are recognised by it"),
        ("aspect", "its aspect ratio alone identifies b: "),
        ("size", "its size in pixels alone identifies b: "),
    ],
)
def test_what_gives_a_category_away_is_named(clean: Path, what: str, sentence: str) -> None:
    for path in (clean / "data" / "b").iterdir():
        with Image.open(path) as opened:
            picture = opened.convert("RGB")
        if what == "border":  # as in a film: a thin one, which nobody sees
            ImageOps.expand(picture.crop((4, 4, 156, 116)), 4, "black").save(path)
        elif what == "aspect":
            picture.resize((200, 120)).save(path)
        else:
            picture.resize((320, 240)).save(path)
    findings = [finding for finding in found(clean) if finding.kind == "shortcut"]
    assert any(finding.sentence.startswith(sentence) for finding in findings), findings
    assert not any(finding.is_error for finding in findings)
    if what == "border":
        assert len(findings) == 2  # for either category


def test_a_border_is_measured_from_all_four_sides() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3)).astype(np.uint8)
    pixels[:, :16] = 255
    pixels[-8:] = 0
    left, top, right, bottom, *shades = border_of(pixels)
    assert (top, right, bottom) == (0.0, 0.0, 8 / 128)
    assert left == 0.0  # where the two meet, its column is of two colours
    assert shades == [0.0, 0.0, 0.0, 0.0]


def test_a_check_changes_nothing_but_its_cache(clean: Path) -> None:
    shutil.copyfile(clean / "data" / "a" / "a0x.png", clean / "data" / "b" / "again.png")
    before = tree(clean)
    result = called("check", clean)
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "error: the same or nearly the same picture in two categories; one of them must be wrong (1)",
        "  data/a/a0x.png, data/b/again.png: the same picture in a and b",
        "49 pictures checked: 1 error, 0 hints.",
    ]
    assert "the network can hardly tell these categories apart" in result.stderr
    assert {name: content for name, content in tree(clean).items() if not name.startswith("cache/")} == before


def test_json_gives_every_finding(clean: Path) -> None:
    shutil.copyfile(clean / "data" / "a" / "a0x.png", clean / "data" / "a" / "again.png")
    result = called("check", clean, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout) == {
        "kind": "duplicates",
        "error": False,
        "pictures": ["data/a/a0x.png", "data/a/again.png"],
        "sentence": "the same picture 2 times",
        "doubt": None,
        "moves": [["data/a/again.png", "set_aside/data/a/again.png"]],
    }


def test_the_moves_that_a_user_edited_are_done_and_nothing_else(clean: Path) -> None:
    a, b = clean / "data" / "a", clean / "data" / "b"
    odd = 'odd, "name"\n.png'
    shutil.copyfile(a / "a0x.png", a / odd)
    shutil.copyfile(a / "b1x.png", b / "as well.png")
    moves = clean / "moves.csv"
    result = called("check", clean, "--moves", moves)
    assert "3 moves are listed in" in result.stdout
    with moves.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["from"], row["to"]) for row in rows] == [
        ("data/a/b1x.png", ""),
        ("data/b/as well.png", ""),
        (f"data/a/{odd}", f"set_aside/data/a/{odd}"),
    ]
    rows[1]["to"] = "set_aside/as well.png"
    with moves.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    before = tree(clean / "data")

    for said in ("2 pictures moved.", "0 pictures moved."):  # a second time there is nothing left to do
        result = called("check", clean, "--apply", moves)
        assert (result.returncode, result.stdout.strip()) == (0, said)

    after = tree(clean / "data")
    assert set(before) - set(after) == {f"a/{odd}", "b/as well.png"}
    assert all(before[name] == content for name, content in after.items())
    assert set(tree(clean / "set_aside")) == {f"data/a/{odd}", "as well.png"}
    assert called("check", clean).returncode == 0


def test_a_list_that_nobody_edited_can_be_applied(tmp_path: Path) -> None:
    """In every category there is a 1.png, and one picture is suspicious twice."""
    for category, shade in (("a", 1), ("b", 2), ("c", 3)):
        write_pictures(tmp_path / "data" / category, {"1.png": (shade, 0, 0), "2.png": (shade, 9, 0)})
    before = tree(tmp_path)
    suspects = [
        Finding("label", (source,), "looks like c", 0.9, (Move(source, Path("data/c/1.png")),))
        for source in (Path("data/a/1.png"), Path("data/b/1.png"))
    ]
    again = Finding("duplicates", (), "", None, (Move(Path("data/a/1.png"), Path("set_aside/data/a/1.png")),))
    assert write_moves(tmp_path / "moves.csv", tmp_path, [*suspects, again]) == 3

    result = called("check", tmp_path, "--apply", tmp_path / "moves.csv")

    assert (result.returncode, result.stdout) == (0, "2 pictures moved.\n")
    moved = {"data/a/1.png": "data/c/1-2.png", "data/b/1.png": "data/c/1-3.png"}
    (tmp_path / "moves.csv").unlink()
    assert tree(tmp_path) == {moved.get(name, name): content for name, content in before.items()}


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("data/a/a0x.png,data/b/w100x.png", "w100x.png is taken"),
        ("data/a/a0x.png,../out.png", "out.png is not below"),
        ("data/a/a0x.png,/elsewhere/out.png", "/elsewhere/out.png is not below"),
        ("data/a/nobody.png,data/b/x.png", "there is no file"),
        ("data/a/a0x.png,data/b/x.png\ndata/a/a0x.png,data/b/y.png", "stands in the list twice"),
        ("data/a/a0x.png,data/b/x.png\ndata/a/b1x.png,data/b/x.png", "x.png is taken"),
    ],
)
def test_a_list_with_a_mistake_in_it_moves_nothing(clean: Path, lines: str, said: str) -> None:
    (clean / "moves.csv").write_text(f"from,to\ndata/a/d3x.png,data/b/fine.png\n{lines}\n")
    before = tree(clean)
    result = called("check", clean, "--apply", clean / "moves.csv")
    assert result.returncode == 2
    assert said in result.stderr
    assert "Nothing was moved." in result.stderr
    assert tree(clean) == before


@pytest.mark.parametrize("text", ["x;y\n1;2\n", "from,why\na,b\n"])
def test_what_is_no_list_of_moves_is_refused(clean: Path, text: str) -> None:
    (clean / "moves.csv").write_text(text)
    result = called("check", clean, "--apply", clean / "moves.csv")
    assert result.returncode == 3
    assert "has no columns called from and to" in result.stderr


def test_a_list_that_may_hold_edits_is_not_overwritten(clean: Path) -> None:
    (clean / "moves.csv").write_text("edited")
    result = called("check", clean, "--moves", clean / "moves.csv")
    assert result.returncode == 5
    assert "is there already" in result.stderr
    assert (clean / "moves.csv").read_text() == "edited"
