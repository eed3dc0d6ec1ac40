"""Every backbone that the sources used, and newer ones: with random weights they train, export and agree with torch.

A few run always; with --long all of them do.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from networks import write_random_weights
from pigeonhole.backbones import registry
from pigeonhole.backbones.obtain import download_weights
from pigeonhole.backbones.weights import find_weights
from pigeonhole.errors import UsageError, WeightsError
from pigeonhole.images import Preprocessing
from pigeonhole.model import load_model
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Recorder
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.train import TrainingOptions, train
from pigeonhole.workspace import Workspace

# With the edge of the pictures where the networks' own would take long and shows nothing more.
ALWAYS = {"resnet18": 64}
SOMETIMES = {
    "mobilenet_v3_small": 64,
    "timm:mobilenetv3_small_050": 64,
    "resnet34": None,
    "resnet50": None,
    "resnet101": None,
    "vgg16": None,
    "vgg16_bn": None,
    "inception_v3": None,
    "googlenet": None,
    "densenet121": None,
    "densenet201": None,
    "resnext50_32x4d": None,
    "resnext101_32x8d": None,
    "wide_resnet50_2": None,
    "mobilenet_v2": None,
    "mobilenet_v3_large": None,
    "efficientnet_b0": None,
    "efficientnet_v2_s": None,
    "regnet_y_400mf": None,
    "regnet_y_800mf": None,
    "regnet_x_400mf": None,
    "convnext_tiny": None,
    "squeezenet1_1": None,
    "mnasnet1_0": None,
    "shufflenet_v2_x1_0": None,
    "alexnet": None,
    "vit_b_16": None,
    "swin_t": None,
    "maxvit_t": None,
    "timm:inception_resnet_v2": None,
    "timm:inception_v4": None,
    "timm:resnet50.a1_in1k": None,
    "timm:convnext_tiny": None,
    "timm:vit_tiny_patch16_224": None,
}


def file_of(backbone: str) -> str:
    return f"{backbone.replace('timm:', 'timm-')}.pth"


@pytest.fixture
def tf_files(tmp_path: Path) -> Iterator[Path]:
    """A TF_FILES with four pictures of coarse noise in each of two categories."""
    chance = np.random.default_rng(1)
    for category, least in (("dark", 0), ("light", 100)):
        (tmp_path / "data" / category).mkdir(parents=True)
        for number in range(4):
            noise = chance.integers(least, least + 156, (12, 16, 3)).astype(np.uint8)
            Image.fromarray(noise).resize((160, 120)).save(tmp_path / "data" / category / f"{number}.png")
    yield tmp_path
    shutil.rmtree(tmp_path)  # weights and graphs of hundreds of megabytes


LONG = pytest.mark.long("networks of up to 100 million weights")
BACKBONES = [*ALWAYS.items(), *(pytest.param(*each, marks=LONG) for each in SOMETIMES.items())]


@pytest.mark.parametrize(("backbone", "size"), BACKBONES, ids=str)
def test_a_backbone_trains_and_its_model_file_says_what_torch_says(
    tf_files: Path, backbone: str, size: int | None
) -> None:
    path = write_random_weights(tf_files / "weights" / file_of(backbone), backbone)

    result = train(
        Workspace(tf_files),
        TrainingOptions("probe", backbone, preprocessing=PreprocessingChoice("centre", size)),
        Recorder(),
    )

    model = load_model(result.model)
    assert model.card.backbone["name"] == backbone
    edge = model.card.preprocessing.size
    pixels = np.random.default_rng(2).integers(0, 256, (3, edge, edge, 3)).astype(np.uint8)
    trunk = from_pixels(registry.backbone_network(backbone, path), *registry.normalisation_of(backbone))
    with torch.inference_mode():
        expected = trunk(torch.from_numpy(pixels)).numpy()
    (features,) = model.network.session.run([FEATURES], {INPUT: pixels})
    difference = float(np.abs(features - expected).max() / np.abs(expected).max())
    print(f"{backbone} at {edge}: {features.shape[1]} features, largest difference {difference:.1e} of the largest")  # noqa: T201
    assert np.ptp(expected, axis=0).max() > 0, "the pictures are told apart"
    assert difference < 1e-4


@pytest.mark.parametrize(
    ("backbone", "preprocessing", "mean"),
    [
        ("resnet18", Preprocessing(224, 0.875, "bilinear"), 0.485),
        ("vit_b_16", Preprocessing(224, 0.875, "bilinear"), 0.485),
        ("inception_v3", Preprocessing(299, 299 / 342, "bilinear"), 0.485),
        ("timm:inception_resnet_v2", Preprocessing(299, 299 / 333, "bicubic"), 0.5),
        ("timm:resnet50.tv_in1k", Preprocessing(224, 0.875, "bilinear"), 0.485),
        ("timm:resnet50.a1_in1k", Preprocessing(224, 224 / 235, "bicubic"), 0.485),
        ("timm:convnext_small.fb_in22k_ft_in1k_384", Preprocessing(384, 1.0, "bicubic", "squeeze"), 0.485),
    ],
)
def test_pictures_are_given_to_a_network_as_its_weights_were_trained(
    backbone: str, preprocessing: Preprocessing, mean: float
) -> None:
    assert registry.preprocessing_of(backbone, "0" * 64) == preprocessing
    assert registry.normalisation_of(backbone)[0][0] == mean


def test_the_model_file_keeps_how_timm_wants_its_pictures(tf_files: Path) -> None:
    """The tag in the name of the file says which weights these are."""
    backbone = "timm:mobilenetv3_small_050.lamb_in1k"
    write_random_weights(tf_files / "weights" / "timm-mobilenetv3_small_050.lamb_in1k.safetensors", backbone)

    result = train(
        Workspace(tf_files), TrainingOptions("probe", preprocessing=PreprocessingChoice("centre")), Recorder()
    )

    card = load_model(result.model).card
    assert card.backbone["name"] == backbone
    assert card.backbone["weights"] == "weights/timm-mobilenetv3_small_050.lamb_in1k.safetensors"
    assert card.preprocessing == registry.preprocessing_of(backbone, "")
    assert card.preprocessing.interpolation == "bicubic"


@pytest.mark.parametrize(
    ("name", "asked", "backbone"),
    [
        ("resnet50-0676ba61.pth", None, "resnet50"),
        ("resnet50-0676ba61.pth", "resnet50", "resnet50"),
        ("resnet50.safetensors", "resnet50", "resnet50"),
        ("timm-inception_resnet_v2.pth", None, "timm:inception_resnet_v2"),
        ("timm-resnet50.a1_in1k.safetensors", "timm:resnet50", "timm:resnet50.a1_in1k"),
        ("timm-resnet50.a1_in1k.safetensors", "timm:resnet50.a1_in1k", "timm:resnet50.a1_in1k"),
    ],
)
def test_the_name_of_a_weights_file_says_which_network_it_is_for(
    tmp_path: Path, name: str, asked: str | None, backbone: str
) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / name).touch()
    found = find_weights(Workspace(tmp_path), asked, None)
    assert found is not None
    assert found.backbone == backbone


@pytest.mark.parametrize("asked", ["timm:resnet50", "resnet18", "timm:resnet50.a2_in1k"])
def test_weights_of_another_network_are_not_taken(tmp_path: Path, asked: str) -> None:
    (tmp_path / "weights").mkdir()
    for name in ("resnet50-0676ba61.pth", "timm-resnet50d.a1_in1k.pth"):
        (tmp_path / "weights" / name).touch()
    assert find_weights(Workspace(tmp_path), asked, None) is None


@pytest.mark.parametrize(
    ("backbone", "sentence"),
    [
        ("resnet5", "There is no network called 'resnet5' in torchvision. Did you mean resnet50, "),
        ("timm:inception_resnet", "There is no network called 'inception_resnet' in timm. Did you mean timm:inception"),
        ("timm:resnet50.a1_in2k", "Did you mean timm:resnet50.a1_in1k"),
        ("timm:", "There is no network called '' in timm."),
    ],
)
def test_an_unknown_name_is_answered_with_those_that_are_like_it(backbone: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        registry.check_name(backbone)
    assert sentence in str(raised.value)


def test_without_timm_a_sentence_says_how_to_get_it(tf_files: Path) -> None:
    """In an interpreter where importing it fails, as where it is not installed."""
    (tf_files / "weights").mkdir()
    (tf_files / "weights" / "timm-inception_resnet_v2.pth").touch()
    script = (
        "import sys; sys.modules['timm'] = None\n"
        "from pigeonhole.cli import run\n"
        "sys.exit(run(['train', sys.argv[1], '--backbone', 'timm:inception_resnet_v2']))"
    )
    command = [sys.executable, "-c", script, str(tf_files)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "timm is not installed. Install it with: pip install 'pigeonhole[timm]'" in result.stderr


def test_weights_of_timm_have_to_be_given_and_the_sentence_says_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIGEONHOLE_OFFLINE", raising=False)
    with pytest.raises(WeightsError) as raised:
        download_weights(Workspace(tmp_path), "timm:inception_resnet_v2")
    assert "huggingface.co/timm/inception_resnet_v2.tf_in1k" in str(raised.value)
    assert "called timm-inception_resnet_v2.pth" in str(raised.value)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_weights_that_are_no_weights_are_named(tf_files: Path, suffix: str) -> None:
    (tf_files / f"resnet18{suffix}").write_text("no weights")
    with pytest.raises(WeightsError, match="is damaged or neither"):
        registry.backbone_network("resnet18", tf_files / f"resnet18{suffix}")


def test_a_size_that_a_network_cannot_see_is_named(tf_files: Path) -> None:
    write_random_weights(tf_files / "weights" / "inception_v3.pth", "inception_v3")
    with pytest.raises(UsageError, match="inception_v3 takes no pictures of 64 × 64 pixels"):
        train(
            Workspace(tf_files),
            TrainingOptions("probe", "inception_v3", preprocessing=PreprocessingChoice("centre", 64)),
            Recorder(),
        )
