"""How the journal grows: the rate of its commits, the time to open it and its memory, up to a million files.

python benchmarks/journal.py [--rows 1000000]
"""

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from pathlib import Path, PurePath

from pigeonhole.journal.entry import JournalEntry, State, Verdict
from pigeonhole.journal.journal import Journal
from pigeonhole.records import Identity

GROUP = 32


def row(number: int) -> JournalEntry:
    return JournalEntry(
        id=number,
        state=State.PLANNED,
        source=Path(f"/pictures/holiday {number // 1000}/IMG_{number:08}.JPG"),
        identity=Identity(2049, number, 2_000_000, 10**18 + number, 10**18 + number),
        seen_ns=time.time_ns(),
        sha256=hashlib.sha256(number.to_bytes(8, "big")).hexdigest(),
        verdict=Verdict.SORTED,
        placing="copy",
        target=PurePath(f"elsa-{number % 100_000 / 100_000:.5f}.JPG"),
        category="elsa",
        score=0.5,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    sys.stdout.write("| files so far | files/s | look-ups/s | time to open, s | size, MiB | peak memory, MiB |\n")
    sys.stdout.write("|---:|---:|---:|---:|---:|---:|\n")
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        done = 0
        while done < rows:
            started = time.monotonic()
            journal = Journal.open(folder)
            opened = time.monotonic() - started
            count, started = rows // 10, time.monotonic()
            for first in range(done + 1, done + count, GROUP):
                group = [row(number) for number in range(first, min(first + GROUP, done + count + 1))]
                journal.plan(group, [])
                for each in group:
                    each.state = State.DONE
                journal.update(group)
            rate = count / (time.monotonic() - started)
            done += count
            started = time.monotonic()
            for number in range(1, done, max(1, done // 2000)):
                journal.still_there(Path(f"/pictures/holiday {number // 1000}/IMG_{number:08}.JPG"))
            looked = 2000 / (time.monotonic() - started)
            journal.close()
            size = (folder / "journal.sqlite").stat().st_size / 2**20
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            sys.stdout.write(f"| {done} | {rate:.0f} | {looked:.0f} | {opened:.2f} | {size:.0f} | {peak:.0f} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
