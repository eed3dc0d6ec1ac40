"""The models that are measured: made once for the same sources and weights, and kept beside the corpus."""

import hashlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, ImageDraw

import pigeonhole
from contenders import ON_CPU, PEERS, Contender, ours
from measuring import run
from pigeonhole.backbones.weights import BUILTIN, BUILTIN_FILE

EACH = 20  # pictures of each of the two categories: what is learnt does not matter here, only how large the network is
REFUSED = 4  # quantize's exit code where int8 does not pay or changes the answers


def our_model(where: Path, weights: Path) -> Path:
    """A TF_FILES that was trained on drawn pictures with the sources of today."""
    return _trained(where / f"model-{_key(weights)}", "--weights", str(weights))


def our_builtin(where: Path) -> Contender:
    """The same on the backbone that comes with pigeonhole."""
    tf_files = _trained(where / f"model-builtin-{_key(BUILTIN_FILE)}", "--backbone", BUILTIN)
    return ours(tf_files, "pigeonhole, built-in backbone")


def _trained(tf_files: Path, *options: str) -> Path:
    if not (tf_files / "model.onnx").exists():
        _draw(tf_files / "data")
        train = [sys.executable, "-m", "pigeonhole", "train", str(tf_files), "--recipe", "probe", "--no-report"]
        run([*train, *options], ON_CPU)
    return tf_files


def our_int8(tf_files: Path) -> Contender:
    """The same model in int8, or the reason why there is none."""
    name = "pigeonhole, int8"
    quantized = tf_files.with_name(f"{tf_files.name}-int8")
    quantize = [sys.executable, "-m", "pigeonhole", "quantize"]
    if not quantized.exists():
        if subprocess.run([*quantize, "--help"], capture_output=True, check=False).returncode:
            return Contender(name, exact=False, missing="this version has no quantize")
        making = quantized.with_name(f"{quantized.name}.part")
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(tf_files, making)
        result = subprocess.run([*quantize, str(making), "--no-report"], capture_output=True, text=True, check=False)
        if result.returncode == REFUSED:
            return Contender(name, exact=False, missing=f"refused: {(result.stderr or result.stdout).strip()}")
        if result.returncode:
            raise SystemExit(f"quantize ended with {result.returncode}:\n{result.stderr[-2000:]}")
        making.rename(quantized)
    return ours(quantized, name, exact=False)


def peers_models(where: Path, weights: Path) -> Path:
    """The folder in which convert.py has put the same network for timm and for transformers, and compared logits."""
    installed = [name for name in ("timm", "transformers") if find_spec(name)]
    folder = where / "-".join(("peers", hashlib.sha256(weights.read_bytes()).hexdigest()[:12], *installed))
    if not folder.exists():
        making = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        run([sys.executable, str(PEERS / "convert.py"), str(weights), str(making)], ON_CPU)
        making.rename(folder)
    return folder


def _key(weights: Path) -> str:
    """Of everything that decides what the model file is."""
    digest = hashlib.sha256(weights.read_bytes())
    for path in sorted(Path(pigeonhole.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _draw(data: Path) -> None:
    """Discs of one size in one category, stripes in the other; no two pictures alike."""
    shutil.rmtree(data, ignore_errors=True)
    for category in ("discs", "stripes"):
        (data / category).mkdir(parents=True)
        for number in range(EACH):
            picture = Image.new("RGB", (320, 240), (40 + 9 * number, 220 - 7 * number, 30 + 5 * number % 200))
            pen = ImageDraw.Draw(picture)
            for place in range(7):
                x, y = (place * 97 + number * 31) % 300, (place * 61 + number * 17) % 220
                if category == "discs":
                    pen.ellipse((x, y, x + 40, y + 40), (250 - 10 * number, 30 * place, 90))
                else:
                    pen.line(
                        (0, 35 * place + number, 320, 35 * place + 2 * number), (20 + 8 * number, 0, 30 * place), 9
                    )
            picture.save(data / category / f"{number:02}.png")
