"""How fast a folder of real-sized pictures is sorted, from process start to end, beside other ways to do the same.

python benchmarks/speed.py --corpus FOLDER [--weights FILE] [--count 2400] [--peer-count 400] [--rounds 3]
                           [--gpu] [--quick] [--scale] [--json FILE]

Ours is `pigeonhole guess-dir` with its copies; a peer writes a CSV file of paths and labels. All have torchvision's
mobilenet_v2 and its weights. Every run is a process of its own, in rounds that go through all contenders, forwards and
backwards in turn; medians count. The disk's cache is warm. A peer may see a sample of the corpus: its rate is what the
whole would take with its own start-up (a folder of one picture) and its own rate after that. The share of the limit has
the start-up in it, and the limit is decoding alone and the model alone, one after the other on the same processors.
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import corpus as corpora
from contenders import Contender, missing_gpu, ours, peers
from pigeonhole.cpus import available_cpus
from prepared import our_builtin, our_int8, our_model, peers_models
from rounds import agreement, measure
from scale import FEW, MANY, scale
from tables import about, limits, table

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT.parent / "shared" / "weights" / "mobilenet_v2.pth"
QUICK = 100
PACKAGES = ("pigeonhole", "onnxruntime", "numpy", "pillow", "torch", "torchvision", "timm", "transformers")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="where pictures and models are made and kept")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="torchvision's mobilenet_v2")
    parser.add_argument("--count", type=int, default=2400, help="pictures; best a multiple of 200")
    parser.add_argument("--peer-count", type=int, default=400, help="so many of them are shown to peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", metavar="TEXT", action="append", help="only contenders with TEXT in their name")
    parser.add_argument("--gpu", action="store_true", help="also on the GPU")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} pictures at most, one round: does it run?")
    parser.add_argument("--scale", action="store_true", help=f"ours alone, over {FEW} and over {MANY} small pictures")
    parser.add_argument("--scale-counts", type=int, nargs=2, default=(FEW, MANY), metavar=("FEW", "MANY"))
    parser.add_argument("--json", type=Path, help="where to write all that was measured")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.count, chosen.rounds = min(chosen.count, QUICK), 1
    if not min(chosen.count, chosen.peer_count) >= 2:
        parser.error("two pictures at least")
    if not chosen.weights.is_file():
        parser.error(f"there are no weights at {chosen.weights}")
    chosen.weights = chosen.weights.resolve()
    return chosen


def all_contenders(chosen: argparse.Namespace) -> list[Contender]:
    tf_files = our_model(chosen.corpus, chosen.weights)
    converted = peers_models(chosen.corpus, chosen.weights)
    int8 = our_int8(tf_files)
    contenders = [ours(tf_files, "pigeonhole"), ours(tf_files, "pigeonhole, --hardlink", "--hardlink"), int8]
    if int8.ours:
        contenders.append(ours(int8.ours, "pigeonhole, int8, --hardlink", "--hardlink", exact=False))
    contenders += [our_builtin(chosen.corpus), *peers(chosen.weights, converted)]
    if chosen.gpu and (reason := missing_gpu()):
        contenders.append(Contender("on a GPU", device="GPU", missing=reason))
    elif chosen.gpu:
        on_it = [ours(tf_files, "pigeonhole", device="GPU"), *peers(chosen.weights, converted, "GPU")]
        contenders += [Contender(**{**vars(each), "name": f"{each.name}, GPU"}) for each in on_it]
    return [each for each in contenders if not chosen.only or any(text in each.name for text in chosen.only)]


def machine() -> dict[str, object]:
    """What the figures depend on."""
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
              if line.startswith("model name")]  # fmt: skip
    set_by_hand = {name: value for name, value in os.environ.items() if name.startswith(("OMP_", "MKL_", "KMP_"))}
    return {
        "processor": models[0] if models else platform.machine(),
        "processors": available_cpus(),
        "load before": os.getloadavg()[0],
        "environment": set_by_hand,
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"


def save(path: Path | None, figures: dict[str, object]) -> None:
    if path:
        path.write_text(json.dumps(figures, indent=1) + "\n")


def compare(chosen: argparse.Namespace) -> None:
    before = machine()
    corpus = corpora.make(chosen.corpus, corpora.MIXED, chosen.count, chosen.seed)
    contenders = all_contenders(chosen)
    corpora.read_once(corpus.pictures)
    able = [each for each in contenders if not each.missing]
    times = measure(able, corpus, chosen.peer_count, chosen.rounds, 1.0 if chosen.quick else 5.0)
    agreeing = agreement(able, corpus)
    figures = {name: {**asdict(own), "rate": own.rate, "steady": own.steady} for name, own in times.items()}
    missing = {each.name: each.missing for each in contenders if each.missing}
    described = {name: value for name, value in asdict(corpus).items() if name != "folder"}
    save(chosen.json, {"machine": before, "corpus": described, "times": figures, "missing": missing,
                       "agreement": agreeing})  # fmt: skip
    sys.stdout.write(about(corpus, chosen.peer_count, chosen.rounds) + "\n")
    sys.stdout.write(table(contenders, times) + "\n" + limits(contenders, times))
    exact = [agreeing[each.name] for each in able if each.exact and each.name in agreeing]
    if exact:
        sys.stdout.write(f"\nThe float32 peers give the same label to {min(exact):.1%} of the pictures or more.\n")


def main() -> None:
    chosen = arguments()
    chosen.corpus.mkdir(parents=True, exist_ok=True)
    chosen.corpus = chosen.corpus.resolve()
    if not chosen.scale:
        compare(chosen)
        return
    before = machine()
    contender = ours(our_model(chosen.corpus, chosen.weights), "pigeonhole")
    text, figures = scale(chosen.corpus, contender, chosen.rounds, tuple(chosen.scale_counts), chosen.seed)
    save(chosen.json, {"machine": before, **figures})
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
