"""Finding files, reading each once, and publishing results so that nothing is overwritten or half-visible."""

from pigeonhole.files.find import count_files, find, find_named
from pigeonhole.files.lock import Lock, TakenError
from pigeonhole.files.overlap import refuse_overlap
from pigeonhole.files.publish import write_aside_and_replace
from pigeonhole.files.read import digest, read, read_at_most
from pigeonhole.files.scratch import scratch_folder

__all__ = [
    "Lock",
    "TakenError",
    "count_files",
    "digest",
    "find",
    "find_named",
    "read",
    "read_at_most",
    "refuse_overlap",
    "scratch_folder",
    "write_aside_and_replace",
]
