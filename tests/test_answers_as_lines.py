"""`answers --json`: a line for each file, and the counts, for programs."""

import json
from pathlib import Path
from typing import Any

from commands import called
from oracle import outcomes_of
from tables import rows_in
from trees import BLUE, GREEN, RED, write_pictures

COUNTED = ("answered", "unknown", "unreadable", "already", "skipped", "failed")


def lines_of(output: str) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    """The files' lines by path, and the counts, which add up and are those of the lines."""
    *lines, summary = [json.loads(line) for line in output.splitlines()]
    by_path = {line["path"]: line for line in lines}
    assert len(by_path) == len(lines) == summary["seen"]
    assert summary["outcome"] == "summary"
    for kind in COUNTED:
        assert summary[kind] == sum(line["outcome"] == kind for line in lines)
    assert sum(summary[kind] for kind in COUNTED) == summary["seen"]
    return by_path, summary


def test_every_file_has_a_line_that_says_what_guess_dir_says(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED, "sub/ü b.png": GREEN, "new\nline.png": BLUE})
    (pictures / "broken.jpg").write_text("this is no picture")
    (pictures / "notes.txt").write_text("notes")
    (pictures / "link.png").symlink_to("a.png")
    result = called("answers", tf_files, pictures, tmp_path / "table", "--json")
    assert result.returncode == 1
    lines, summary = lines_of(result.stdout)
    assert (summary["answered"], summary["unreadable"], summary["skipped"], summary["seen"]) == (3, 1, 2, 6)
    sorted_, _ = outcomes_of(called("guess-dir", tf_files, pictures, tmp_path / "out", "--json").stdout)
    for said in sorted_:
        ours = lines.pop(said["path"])
        said.pop("target", None)
        said["outcome"] = said["outcome"].replace("sorted", "answered")
        assert ours == said
    assert not lines
    assert "seen =" not in result.stderr, "the counts are said once, where the program reads them"


def test_what_has_a_row_already_is_told_and_what_is_new_is_answered(tf_files: Path, tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "in", {"a.png": RED, "b.png": GREEN})
    called("answers", tf_files, pictures, tmp_path / "table")
    write_pictures(pictures, {"new.png": BLUE})
    lines, _ = lines_of(called("answers", tf_files, pictures, tmp_path / "table", "--json").stdout)
    assert {Path(path).name: line["outcome"] for path, line in lines.items()} == {
        "a.png": "already",
        "b.png": "already",
        "new.png": "answered",
    }
    row = rows_in(tmp_path / "table")["new.png"]
    assert lines[str(pictures / "new.png")]["ranking"] == row["ranking"]
