import os
from itertools import islice

import pytest

from pigeonhole.naming import MAX_NAME_BYTES, candidates, shown, sorted_stem


def test_a_name_is_category_score_and_the_true_extension() -> None:
    assert next(candidates(sorted_stem("elsa", 0.996214), ".JPG")) == "elsa-0.99621.JPG"


def test_equal_names_are_numbered_before_the_extension() -> None:
    assert list(islice(candidates("elsa-1.00000", ".jpg"), 3)) == [
        "elsa-1.00000.jpg",
        "elsa-1.00000-2.jpg",
        "elsa-1.00000-3.jpg",
    ]


def test_a_score_is_not_taken_for_an_extension() -> None:
    assert list(islice(candidates(sorted_stem("elsa", 0.5), ""), 2)) == ["elsa-0.50000", "elsa-0.50000-2"]


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_long_name_loses_whole_characters_and_keeps_its_extension(character: str) -> None:
    names = list(islice(candidates(character * 300, ".jpeg"), 2))
    assert names[0].endswith(".jpeg")
    assert names[1].endswith("-2.jpeg")
    for name in names:
        assert MAX_NAME_BYTES - 4 < len(name.encode()) <= MAX_NAME_BYTES


def test_an_extension_as_long_as_a_name_is_shortened_too() -> None:
    assert len(os.fsencode(next(candidates("elsa", "." + "x" * 254)))) <= MAX_NAME_BYTES


@pytest.mark.parametrize(
    ("category", "stem"), [("a/b", "a_b-1.00000"), ("..", "_-1.00000"), ("", "_-1.00000"), ("a\0b", "a_b-1.00000")]
)
def test_a_foreign_models_label_cannot_leave_the_folder(category: str, stem: str) -> None:
    assert sorted_stem(category, 1.0) == stem


def test_a_name_is_shown_on_one_line() -> None:
    odd = os.fsdecode(b"a\nb\x1b[31m\xff\xe2\x80\xae.jpg")
    assert shown(odd) == "a\\nb\\x1b[31m\\xff\\u202e.jpg"


def test_emoji_and_umlauts_are_shown_as_they_are() -> None:
    assert shown("Ünï 😀.jpg") == "Ünï 😀.jpg"
