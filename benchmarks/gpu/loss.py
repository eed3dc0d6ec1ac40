"""Stage `loss`: the GPU is taken away. Every picture has to get its answer all the same, and the user a sentence."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from stage import GPU_OFF, GPU_ON, SMALL, Figures, guess_dir, pictures, run, tf_files

COUNT = 12 if SMALL else 1500
LEFT_FREE_MIB = 150

#: Takes all memory of the GPU but a little, says so, and holds it until its input ends.
HOG = f"""
import sys, torch
held = []
for size in (1 << 30, 1 << 26, 1 << 22):
    while torch.cuda.mem_get_info()[0] > ({LEFT_FREE_MIB} << 20) + size:
        held.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
print("full", flush=True)
sys.stdin.read()
"""
#: Guesses the pictures of a folder; after a third of them something happens to the GPU.
ASKED = """
import json, sys
from itertools import islice
from pathlib import Path
from pigeonhole.decoding.pool import DecoderPool
from pigeonhole.files import find
from pigeonhole.model import load_model
from pigeonhole.stream import guesses

def fill():
    import torch
    for size in (1 << 30, 1 << 26, 1 << 20):
        try:
            while True:
                held.append(torch.empty(size, dtype=torch.uint8, device="cuda"))
        except torch.OutOfMemoryError:
            pass

def poison():
    import torch
    rows = torch.zeros(4, device="cuda")
    try:
        rows[torch.tensor([1 << 30], device="cuda")].cpu()  # outside: CUDA gives this process up
    except RuntimeError as error:
        print("poisoned:", str(error).splitlines()[0], file=sys.stderr)

def fail():
    from pigeonhole.model import network
    class Broken:
        def __init__(self, *_): raise RuntimeError("no memory left")
    network.FixedBatch = Broken
    model.network._idle.clear()

held = []
way, tf_files, folder, count = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
model = load_model(tf_files / "model.onnx")
answers = {}
with DecoderPool() as pool:
    for number, guess in enumerate(guesses(islice(find(folder), count), model, pool)):
        answers[str(guess.path)] = [guess.ranking[0][0], guess.ranking[0][1]]
        if number == count // 3 and way != "nothing":
            {"fill": fill, "poison": poison, "fail": fail}[way]()
print(json.dumps({"device": model.device, "note": model.note, "answers": answers}), flush=True)
"""


def main() -> None:
    figures = Figures("loss")
    folder = pictures("0.2 megapixels").first(COUNT)
    truth = _asked("nothing", str(folder), GPU_OFF)["answers"]
    with figures.part("nothing happens") as keep:
        keep(_judged(_asked("nothing", str(folder), GPU_ON), truth))
    with figures.part("hidden before the start") as keep:
        said = guess_dir(folder, "--dry-run", environment=GPU_OFF)
        keep({"seen": said["seen"], "device": said["device"], "notes": said["notes"]})
    for way in ("fail", "fill", "poison"):
        if not SMALL:
            with figures.part({"fail": "a run fails in the middle", "fill": "memory is filled in the middle",
                               "poison": "CUDA gives the process up in the middle"}[way]) as keep:  # fmt: skip
                keep(_judged(_asked(way, str(folder), GPU_ON), truth))
    if not SMALL:
        with figures.part("memory full before the start") as keep, _full_memory():
            keep(_judged(_asked("nothing", str(folder), GPU_ON), truth))
    figures.end()


@contextmanager
def _full_memory() -> Iterator[None]:
    with subprocess.Popen([sys.executable, "-c", HOG], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hog:
        try:
            if not hog.stdout or hog.stdout.readline().strip() != b"full":
                raise RuntimeError("the memory could not be filled")
            yield
        finally:
            hog.kill()


def _asked(way: str, folder: str, environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-c", ASKED, way, str(tf_files()), folder, str(COUNT)]
    code, said, complained = run(command, environment, 60)
    if not said.strip():
        raise RuntimeError(f"ended with {code}: {complained[-2000:]}")
    result: dict[str, Any] = {**json.loads(said.splitlines()[-1]), "code": code, "errors": complained[-500:]}
    return result


def _judged(said: dict[str, Any], truth: dict[str, list[Any]]) -> dict[str, Any]:
    answers = said.pop("answers")
    both = [(answers[path], truth[path]) for path in truth if path in answers]
    return {**said, "answered": len(answers), "of": len(truth), "as on the CPU": sum(a[0] == b[0] for a, b in both),
            "largest difference": max(abs(a[1] - b[1]) for a, b in both if a[0] == b[0])}  # fmt: skip


if __name__ == "__main__":
    main()
