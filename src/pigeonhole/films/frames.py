"""Pictures out of films, at even distances or one of each scene."""

import json
import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import UnreadableError, UsageError
from pigeonhole.films.files import clock, fingerprint, frame_name, prefix_of
from pigeonhole.films.film import Film, Shot
from pigeonhole.films.picture import picture_of
from pigeonhole.films.places import Even, Middles, Place, Places
from pigeonhole.films.sameness import Recent, emptiness, from_text, signature, thumbnail, to_text
from pigeonhole.films.scan import Scan, opened, scan, stated_seconds
from pigeonhole.output import Output
from pigeonhole.prepare.folder import PreparedFolder, Product
from pigeonhole.records import Unreadable
from pigeonhole.text import printable, quantity

QUALITY = 92  # of a JPEG: hardly anybody sees a difference above
GROUP = 16  # frames that share their waits for the disk
AHEAD = 4  # frames that are drawn while the next ones are decoded
SAME = "nearly equal to another"


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """`every` so many seconds, None: one frame in the middle of each scene; from `begin` to `end` (seconds).

    `size`: the longer edge in pixels at most. `keep_all`: black, blank and nearly equal frames, too.
    """

    every: float | None = 2.0
    begin: float = 0.0
    end: float = math.inf
    size: int = 700
    keep_all: bool = False


@dataclass(slots=True)
class Taken:
    """How many frames are `new`, how many were there `before`, and how many were `left_out`, by the reason."""

    new: int = 0
    before: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: "Taken") -> "Taken":
        self.new += other.new
        self.before += other.before
        self.left_out += other.left_out
        return self

    def __str__(self) -> str:
        parts = [quantity(self.new + self.before, "frame")]
        if self.before:
            parts.append(f"{self.before} of them from an earlier run")
        parts += [f"{count} left out as {why}" for why, count in sorted(self.left_out.items())]
        return ", ".join(parts)


def take_frames(
    films: Sequence[Path], folder: PreparedFolder, options: FrameOptions, output: Output
) -> tuple[Taken, int]:
    """Write frames of every film into `folder`; returns what was taken, and how many films could not be read wholly.

    A film that cannot be read is told to `output`, and the others go on. Raises OutputError where nothing more can be
    written, UsageError where `folder` has frames of one of the films in another size.
    """
    taken, problems = Taken(), 0
    for path in films:
        try:
            taking = _Taking(path, folder, options, output)
            problems += not taking.run()
            taken += taking.taken
        except UnreadableError as error:
            output.outcome(Unreadable(path, str(error)))
            problems += 1
    return taken, problems


class _Taking:
    """One film, taken with certain options. What is done stands in the ledger, place by place."""

    def __init__(self, path: Path, folder: PreparedFolder, options: FrameOptions, output: Output) -> None:
        self.taken = Taken()
        self._path, self._folder, self._options, self._output = path, folder, options, output
        mark = fingerprint(path)
        self._check_size(mark)
        self._prefix = prefix_of(path, mark, folder.ledger)
        self._job = folder.ledger.job(f"frames {mark} {json.dumps(asdict(options))}", "{}")
        self._state: dict[str, Any] = json.loads(self._job.detail)
        self._recent = Recent()
        self._after = -1.0  # the time of the last frame that was looked at, in seconds
        self._number = 0  # of the next place
        for detail in folder.ledger.details(self._job):
            self._remember(**json.loads(detail))

    def run(self) -> bool:
        """Take what is missing; whether all of the film could be read."""
        if "damaged" not in self._state:
            found = self._scan()
            every, begin, end = self._options.every, self._options.begin, min(self._options.end, found.end)
            places = Middles(self._scene_bounds(found, end)) if every is None else Even(every, begin, end)
            with Film.open(self._path, found) as film:
                self._take(film, places)
                damaged = film.damaged
            if damaged is None and found.missing:
                damaged = found.end
            self._describe(damaged=damaged)
        damaged = self._state["damaged"]
        beyond = "" if self._number else f"; the film has no picture at {clock(self._options.begin)} or later"
        self._output.note(f"{printable(self._path)}: {self.taken}{beyond}.")
        if damaged is not None:
            self._output.warn(
                f"{printable(self._path)} is damaged or ends too early at {clock(damaged)}; what can be read is taken."
            )
        return damaged is None

    def _scene_bounds(self, scan: Scan, end: float) -> list[float]:
        """Where scenes begin, and where the last one ends; found once and then remembered."""
        if "bounds" not in self._state:
            from pigeonhole.films.scenes import scene_bounds

            with (
                Film.open(self._path, scan) as film,
                self._output.stage(f"Scenes of {printable(self._path.name)}, seconds", whole(end)) as advance,
            ):
                bounds = scene_bounds(film, self._options.begin, end, every_second(advance))
            self._describe(bounds=bounds)
        known: list[float] = self._state["bounds"]
        return known

    def _scan(self) -> Scan:
        begin, end = self._options.begin, self._options.end
        with opened(self._path) as (container, stream):
            total = whole(min(end, stated_seconds(container, stream) or math.inf))
        with self._output.stage(f"Looking through {printable(self._path.name)}, seconds", total) as advance:
            return scan(self._path, begin, end, every_second(advance))

    def _take(self, film: Film, places: Places) -> None:
        """Every frame that is wanted and not done. Decoding goes on here while others are drawn in threads."""
        pending: deque[tuple[Place, Shot, Future[_Drawn]]] = deque()
        group: list[Product] = []
        film.skip_to(max(self._after, self._options.begin))
        with (
            ThreadPoolExecutor(available_cpus(), thread_name_prefix="draw") as threads,
            self._output.stage(f"Frames of {printable(self._path.name)}", places.total()) as advance,
        ):
            for _ in range(self._number):
                advance()
            after, number = self._after, self._number
            while (place := places.next(number, after)) is not None:
                shot = film.at(place.time, place.tolerance)
                if shot is None or shot.time > self._options.end:
                    break
                after, number = shot.time, place.number + 1
                aspect = film.stream.sample_aspect_ratio
                pending.append((place, shot, threads.submit(_drawn, shot.frame, aspect, self._options.size)))
                if len(pending) > AHEAD:
                    group.append(self._product(*pending.popleft()))
                if len(group) == GROUP:
                    self._folder.put(self._job, group)
                    group = []
                advance()
            group += [self._product(*each) for each in pending]
            self._folder.put(self._job, group)

    def _product(self, place: Place, shot: Shot, future: "Future[_Drawn]") -> Product:
        drawn = future.result()
        why = "" if self._options.keep_all else drawn.empty
        if not why and not self._options.keep_all and self._recent.has(drawn.signature):
            why = SAME
        known: dict[str, Any] = {"place": place.number, "time": shot.time, "why": why}
        known["signature"] = to_text(drawn.signature)
        self._remember(**known, is_new=True)
        files = () if why else ((frame_name(self._prefix, shot.time), drawn.jpeg),)
        return Product(place.number.to_bytes(8), files, json.dumps(known))

    def _remember(self, place: int, time: float, why: str, signature: str, *, is_new: bool = False) -> None:
        """What was decided, now or in an earlier run."""
        self._after, self._number = time, place + 1
        if why:
            self.taken.left_out[why] += 1
        else:
            self.taken.new += is_new
            self.taken.before += not is_new
            self._recent.add(from_text(signature))

    def _describe(self, **news: Any) -> None:
        self._state |= news
        self._job = self._folder.ledger.describe(self._job, json.dumps(self._state))

    def _check_size(self, mark: str) -> None:
        for key, _ in self._folder.ledger.jobs(f"frames {mark} "):
            size = json.loads(key.split(" ", 2)[2])["size"]
            if size != self._options.size:
                raise UsageError(
                    f"{printable(self._folder.out)} has frames of {printable(self._path)} with --size {size}.",
                    "Use the same size, or choose another folder.",
                )


@dataclass(frozen=True, slots=True)
class _Drawn:
    jpeg: bytes
    signature: NDArray[np.uint8]
    empty: str


def _drawn(frame: VideoFrame, pixel_aspect: Fraction | None, size: int) -> _Drawn:
    pixels = picture_of(frame, pixel_aspect, size)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY)
    small = thumbnail(pixels)
    return _Drawn(buffer.getvalue(), signature(small), emptiness(small))


def every_second(advance: Callable[[], None]) -> Callable[[float], None]:
    """Tell it how far a film has been read, in seconds: it calls `advance` once for each second."""
    seen = 0

    def tell(time: float) -> None:
        nonlocal seen
        while seen < time:
            advance()
            seen += 1

    return tell


def whole(seconds: float) -> int | None:
    return None if math.isinf(seconds) else round(seconds)
