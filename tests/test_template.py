"""Name templates: what they may say, and what is refused before anything is touched."""

from datetime import date
from pathlib import PurePath

import pytest

from pigeonhole.errors import UsageError
from pigeonhole.sorting import Template
from pigeonhole.sorting.template import INTO_FOLDERS

DAY = date(2026, 11, 21)


def filled(template: str, original: str = "IMG 1.JPG", number: int = 1, category: str = "elsa") -> str:
    return str(Template(template).name(category, 0.9962149, original, 7, DAY).numbered(number))


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{category}-{score:.5f}{ext}", "elsa-0.99621.JPG"),
        ("{category}-{score}{ext}", "elsa-0.99621.JPG"),
        (INTO_FOLDERS, "elsa/IMG 1.JPG"),
        ("{date}/{index:05d}{ext}", "2026-11-21/00007.JPG"),
        ("{date:%Y/%m}/{stem}-{score:.0%}{ext}", "2026/11/IMG 1-100%.JPG"),
        ("{category}", "elsa"),
        ("{date:2026 %Y}{ext}", "2026 2026.JPG"),
        ("{{{category}}}{ext}", "{elsa}.JPG"),
    ],
)
def test_a_template_is_filled_in(template: str, name: str) -> None:
    assert filled(template) == name


def test_numbers_go_before_the_extension() -> None:
    assert filled("{category}-{score:.5f}{ext}", number=2) == "elsa-0.99621-2.JPG"
    assert filled("{category}-{score:.5f}", number=2) == "elsa-0.99621-2"
    assert filled("{stem}{ext}", "archive.tar.gz", 3) == "archive.tar-3.gz"
    assert filled("{stem}{ext}", "no extension", 3) == "no extension-3"
    assert filled("{stem}{ext}", ".hidden", 3) == ".hidden-3"


def test_no_name_is_longer_than_a_name_may_be_and_numbers_stay_different() -> None:
    for original in ("a" * 251 + ".jpg", "a." + "b" * 253, "é" * 127, "a" * 255):
        names = {filled("{category}/{stem}{ext}", original, number, "c" * 300) for number in (1, 2, 99_999)}
        assert len(names) == 3
        assert all(len(part.encode()) <= 255 for name in names for part in PurePath(name).parts)


@pytest.mark.parametrize("original", ["..jpg", "...", ".", "..", "a/b"])
def test_no_original_name_leads_anywhere_else(original: str) -> None:
    for template in ("{stem}{ext}", "{stem}/{stem}{ext}", "{ext}"):
        assert not set(PurePath(filled(template, original)).parts) & {"..", "."}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{name}", "{name} is no field of a name template. There are: {category} {score} {stem} {ext} {index} {date}."),
        ("{index:0999999d}", "asks for more characters than a name may have"),
        ("{category:>300}{ext}", "asks for more characters than a name may have"),
        ("{score:.999f}", "asks for more characters than a name may have"),
        ("{date:%0999999d}", "asks for more characters than a name may have"),
        ("a" * 1001, "has more than 1000 characters"),
        ("{category.__class__}", "is no field"),
        ("{0}", "is no field"),
        ("{}", "is no field"),
        ("{category!r}", "a form that is not known"),
        ("{score:{index}}", "a form that is not known"),
        ("{category", "cannot be read"),
        ("{score:d}", "cannot be filled in"),
        ("{stem:>99999999999999999999}", "asks for more characters"),
        ("../{category}{ext}", "leaves the output folder or names nothing"),
        ("/root/{category}{ext}", "leaves the output folder or names nothing"),
        ("{category}/../{stem}", "leaves the output folder or names nothing"),
        ("{date:%Y/../..}/{stem}", "leaves the output folder or names nothing"),
        ("{category}//{stem}", "leaves the output folder or names nothing"),
        ("{category}/", "leaves the output folder or names nothing"),
        ("", "leaves the output folder or names nothing"),
        (".", "leaves the output folder or names nothing"),
        ("a\0b", "leaves the output folder or names nothing"),
    ],
)
def test_a_template_that_cannot_be_is_refused_with_a_sentence(template: str, sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        Template(template)
    assert sentence in str(refused.value)
