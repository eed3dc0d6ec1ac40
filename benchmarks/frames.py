"""How quick `frames` is beside decoding all of a film, what memory a long one needs, and what a killed run loses.

python benchmarks/frames.py --pictures FOLDER [--minutes 10] [--long 120] [--rounds 3] [--folder WHERE]

Films are made of the pictures in FOLDER: slow pans at 1280 × 720 with a cut every four seconds, x264, with and without
grain, which is what costs bits. Twenty seconds are encoded, and their packets repeated to the length that is wanted.
All sides are timed in turn, each in a process of its own; the seconds of the processors count where other work shares
them. Between decoding all and `frames` stands what nobody can save: decoding, in one thread, the frames that are
wanted and those that they depend on.
"""

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RATE, SIZE, CUT = 25, (1280, 720), 4.0  # frames a second, pixels, seconds
PIECE = 20  # seconds that are encoded


class Kind(NamedTuple):
    """`grain` in levels of 255; `options` of x264, which sets keyframes at cuts besides."""

    grain: int
    options: dict[str, str]


FILMS = {
    "grain, a keyframe every 2 s": Kind(4, {"crf": "20", "g": "50"}),
    "no grain, a keyframe every 2 s": Kind(0, {"g": "50"}),
    "no grain, a keyframe every 10 s": Kind(0, {"g": "250", "sc_threshold": "0"}),
}
DECODE_ALL = """
import sys, av
with av.open(sys.argv[1]) as film:
    film.streams.video[0].thread_count = 1
    for frame in film.decode(video=0):
        pass
"""

NEEDED = """
import math, sys
from pathlib import Path
from pigeonhole.films.film import Film
from pigeonhole.films.places import Even
from pigeonhole.films.scan import scan
path = Path(sys.argv[1])
known = scan(path, 0, math.inf, lambda time: None)
places, number, after = Even(2.0, 0.0, known.end), 0, -1.0
with Film.open(path, known) as film:
    film.stream.codec_context.thread_count = 1
    while (place := places.next(number, after)) and (shot := film.at(place.time, place.tolerance)):
        number, after = place.number + 1, shot.time
"""

# In a small process of its own: what the kernel calls a process's peak begins with that of the one that started it.
MEASURED = """
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
_, status, own = os.wait4(process.pid, 0)
if status:
    sys.exit(f"{sys.argv[1:]} ended with {status}")
print(json.dumps([time.perf_counter() - started, own.ru_utime + own.ru_stime, own.ru_maxrss / 1024]))
"""


class Cost(NamedTuple):
    seconds: float
    processor_seconds: float
    peak_mib: float


def piece(pictures: list[Path], levels: int) -> Iterator[NDArray[np.uint8]]:
    """PIECE seconds of slow pans over `pictures`, each a little larger than the frame."""
    chance = np.random.default_rng(0)
    grain = chance.normal(0, levels, (8, SIZE[1], SIZE[0], 1)).astype(np.int16)
    shots = round(PIECE / CUT)
    for shot in range(shots):
        with Image.open(pictures[shot % len(pictures)]) as picture:
            wide = picture.convert("RGB").resize((SIZE[0] * 6 // 5, SIZE[1] * 6 // 5))
        for number in range(round(RATE * CUT)):
            left, top = number * 2, number
            frame = np.asarray(wide.crop((left, top, left + SIZE[0], top + SIZE[1]))).astype(np.int16)
            yield (frame + grain[number % len(grain)]).clip(0, 255).astype(np.uint8)


def write_piece(path: Path, pictures: list[Path], kind: Kind) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", **kind.options})
        stream.pix_fmt, stream.width, stream.height = "yuv420p", *SIZE
        for pixels in piece(pictures, kind.grain):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def repeated(source: Path, path: Path, minutes: int) -> Path:
    """The packets of a film of PIECE seconds, one after the other until `minutes` are full."""
    with av.open(str(path), "w") as container:
        stream = None
        for number in range(60 * minutes // PIECE):
            with av.open(str(source)) as film:
                stream = stream or container.add_stream_from_template(film.streams.video[0])
                later = round(Fraction(PIECE * number) / film.streams.video[0].time_base)
                for packet in film.demux(video=0):
                    if packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + later, packet.dts + later, stream
                    container.mux(packet)
    return path


def run(command: list[str]) -> Cost:
    result = subprocess.run(
        [sys.executable, "-S", "-c", MEASURED, *command], capture_output=True, text=True, check=True
    )
    return Cost(*json.loads(result.stdout))


def frames(film: Path, out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "pigeonhole", "frames", str(film), str(out), "--every", "2s", *options]


def compared(film: Path, out: Path, rounds: int) -> str:
    """A line of the table: all sides in turn, medians."""
    sides: dict[str, list[Cost]] = {"all": [], "needed": [], "ours": []}
    for number in range(rounds):
        sides["all"].append(run([sys.executable, "-c", DECODE_ALL, str(film)]))
        sides["needed"].append(run([sys.executable, "-c", NEEDED, str(film)]))
        sides["ours"].append(run(frames(film, out / str(number))))
    count = sum(path.suffix == ".jpg" for path in (out / "0").iterdir())
    megabits = film.stat().st_size * 8 / 1e6 / (count * 2)
    seconds = {side: median(each.processor_seconds for each in costs) for side, costs in sides.items()}
    clock = {side: median(each.seconds for each in costs) for side, costs in sides.items()}
    cells = [f"{megabits:.1f}", str(count), *(f"{seconds[side]:.1f}" for side in sides)]
    cells += [f"{seconds['all'] / seconds[side]:.1f}" for side in ("needed", "ours")]
    cells += [f"{clock['all'] / clock['ours']:.1f}", f"{max(each.peak_mib for each in sides['ours']):.0f}"]
    return " | ".join(cells)


def killed(film: Path, out: Path, whole: Path) -> bool:
    """Whether a run that is killed again and again gives the folder that one gives in peace."""
    kills = 0
    while True:
        with subprocess.Popen(frames(film, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                process.wait(1.0 + kills * 0.4)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                kills += 1
                continue
            break
    tell(f"killed {kills} times with SIGKILL, then left alone")
    return content(out) == content(whole)


def tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--long", type=int, default=120, help="minutes of the film whose memory is measured; 0: none")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    suffixes = {".jpg", ".png"}
    pictures = sorted(path for path in arguments.pictures.rglob("*") if path.suffix.lower() in suffixes)[:60]
    work = Path(tempfile.mkdtemp(dir=arguments.folder, prefix="frames-"))
    tell(
        "| film | Mbit/s | frames | decoding all, CPU s | what is needed, CPU s | `frames`, CPU s"
        " | needed: times as quick | `frames`: times as quick | by the clock | peak MiB |"
    )
    tell("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for number, (name, kind) in enumerate(FILMS.items()):
        write_piece(work / f"piece-{number}.mp4", pictures, kind)
        film = repeated(work / f"piece-{number}.mp4", work / f"film-{number}.mp4", arguments.minutes)
        tell(f"| {name} | {compared(film, work / f'out-{number}', arguments.rounds)} |")
    if arguments.long:
        film = repeated(work / "piece-0.mp4", work / "long.mp4", arguments.long)
        cost = run(frames(film, work / "long"))
        tell(f"{arguments.long} minutes: {cost.processor_seconds:.0f} CPU s, peak {cost.peak_mib:.0f} MiB")
        same = killed(work / "film-0.mp4", work / "killed", work / "out-0" / "0")
        tell(f"the same folder: {same}")
    shutil.rmtree(work)


if __name__ == "__main__":
    main()
