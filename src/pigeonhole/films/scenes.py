"""Where a film cuts from one scene to the next."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode
from scenedetect.common import Timecode

from pigeonhole.films.film import Film, Shot

WIDTH = 256  # pixels: details do not matter, and every frame is looked at
SHORTEST = 0.6  # seconds of a scene
_TICKS = 1_000_000


def scene_bounds(film: Film, begin: float, end: float, tell: Callable[[float], None]) -> list[float]:
    """Where scenes begin between `begin` and `end`, and where the last one ends, in seconds.

    `tell` is told how far it is. Content that changes suddenly is a cut, measured against the
    frames around it, so that a quick camera is none.
    """
    detector = AdaptiveDetector(min_scene_len=SHORTEST)
    rate = film.stream.average_rate or Fraction(25)
    first = last = None
    found: list[FrameTimecode] = []
    film.skip_to(begin)
    for shot in film.rest(begin):
        if shot.time > end:
            break
        last = FrameTimecode(Timecode(round(shot.time * _TICKS), Fraction(1, _TICKS)), rate)
        first = first or last
        found += detector.process_frame(last, _small(shot))
        tell(shot.time)
    if first is None or last is None:
        return []
    found += detector.post_process(last)
    return [first.seconds, *(cut.seconds for cut in found), last.seconds + 1 / float(rate)]


def _small(shot: Shot) -> NDArray[np.uint8]:
    """uint8 [H, WIDTH, 3] BGR"""
    height = max(16, round(WIDTH * shot.frame.height / shot.frame.width))
    small = shot.frame.reformat(WIDTH, height, "bgr24", interpolation=Interpolation.FAST_BILINEAR)
    return np.ascontiguousarray(small.to_ndarray())
