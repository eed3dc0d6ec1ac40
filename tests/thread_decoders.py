"""Decoding in threads of the test: no start-up, and what a decoder does can be seen and meddled with."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from pigeonhole.cpus import available_cpus
from pigeonhole.decoding.face import face_search
from pigeonhole.decoding.item import Decoded, Problem, cannot_read
from pigeonhole.errors import UnreadableError
from pigeonhole.faces.animeface_environment import animeface_if_there
from pigeonhole.files.read import digest, read
from pigeonhole.formats.complete import has_end
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.records import Found, Unreadable

AHEAD = 16


class ThreadDecoders:
    def decode(self, items: Iterable[Found | Problem], preprocessing: Preprocessing) -> Iterator[Decoded | Problem]:
        """As many threads as there are processors; Pillow lets go of Python's lock."""
        workers = available_cpus()
        animeface = animeface_if_there() if preprocessing.face == "drawn" else None
        pending: deque[Future[Decoded | Problem]] = deque()
        pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        try:
            for item in items:
                pending.append(pool.submit(_decode, item, preprocessing, animeface))
                if len(pending) >= AHEAD + 2 * workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def rest(self) -> None:
        """The threads end with the folder."""


def _decode(item: Found | Problem, preprocessing: Preprocessing, animeface: Path | None) -> Decoded | Problem:
    if not isinstance(item, Found):
        return item
    identity, sha256 = None, None
    try:
        data, identity = read(item.path)
        sha256 = digest(data)
        face = face_search(data, preprocessing, item.face, animeface)
        pixels = to_square(data, preprocessing, part=face.box if face else None)
        return Decoded(item, identity, sha256, pixels, has_end(data), face)
    except UnreadableError as error:
        return Unreadable(item.path, str(error), identity, sha256)
    except OSError as error:
        return cannot_read(item.path, error)
