"""The same picture is known again at another size, compression or cut, and pictures that are only alike are not."""

import random
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from pictures import drawing
from pigeonhole.dataset.close_pairs import close_hashes, close_vectors
from pigeonhole.dataset.near_duplicates import near_duplicates, perceptual_hashes, thumbnail
from pigeonhole.dataset.registration import correlation, registered_correlation
from pigeonhole.images import Preprocessing, to_square
from scenes import scene

SQUARE = Preprocessing(size=128, fraction=0.875)
PICTURES = 24


def cut(picture: Image.Image, share: float) -> Image.Image:
    """Without a border of `share` of the edge at every side."""
    across, down = round(picture.width * share), round(picture.height * share)
    return picture.crop((across, down, picture.width - across, picture.height - down))


COPIES: dict[str, tuple[Callable[[Image.Image], Image.Image], int]] = {
    "half the size": (lambda picture: picture.resize((picture.width // 2, picture.height // 2)), 90),
    "a third of the size": (lambda picture: picture.resize((picture.width // 3, picture.height // 3)), 80),
    "recompressed": (lambda picture: picture, 40),
    "brightened": (lambda picture: ImageEnhance.Brightness(picture).enhance(1.2), 90),
    "a fifth wider": (lambda picture: picture.resize((round(picture.width * 1.2), picture.height)), 90),
    "a border of 5 % cut off": (lambda picture: cut(picture, 0.05), 90),
}


def encoded(picture: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def seen(data: bytes) -> NDArray[np.uint8]:
    return thumbnail(to_square(data, SQUARE))


def originals(shared: Path, name: str) -> Iterator[bytes]:
    """PICTURES training pictures of a set in ../shared/data, chosen by chance, all of them different."""
    if name == "omniglot":
        with zipfile.ZipFile(shared / "data" / "omniglot.zip") as archive:
            names = sorted(each for each in archive.namelist() if each.startswith("train/") and each.endswith(".png"))
            yield from (archive.read(each) for each in random.Random(1).sample(names, PICTURES))
        return
    paths = sorted((shared / "data" / name / "train").glob("*/*"))
    yield from (path.read_bytes() for path in random.Random(1).sample(paths, PICTURES))


@pytest.mark.parametrize("name", ["omniglot", "clothing", "superheroes"])
def test_copies_are_found_and_pictures_that_are_only_alike_are_not(shared: Path, name: str) -> None:
    """Letters, which all look alike, clothes and drawn people; nobody but the thumbnails proposes pairs."""
    data = list(originals(shared, name))
    first = np.stack([seen(each) for each in data])
    assert near_duplicates(first) == []
    for kind, (changed, quality) in COPIES.items():
        copies = []
        for each in data:
            with Image.open(BytesIO(each)) as picture:
                copies.append(seen(encoded(changed(picture.convert("RGB")), quality)))
        pairs = {frozenset(pair) for pair in near_duplicates(np.concatenate([first, copies]))}
        found = sum(frozenset((row, row + PICTURES)) in pairs for row in range(PICTURES))
        assert found >= 0.93 * PICTURES, kind
        assert len(pairs) == found, kind


def test_a_chain_of_small_changes_is_no_group() -> None:
    """Each picture is nearly the one before, and the last has nothing in common with the first."""
    one, other = scene(3).resize((128, 128)), scene(8).resize((128, 128))
    film = np.stack([thumbnail(np.asarray(Image.blend(one, other, step / 15))) for step in range(16)])
    neighbours = registered_correlation(film[:-1].astype(np.float32), film[1:].astype(np.float32))
    assert (neighbours > 0.985).all()
    pairs = near_duplicates(film)
    assert pairs
    leaders, members = (film[list(side)] for side in zip(*pairs, strict=True))
    assert (correlation(leaders, members) > 0.9).all()
    assert len({leader for leader, _ in pairs}) > 1
    assert len({member for _, member in pairs}) == len(pairs)  # a star each, so that no two are joined by a third


def test_pictures_without_structure_are_like_none() -> None:
    shades = np.arange(0, 250, 25, dtype=np.uint8)[:, None, None]
    assert near_duplicates(np.broadcast_to(shades, (10, 32, 32)).copy()) == []


def test_a_drawing_and_its_recompressed_copies_have_nearly_the_same_hash() -> None:
    picture = drawing(402, 299)
    half = picture.resize((201, 150))
    files = (encoded(picture, 95), encoded(picture, 30), encoded(half, 90), encoded(scene(3), 95))
    original, recompressed, smaller, another = perceptual_hashes(np.stack([seen(each) for each in files])).tolist()
    assert (original ^ recompressed).bit_count() <= 4
    assert (original ^ smaller).bit_count() <= 4
    assert (original ^ another).bit_count() > 16


def test_hashes_that_differ_in_a_few_bits_are_all_found() -> None:
    chance = np.random.default_rng(0)
    hashes = chance.integers(0, 2**63, 600).astype(np.uint64)
    for row in range(300):  # each a copy with so many bits turned
        turned = chance.choice(64, row % 9, replace=False).astype(np.uint64)
        hashes[row + 300] = hashes[row] ^ np.bitwise_or.reduce(np.uint64(1) << turned, initial=np.uint64(0))
    differing = np.bitwise_count(hashes[:, None] ^ hashes[None])
    expected = np.argwhere(np.triu(differing <= 6, 1))
    assert len(expected) >= 230
    assert close_hashes(hashes, 6).tolist() == expected.tolist()


def test_a_flood_of_equal_hashes_is_joined_by_few_pairs() -> None:
    hashes = np.repeat(np.array([5, 2**40 - 1], dtype=np.uint64), 3000)
    pairs = close_hashes(hashes, 6)
    assert len(pairs) < 12_000
    assert set(pairs.ravel().tolist()) == set(range(6000))
    assert not ((pairs[:, 0] < 3000) & (pairs[:, 1] >= 3000)).any()


@pytest.mark.parametrize("count", [100, 5000])
def test_the_most_similar_vectors_are_proposed_however_many_there_are(count: int) -> None:
    chance = np.random.default_rng(0)
    vectors = chance.normal(size=(count, 300)) + 5  # which all have much in common
    vectors[: count // 10] = vectors[-count // 10 :] + 0.3 * chance.normal(size=(count // 10, 300))
    pairs = set(map(tuple, close_vectors(vectors, 3).tolist()))
    found = sum((row, count - count // 10 + row) in pairs for row in range(count // 10))
    assert found >= 0.97 * (count // 10)
    assert len(pairs) <= 3 * count


def test_a_cut_picture_fits_only_itself() -> None:
    pictures = [scene(seed).resize((160, 160)) for seed in range(6)]
    whole = np.stack([thumbnail(np.asarray(each)) for each in pictures])
    parts = np.stack([thumbnail(np.asarray(cut(each, 0.06).resize((160, 160)))) for each in pictures])
    assert (registered_correlation(whole, parts) > 0.99).all()
    assert (correlation(whole, parts) < 0.98).all()
    assert (registered_correlation(whole, np.roll(parts, 1, axis=0)) < 0.9).all()
