import os

import pytest

from pigeonhole.text import MAX_NAME_BYTES, printable, quantity, safe_label, shortened


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_long_name_loses_whole_characters_and_keeps_its_ending(character: str) -> None:
    name = shortened(character * 300, "-2.jpeg")
    assert name.endswith("-2.jpeg")
    assert MAX_NAME_BYTES - 4 < len(name.encode()) <= MAX_NAME_BYTES


def test_an_ending_as_long_as_a_name_is_shortened_too() -> None:
    assert len(shortened("elsa", "." + "x" * 254).encode()) <= MAX_NAME_BYTES


@pytest.mark.parametrize(
    ("category", "name"), [("a/b", "a_b"), ("..", "_"), ("", "_"), ("a\0b", "a_b"), ("ä b", "ä b")]
)
def test_a_foreign_models_label_cannot_leave_the_folder(category: str, name: str) -> None:
    assert safe_label(category) == name


def test_one_is_not_said_in_the_plural() -> None:
    assert [quantity(count, "error") for count in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
    assert quantity(1, "picture is", "pictures are") == "1 picture is"
    assert quantity(3, "picture is", "pictures are") == "3 pictures are"


def test_a_name_is_shown_on_one_line() -> None:
    odd = os.fsdecode(b"a\nb\x1b[31m\xff\xe2\x80\xae.jpg")
    assert printable(odd) == "a\\nb\\x1b[31m\\xff\\u202e.jpg"


def test_emoji_and_umlauts_are_shown_as_they_are() -> None:
    assert printable("Ünï 😀.jpg") == "Ünï 😀.jpg"
