"""A film, of which the frames at certain times are decoded and as little else as possible."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from pigeonhole.cpus import available_cpus
from pigeonhole.films.scan import BACK, JUMP, Clock, Scan, opened

NEAR = 1e-4  # seconds that are rounding
LATER = 0.2  # of the tolerance: so much later a frame on which others depend is as good as one on which none does
EARLIER = (0.0, 1.0, 10.0, 1e9)  # seconds before a keyframe at which to enter: some formats know only about where it is
START = -10.0  # seconds: before all that is there


@dataclass(frozen=True, slots=True)
class Shot:
    """A decoded frame and its `time` in the film, in seconds from the beginning."""

    time: float
    frame: VideoFrame


class Film:
    """An open film, of which frames are taken forwards.

    `damaged` is the time, in seconds, at which something could not be read for the first time, None where all could.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, scan: Scan) -> None:
        self.stream = stream
        self.damaged: float | None = None
        self._container = container
        self._keys = scan.keys
        self._is_steady = scan.is_steady
        self._clock = Clock.of(stream)
        self._step = 1 / float(stream.average_rate or 25)
        self._shift = 0.0  # what is added to a clock that was set anew
        self._latest = 0.0  # the time of the last frame that was decoded
        self._taken = -1.0  # the time of the last frame that was given out
        self._wanted = 0.0  # nothing before it is asked for, and
        self._all_from = 0.0  # from here on every frame is decoded
        self._shots: Iterator[Shot] | None = self._decoded(self._packets())
        stream.codec_context.thread_type = "AUTO"
        stream.codec_context.thread_count = available_cpus()

    @classmethod
    @contextmanager
    def open(cls, path: Path, scan: Scan) -> Iterator["Film"]:
        """The film at `path`, of which `scan` is known. Raises UnreadableError where there is none."""
        with opened(path) as (container, stream):
            yield cls(container, stream, scan)

    def at(self, time: float, tolerance: float = 0.0) -> Shot | None:
        """The keyframe nearest to `time` if there is one within `tolerance`, else the first frame at `time` or later.

        Times are in seconds. Only frames later than those that were given out before; None where the film has ended.
        Shortly after `time`, frames on which none depends are passed over: they need not be decoded.
        """
        key = self._key_near(time, tolerance)
        if key is not None:
            self._wanted = self._all_from = key
            shot = self._keyframe(key)
            if shot is not None:
                return shot
        self._wanted, self._all_from = time, time + self._leeway(tolerance)
        before = self._keys[: bisect_right(self._keys, time + NEAR)]
        if before and (self._shots is None or before[-1] > self._latest + self._step):
            self._enter(before[-1])
        return self._next()

    def skip_to(self, time: float) -> None:
        """Take nothing before `time` (seconds), nor what was taken at it."""
        self._taken = max(self._taken, time - 2 * NEAR)

    def rest(self, time: float) -> Iterator[Shot]:
        """Every frame from `time` (seconds) on."""
        shot = self.at(time, -1.0)
        self._wanted = self._all_from = 0.0
        while shot is not None:
            yield shot
            shot = self._next()

    def _leeway(self, tolerance: float) -> float:
        """How long after a wanted time not every frame is decoded; where many are wanted, every one is."""
        leeway = LATER * tolerance
        return leeway if leeway > 3 * self._step else -self._step / 2

    def _key_near(self, time: float, tolerance: float) -> float | None:
        place = bisect_left(self._keys, time)
        near = [key for key in self._keys[max(0, place - 1) : place + 1] if abs(key - time) <= tolerance + NEAR]
        return min((key for key in near if key > self._taken + NEAR), key=lambda key: abs(key - time), default=None)

    def _keyframe(self, key: float) -> Shot | None:
        """That frame alone, None where it needs others to be decoded."""
        packets = self._packets_from(key)
        self._shots = None  # the decoder is at another place
        if packets is None:
            return None
        for shot in self._decoded(packets, alone=True):
            if abs(shot.time - key) < self._step / 2:
                self._taken = shot.time
                return shot
        return None

    def _enter(self, key: float) -> None:
        """Go on from the keyframe at `key`, or from the beginning where it cannot be found any more."""
        packets = self._packets_from(key)
        if packets is None:
            self._keys = ()
            packets = self._packets()
        self._shots = self._decoded(packets)

    def _packets_from(self, key: float) -> Iterator["Packet[VideoStream]"] | None:
        for seconds in EARLIER:
            packets = self._packets()
            with suppress(av.error.FFmpegError, OSError):
                self._container.seek(self._clock.ticks(max(START, key - seconds)), stream=self.stream)
                for packet in packets:
                    time = self._time_of(packet)
                    if time is not None and time >= key - NEAR:
                        if time <= key + NEAR:
                            return chain([packet], packets)
                        break
        return None

    def _next(self) -> Shot | None:
        for shot in self._shots or ():
            if shot.time > self._taken + NEAR and shot.time >= self._wanted - NEAR:
                self._taken = shot.time
                return shot
        return None

    def _decoded(self, packets: Iterator["Packet[VideoStream]"], *, alone: bool = False) -> Iterator[Shot]:
        """Every frame of `packets`, but for those on which none depends and which need not be.

        `alone`: only what the first packet gives.
        """
        context = self.stream.codec_context
        for packet in packets:
            time = self._time_of(packet)
            skip = time is not None and time < self._all_from
            context.skip_frame = "NONREF" if skip else "DEFAULT"
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self._note_damage()
                continue
            yield from self._sound(frames)
            if alone:
                break
        with suppress(av.error.FFmpegError):
            yield from self._sound(context.decode(None))  # those that waited for others

    def _sound(self, frames: list[VideoFrame]) -> Iterator[Shot]:
        for frame in frames:
            self._latest = self._shown_at(frame)
            if frame.is_corrupt:
                self._note_damage()
            else:
                yield Shot(self._latest, frame)

    def _packets(self) -> Iterator["Packet[VideoStream]"]:
        try:
            yield from (packet for packet in self._container.demux(self.stream) if packet.size)
        except (av.error.FFmpegError, OSError):
            self._note_damage()

    def _time_of(self, packet: "Packet[VideoStream]") -> float | None:
        stamp = packet.dts if packet.pts is None else packet.pts
        return None if stamp is None else self._clock.seconds(stamp) + self._shift

    def _shown_at(self, frame: VideoFrame) -> float:
        if frame.pts is None:
            return self._latest + self._step
        time = self._clock.seconds(frame.pts) + self._shift
        if not self._is_steady and not self._latest - BACK <= time <= self._latest + JUMP:
            self._shift += self._latest + self._step - time
            return self._latest + self._step
        return time

    def _note_damage(self) -> None:
        self.damaged = self._latest if self.damaged is None else self.damaged
