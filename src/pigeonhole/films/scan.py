"""Where a film can be entered, found without decoding anything."""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from pigeonhole.errors import UnreadableError

BACK = 1.0  # seconds that time may run backwards, since frames are stored out of order; beyond it is another clock
JUMP = 3600.0  # seconds without a frame that no film has: its clock was set anew
LITTLE = 2.0, 0.01  # seconds, and of all, that may lack at the end: sound is often longer than the pictures
NO_FILMS = ("image2", "_pipe", "tty")  # pictures, and text, which FFmpeg draws
_PROTOCOLS = {"protocol_whitelist": "file"}  # a playlist must not reach out


@dataclass(frozen=True, slots=True)
class Scan:
    """`keys` are the times of the keyframes, `end` is where the pictures end, infinite where that is not known.

    `is_steady`: one clock runs through all of the film. Where it does not, `keys` is empty: only who decodes everything
    knows when a frame is shown. `missing` is how much is lacking to the length that the film states. All in seconds.
    """

    keys: tuple[float, ...] = ()
    end: float = math.inf
    is_steady: bool = False
    missing: float = 0.0


@contextmanager
def opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """The film at `path` and its main stream of pictures. Raises UnreadableError with the reason where not."""
    try:
        # With its protocol, or a name such as `concat:a` would be an address.
        with av.open(f"file:{os.fspath(path)}", options=_PROTOCOLS) as container:
            if any(word in container.format.name for word in NO_FILMS):
                raise UnreadableError("it is a picture or a text, and not a film")
            yield container, _moving_pictures(container)
    except av.error.FFmpegError as error:
        if isinstance(error, av.error.InvalidDataError):
            raise UnreadableError("it is damaged, or not a film") from None
        raise UnreadableError(f"it cannot be opened: {error.strerror or error}") from None


def scan(path: Path, begin: float, end: float, tell: Callable[[float], None]) -> Scan:
    """Look for keyframes from `begin` to `end` (seconds); `tell` is told how far it is.

    Raises UnreadableError where there is no film.
    """
    keys: list[float] = []
    latest = -1.0
    with opened(path) as (container, stream):
        clock = Clock.of(stream)
        try:
            if begin > 0:
                container.seek(clock.ticks(begin), stream=stream)
            for packet in container.demux(stream):
                stamp = packet.dts if packet.pts is None else packet.pts
                if stamp is None and packet.size:
                    return Scan()
                if stamp is None:  # the last packet, which is empty
                    break
                time = clock.seconds(stamp)
                if latest >= 0 and not latest - BACK <= time <= latest + JUMP:
                    return Scan()
                latest = max(time, latest)
                if packet.is_keyframe:
                    keys.append(time)
                    tell(time)
                if time > end + BACK:
                    return Scan(tuple(sorted(keys)), is_steady=True)
        except (av.error.FFmpegError, OSError):  # who decodes it will meet it too, and say so
            return Scan(tuple(sorted(keys)), is_steady=True)
        after = latest + 1 / float(stream.average_rate or 25)
        stated = stated_seconds(container, stream) or 0.0
        missing = stated - after if stated - after > max(LITTLE[0], LITTLE[1] * stated) else 0.0
        return Scan(tuple(sorted(keys)), after, is_steady=True, missing=missing)


@dataclass(frozen=True, slots=True)
class Clock:
    """The ticks of a stream and seconds; films need not begin at 0. In floats: a long film is asked very often."""

    tick: float
    start: int

    @classmethod
    def of(cls, stream: VideoStream) -> "Clock":
        return cls(float(stream.time_base or 1), stream.start_time or 0)

    def seconds(self, ticks: int) -> float:
        """The time in the film of what is stamped with `ticks`."""
        return (ticks - self.start) * self.tick

    def ticks(self, seconds: float) -> int:
        return round(seconds / self.tick) + self.start


def stated_seconds(container: InputContainer, stream: VideoStream) -> float | None:
    """How long a film says that it is, None where it does not."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else None


def _moving_pictures(container: InputContainer) -> VideoStream:
    for stream in container.streams:
        if isinstance(stream, VideoStream) and not stream.disposition & av.stream.Disposition.attached_pic:
            break
    else:
        raise UnreadableError("it holds no moving pictures")
    if stream.codec_context is None:
        raise UnreadableError("nothing here can decode its pictures")
    for other in container.streams:
        if other is not stream:
            other.discard = av.stream.Discard.all
    return stream
