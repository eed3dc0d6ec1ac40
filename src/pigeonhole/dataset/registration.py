"""Whether one small picture is another one, moved or stretched a little: the two are laid over each other first."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BATCH = 2048  # pairs at once: some 100 MB
COARSE, FINE = 8, 3  # steps at half and at full size
MOST_CHANGE = np.array([0.27, 0.27, 0.17, 0.17], dtype=np.float32)  # of half the edge: height, width, place
LEAST_OVERLAP = 0.6  # of the picture
STEP = 0.08
RIDGE = 1e-3  # of the mean curvature, against directions in which the picture says nothing


class _Grid(NamedTuple):
    """Coordinates from -1 to 1 of every pixel, row by row, [S · S] each, and how many pixels one unit is."""

    down: NDArray[np.float32]
    across: NDArray[np.float32]
    unit: np.float32


def correlation(one: NDArray[np.number], other: NDArray[np.number]) -> NDArray[np.float32]:
    """Pearson's correlation of the grey levels of each pair of [P, S, S]: [P]. 0 where a picture has no structure."""
    left, right = (each.reshape(len(each), -1).astype(np.float32) for each in (one, other))
    everywhere = np.ones(left.shape, dtype=np.float32)
    return _correlation(left, right, everywhere)


def registered_correlation(one: NDArray[np.number], other: NDArray[np.number]) -> NDArray[np.float32]:
    """The same after `other` was stretched along both axes and moved so that it fits `one` best.

    -1 where it would have to change by more than MOST_CHANGE. Gauss-Newton steps on the squared difference, from coarse
    to fine, with brightness and contrast free: Lucas and Kanade 1981, "An iterative image registration technique".
    """
    parts = [
        _registered(one[start : start + BATCH].astype(np.float32), other[start : start + BATCH].astype(np.float32))
        for start in range(0, len(one), BATCH)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)


def _registered(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    fine = (_blurred(one), _blurred(other))
    coarse = (_halved(_blurred(fine[0])), _halved(_blurred(fine[1])))
    warp = np.zeros((len(one), 4), dtype=np.float32)  # change of height and width, then of place, down and across
    for (fixed, moving), steps in ((coarse, COARSE), (fine, FINE)):
        warp = _aligned(fixed, moving, warp, steps)
    fixed, moving = fine
    size = fixed.shape[1]
    values, inside = _sampled(moving, *_positions(warp, _grid(size)))
    found = _correlation(fixed.reshape(len(fixed), -1), values, inside)
    too_far = (np.abs(warp) > MOST_CHANGE).any(axis=1) | (inside.mean(axis=1) < LEAST_OVERLAP)
    return np.where(too_far, np.float32(-1), found)


def _aligned(
    fixed: NDArray[np.float32], moving: NDArray[np.float32], warp: NDArray[np.float32], steps: int
) -> NDArray[np.float32]:
    """`warp` [P, 4], improved by so many steps."""
    grid = _grid(fixed.shape[1])
    slopes = [np.gradient(moving, axis=axis) * grid.unit for axis in (1, 2)]
    flat = fixed.reshape(len(fixed), -1)
    for _ in range(steps):
        place = _positions(warp, grid)
        values, inside = _sampled(moving, *place)
        down, across = (_sampled(slope, *place)[0] for slope in slopes)
        columns = (down * grid.down, across * grid.across, down, across, values, np.ones_like(values))
        jacobian = np.stack(columns, axis=2) * inside[:, :, None]
        residual = (flat - values) * inside
        transposed = jacobian.transpose(0, 2, 1)
        curvature = transposed @ jacobian
        ridge = RIDGE * np.trace(curvature, axis1=1, axis2=2) / curvature.shape[1]
        curvature += (ridge + 1e-6)[:, None, None] * np.eye(curvature.shape[1], dtype=np.float32)
        change = np.linalg.solve(curvature, transposed @ residual[:, :, None])[:, :, 0]
        contrast = np.maximum(1 + change[:, 4:5], 0.3)
        warp = np.clip(warp + np.clip(change[:, :4] / contrast, -STEP, STEP), -2 * MOST_CHANGE, 2 * MOST_CHANGE)
    return warp


def _grid(size: int) -> _Grid:
    unit = np.float32((size - 1) / 2)
    line = ((np.arange(size) - unit) / unit).astype(np.float32)
    down, across = np.meshgrid(line, line, indexing="ij")
    return _Grid(down.ravel(), across.ravel(), unit)


def _positions(warp: NDArray[np.float32], grid: _Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel comes from, in pixels: down and across, [P, S · S] each."""
    down = (1 + warp[:, :1]) * grid.down + warp[:, 2:3]
    across = (1 + warp[:, 1:2]) * grid.across + warp[:, 3:4]
    return (down + 1) * grid.unit, (across + 1) * grid.unit


def _sampled(
    pictures: NDArray[np.float32], down: NDArray[np.float32], across: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Bilinear values of [P, S, S] at positions [P, K], and 1 where those lie within, else 0."""
    count, size, _ = pictures.shape
    inside = ((down >= 0) & (down <= size - 1) & (across >= 0) & (across <= size - 1)).astype(np.float32)
    down, across = np.clip(down, 0, size - 1.001), np.clip(across, 0, size - 1.001)
    top, left = down.astype(np.int64), across.astype(np.int64)
    below, right = (down - top).astype(np.float32), (across - left).astype(np.float32)
    flat, corner = pictures.reshape(count, -1), top * size + left

    def at(offset: int) -> NDArray[np.float32]:
        return np.take_along_axis(flat, corner + offset, axis=1)

    upper = at(0) * (1 - right) + at(1) * right
    lower = at(size) * (1 - right) + at(size + 1) * right
    return (upper * (1 - below) + lower * below).astype(np.float32, copy=False), inside


def _correlation(
    left: NDArray[np.float32], right: NDArray[np.float32], weight: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Of [P, K], each value with its weight."""
    total = np.maximum(weight.sum(axis=1, keepdims=True), 1)
    left = (left - (left * weight).sum(axis=1, keepdims=True) / total) * weight
    right = (right - (right * weight).sum(axis=1, keepdims=True) / total) * weight
    lengths = np.sqrt((left**2).sum(axis=1) * (right**2).sum(axis=1))
    found: NDArray[np.float32] = ((left * right).sum(axis=1) / np.maximum(lengths, 1e-3)).astype(np.float32)
    return found


def _blurred(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    """[P, S, S] with each pixel spread over its neighbours, 1 2 1 along both axes."""
    padded = np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    blurred: NDArray[np.float32] = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / np.float32(16)
    return blurred


def _halved(pictures: NDArray[np.float32]) -> NDArray[np.float32]:
    count, size, _ = pictures.shape
    halved: NDArray[np.float32] = pictures.reshape(count, size // 2, 2, size // 2, 2).mean(axis=(2, 4))
    return halved
