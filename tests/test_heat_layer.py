"""Heat that lies over the whole picture, wherever in it the model looked."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pictures import saved
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.images.heatmap import LAYER, heat_layer, hot_places, hottest_place

CROPS = [
    Preprocessing(48, 0.875),
    Preprocessing(48, 1.0),
    Preprocessing(48, 1.0, crop="squeeze"),
    Preprocessing(48, 1.0, crop="letterbox"),
]
PARTS = [None, (60, 20, 180, 140), (10, 10, 110, 70)]


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("preprocessing", CROPS, ids=lambda each: f"{each.crop}-{each.fraction}")
@pytest.mark.parametrize("lying", [True, False])
def test_heat_lies_where_in_the_picture_it_was_seen(
    preprocessing: Preprocessing, part: tuple[int, int, int, int] | None, lying: bool
) -> None:
    """What is red is hot: so a layer over the picture covers exactly the red of it that the model sees."""
    size = (240, 160) if lying else (160, 240)
    if part and not lying:
        part = part[1], part[0], part[3], part[2]
    drawn = np.full((size[1], size[0], 3), 255, np.uint8)
    red = slice(40, 100), slice(70, 110)
    drawn[red if lying else red[::-1]] = (255, 0, 0)
    seen = to_square(saved(Image.fromarray(drawn), "PNG"), preprocessing, part=part)
    heat = (seen[..., 0].astype(float) - seen[..., 1]).clip(0) / 255
    heat[seen[..., 0] < 200] = 0  # the bars of a letterbox

    hot = hot_places(heat, size, preprocessing, part)
    assert max(hot.shape) == LAYER
    picture = np.asarray(Image.fromarray(drawn).resize(hot.shape[::-1]))
    is_red = (picture[..., 0] > 128) & (picture[..., 1] < 128)
    known = ~np.isnan(hot)
    assert known.any()
    if part is None and preprocessing.crop != "centre":
        assert known.all()
    differing = (hot[known] > 0.5) != is_red[known]
    assert differing.mean() < 0.05
    assert is_red[known].any()


def test_a_layer_is_clear_where_the_model_did_not_look() -> None:
    hot = hot_places(np.eye(6), (300, 200), Preprocessing(60, 1.0))
    with Image.open(BytesIO(heat_layer(hot))) as layer:
        assert layer.mode == "RGBA"
        opacity = np.asarray(layer)[..., 3]
    assert opacity.shape == hot.shape
    assert (opacity[np.isnan(hot)] == 0).all()
    assert (opacity[~np.isnan(hot)] > 0).all()
    assert opacity.max() == 255


@pytest.mark.parametrize(
    ("row", "column", "place"), [(0, 0, "the upper left"), (2, 4, "the right"), (4, 2, "the lower middle")]
)
def test_where_most_of_the_heat_is_has_a_name(row: int, column: int, place: str) -> None:
    heat = np.zeros((5, 5))
    heat[row, column] = 1
    assert hottest_place(hot_places(heat, (50, 40), Preprocessing(20, 1.0, crop="squeeze"))) == place


def test_no_heat_at_all_is_no_error() -> None:
    hot = hot_places(np.full((5, 5), -1.0), (1, 4000), Preprocessing(20, 1.0))
    assert heat_layer(hot).startswith(b"\x89PNG")
    assert hottest_place(hot)
