"""A watched inbox that six processes fill at once: how fast it empties, and the most memory that it takes.

python benchmarks/inbox.py [--files 20000] [--writers 6] [--folder WHERE]

The model is the tests' own, which looks at nothing but the mean colour. The watcher runs all the while; the rate counts
from the first file's arrival to the last one's place, and in it is the time that a file has to settle (2 s). Memory is
that of the watcher's own process, and that of its decoders, each by its peak.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent / "tests"
WRITER = """
import sys
from pathlib import Path
from watching import picture
inbox, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for number in range(first, first + count):
    (inbox / f"{number:07}.png").write_bytes(picture(number))
"""


def files_in(folder: Path) -> int:
    return sum(not entry.name.startswith(".") for entry in os.scandir(folder)) if folder.exists() else 0


def peak_mib(pid: int) -> float:
    """The most memory that a running process has held."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def peaks(pid: int) -> tuple[float, float]:
    """The watcher's, and that of the largest of its decoders."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return peak_mib(pid), max((peak_mib(int(child)) for child in children), default=0.0)
    except (OSError, IndexError):
        return 0.0, 0.0


def main() -> None:
    sys.path.insert(0, str(TESTS))
    from models import write_colour_model

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--writers", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="where to make the pictures (a temporary folder)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as made:
        work = Path(made)
        inbox, out = work / "inbox", work / "out"
        inbox.mkdir()
        tf_files = write_colour_model(work / "tf_files")
        watch = [sys.executable, "-m", "pigeonhole", "watch", str(tf_files), str(inbox), str(out)]
        with (work / "said").open("w") as said:
            watcher = subprocess.Popen(watch, stdout=said, stderr=said)
        while not (out / ".pigeonhole" / "health.json").exists():
            time.sleep(0.05)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        each = chosen.files // chosen.writers
        started = time.monotonic()
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, inbox, str(n * each), str(each)], env=environment)
            for n in range(chosen.writers)
        ]
        own = decoders = 0.0
        wanted = each * chosen.writers
        while files_in(out) < wanted:
            time.sleep(0.5)
            own, decoders = map(max, zip((own, decoders), peaks(watcher.pid), strict=True))
            if watcher.poll() is not None:
                raise SystemExit((work / "said").read_text()[-2000:])
        seconds = time.monotonic() - started
        codes = [writer.wait() for writer in writers]
        watcher.send_signal(signal.SIGTERM)
        code = watcher.wait()
        left = files_in(inbox)
        if any(codes) or code or left:
            raise SystemExit(f"writers {codes}, watcher {code}, {left} files left")
        sys.stdout.write(
            "| files | writers | seconds | files/s | watcher's peak, MiB | a decoder's peak, MiB |\n"
            "|---:|---:|---:|---:|---:|---:|\n"
            f"| {wanted} | {chosen.writers} | {seconds:.0f} | {wanted / seconds:.0f} | {own:.0f} | {decoders:.0f} |\n"
        )


if __name__ == "__main__":
    main()
