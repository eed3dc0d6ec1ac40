"""The same table of and in an object store: S3, as a server on loopback."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commands import called, pigeonhole
from stores import BUCKET, s3_server
from tables import rows_in, rows_in_store
from trees import BLUE, GREEN, RED, tree, write_pictures

COLOURS = {"a.png": RED, "sub/deeper/ü b.png": GREEN, "c": BLUE, "100% of #1 a+b.png": RED}
IN, OUT = f"s3://{BUCKET}/in", f"s3://{BUCKET}/table"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as client:
        yield client


@pytest.fixture
def bucket(server: Any) -> Iterator[Any]:
    yield server
    for each in server.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        server.delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The twins of what `upload` puts into the bucket."""
    folder = write_pictures(tmp_path / "in", {name: COLOURS[name] for name in COLOURS if name != "c"})
    (write_pictures(tmp_path, {"c.png": BLUE}) / "c.png").rename(folder / "c")
    return folder


def upload(client: Any, folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            client.put_object(Bucket=BUCKET, Key=f"in/{path.relative_to(folder)}", Body=path.read_bytes())


def test_objects_have_the_rows_that_the_same_files_have(
    tf_files: Path, bucket: Any, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "broken.jpg").write_text("this is no picture")
    (pictures / "notes.txt").write_text("notes")
    upload(bucket, pictures)
    of_files = called("answers", tf_files, pictures, tmp_path / "table")
    of_objects = pigeonhole("answers", tf_files, IN, OUT)
    assert of_objects.returncode == of_files.returncode == 1
    counts = "6 seen = 4 answered + 0 unknown + 1 unreadable + 0 answered before + 1 skipped + 0 failed"
    assert counts in of_files.stderr
    assert counts in of_objects.stderr
    assert f"unreadable: {IN}/broken.jpg: it is not a picture" in of_objects.stderr
    assert rows_in_store(bucket, "table") == rows_in(tmp_path / "table")


def test_only_what_is_new_or_changed_is_answered_again(tf_files: Path, bucket: Any, pictures: Path) -> None:
    upload(bucket, pictures)
    assert called("answers", tf_files, IN, OUT).returncode == 0
    write_pictures(pictures, {"new.png": BLUE, "a.png": GREEN})
    upload(bucket, pictures)  # all of them anew: the unchanged have another time
    result = called("answers", tf_files, IN, OUT)
    assert "5 seen = 2 answered + 0 unknown + 0 unreadable + 3 answered before" in result.stderr
    rows = rows_in_store(bucket, "table")
    assert rows.keys() == {*COLOURS, "new.png"}
    assert rows["a.png"]["category"] == "green_things"


def test_addresses_are_written_as_the_objects_are_called(tf_files: Path, bucket: Any, pictures: Path) -> None:
    """Blanks, signs that mean something in an address, and letters of all languages; or escaped, as programs do it."""
    for name in ("my pictures", "100% #1", "fotos für ü", "a+b"):
        bucket.put_object(Bucket=BUCKET, Key=f"{name}/in/a.png", Body=(pictures / "a.png").read_bytes())
        result = called("answers", tf_files, f"s3://{BUCKET}/{name}/in", f"s3://{BUCKET}/{name}/table")
        assert result.returncode == 0, result.stderr
        assert rows_in_store(bucket, f"{name}/table").keys() == {"a.png"}
    again = called("answers", tf_files, f"s3://{BUCKET}/my%20pictures/in", f"s3://{BUCKET}/another%20table")
    assert "1 seen = 1 answered" in again.stderr


def test_twins_of_two_runs_at_a_time_become_one_row(tf_files: Path, bucket: Any, pictures: Path) -> None:
    upload(bucket, pictures)
    called("answers", tf_files, IN, OUT)
    (part,) = [each["Key"] for each in bucket.list_objects_v2(Bucket=BUCKET, Prefix="table/answers")["Contents"]]
    data = bucket.get_object(Bucket=BUCKET, Key=part)["Body"].read()
    bucket.put_object(Bucket=BUCKET, Key="table/answers-99999999T999999-0000-000000.parquet", Body=data)
    assert "4 answered before" in called("answers", tf_files, IN, OUT).stderr
    assert rows_in_store(bucket, "table").keys() == COLOURS.keys()


def test_a_folder_is_sorted_by_a_table_in_a_store(tf_files: Path, bucket: Any, pictures: Path, tmp_path: Path) -> None:
    upload(bucket, pictures)
    called("answers", tf_files, IN, OUT)
    result = called("guess-dir", pictures, tmp_path / "out", "--from-answers", OUT)
    assert result.returncode == 0, result.stderr
    assert sorted(tree(tmp_path / "out").values()) == sorted(tree(pictures).values())


def test_what_the_store_refuses_is_a_sentence(tf_files: Path, bucket: Any, tmp_path: Path) -> None:
    write_pictures(tmp_path / "in", {"a.png": RED})
    for arguments, code, sentence in (
        (["s3://not-there/in", tmp_path / "out"], 2, "s3://not-there/in cannot be listed: "),
        ([tmp_path / "in", "s3://not-there/table"], 2, "There is no bucket not-there."),
        ([f"s3://{BUCKET}/nothing", tmp_path / "out"], 2, f"s3://{BUCKET}/nothing cannot be listed: "),
        ([IN, f"{IN}/table"], 2, "or one lies in the other."),
    ):
        result = called("answers", tf_files, *arguments)
        assert (result.returncode, sentence in result.stderr) == (code, True), result.stderr
        assert "Request ID" not in result.stderr
    assert not (tmp_path / "out").exists()
