"""Where a network looks is where the thing is, and what another implementation says."""

import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from torch import nn

from commands import called, imported_by, pigeonhole
from networks import write_random_weights
from pigeonhole.evaluation.head import Head
from pigeonhole.explain.gradcam import enlarged, grad_cam, last_maps
from pigeonhole.explain.guided import NotReluError, guided_backpropagation
from pigeonhole.explain.network import torch_network
from pigeonhole.finetuning.finetune import as_finetuned, fine_tune
from pigeonhole.finetuning.loop import Tuned
from pigeonhole.images import to_square
from pigeonhole.model import load_model
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.onnx_graph.pooled_maps import maps_behind
from pigeonhole.output import Recorder
from pigeonhole.recipes import small_cnn
from pigeonhole.recipes.saved_network import remember, saved
from pigeonhole.train.finish import finish
from pigeonhole.workspace import Workspace
from tuning import probe, write_set

SIDE, MARK = 64, 16  # pixels of a picture and of what makes its category
HEROES = ("darth_vader", "elsa")


def marked(kind: str, seed: int) -> tuple[Image.Image, tuple[int, int]]:
    """A picture of smooth noise with a small mark somewhere: a red ring or a green cross. And where its middle is."""
    chance = random.Random(f"{kind} {seed}")
    noise = np.random.default_rng(chance.randint(0, 10**9)).integers(60, 200, (8, 8, 3), dtype=np.uint8)
    picture = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    left, top = chance.randint(2, SIDE - MARK - 2), chance.randint(2, SIDE - MARK - 2)
    pen = ImageDraw.Draw(picture)
    if kind == "ring":
        pen.ellipse((left, top, left + MARK, top + MARK), outline="red", width=4)
    else:
        pen.line((left, top, left + MARK, top + MARK), fill="lime", width=4)
        pen.line((left + MARK, top, left, top + MARK), fill="lime", width=4)
    return picture, (left + MARK // 2, top + MARK // 2)


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES that learnt to tell rings from crosses, wherever they are."""
    tf_files = tmp_path_factory.mktemp("marks")
    for kind in ("ring", "cross"):
        (tf_files / "data" / kind).mkdir(parents=True)
        for number in range(200):
            marked(kind, number)[0].save(tf_files / "data" / kind / f"{chr(97 + number % 26)}{number}x.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(small_cnn, "LEAST_STEPS", 1)
        patch.setattr(small_cnn, "LEAST_EPOCHS", 8)
        result = called("train", tf_files, "--recipe", "scratch", "--no-report")
    assert result.returncode == 0, result.stderr
    return tf_files


def test_the_heat_is_highest_on_the_mark_that_makes_the_category(marks: Path) -> None:
    model = load_model(marks / "model.onnx")
    network = torch_network(Workspace(marks), model).network
    hits = 0
    for number in range(100):
        kind = ("ring", "cross")[number % 2]
        picture, (x, y) = marked(kind, 1000 + number)
        pixels = torch.from_numpy(np.asarray(picture)[None].copy())
        category = model.card.labels.index(kind)
        heat = enlarged(grad_cam(network, pixels, category, last_maps(network, pixels)), SIDE)
        row, column = divmod(int(heat.argmax()), SIDE)
        hits += abs(column - x) <= MARK // 2 and abs(row - y) <= MARK // 2
    print(f"{hits} of 100 maxima on the mark")  # noqa: T201
    assert hits >= 90


def trunk_of(name: str) -> nn.Module:
    torch.manual_seed(0)
    network = torchvision.models.get_model(name, weights=None)
    with torch.inference_mode():  # batch norm that has seen something, so that answers differ
        for _ in range(5):
            network(torch.randn(8, 3, 64, 64) + torch.randn(8, 3, 1, 1))
    network.fc = nn.Identity()
    trunk: nn.Module = network.eval()
    return trunk


@pytest.fixture(scope="module")
def resnet() -> Tuned:
    head = Head(np.random.default_rng(0).normal(size=(3, 512)), np.zeros(3))
    return Tuned(from_pixels(trunk_of("resnet18"), (0.5,) * 3, (0.25,) * 3), head).eval()


@pytest.fixture
def pixels() -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randint(0, 256, (1, 96, 96, 3), dtype=torch.uint8)


@pytest.mark.parametrize("category", range(3))
def test_grad_cam_is_captums(resnet: Tuned, pixels: torch.Tensor, category: int) -> None:
    from captum.attr import LayerGradCam

    layer = last_maps(resnet, pixels)
    assert layer is resnet.trunk.get_submodule("trunk.layer4.1.relu")
    ours = grad_cam(resnet, pixels, category, layer)
    block = resnet.trunk.get_submodule("trunk.layer4")  # the same tensor; the layer itself is used twice in a block
    theirs = LayerGradCam(resnet, block).attribute(pixels.float(), target=category, relu_attributions=True).detach()
    assert ours.shape == (3, 3)
    assert torch.allclose(ours, theirs[0, 0], atol=1e-5 * float(theirs.max().clamp(min=1)))


@pytest.mark.filterwarnings("ignore:Setting backward hooks")
@pytest.mark.parametrize("category", range(3))
def test_guided_backpropagation_is_captums(pixels: torch.Tensor, category: int) -> None:
    """On a network that uses no ReLU twice, as captum asks for."""
    from captum.attr import GuidedBackprop

    torch.manual_seed(0)
    layers = [
        nn.Conv2d(3, 8, 3, 2),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    ]
    trunk = from_pixels(nn.Sequential(*layers), (0.5,) * 3, (0.25,) * 3)
    network = Tuned(trunk, Head(np.random.default_rng(0).normal(size=(3, 64)), np.zeros(3))).eval()
    theirs = GuidedBackprop(network).attribute(pixels.float().requires_grad_(), target=category)
    ours = guided_backpropagation(network, pixels, category)
    assert ours.shape == (96, 96, 3)
    assert ours.abs().max() > 0
    assert torch.allclose(ours, theirs[0], atol=1e-6)


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_b0"])
def test_other_activations_are_refused_with_a_reason(pixels: torch.Tensor, name: str) -> None:
    network = torchvision.models.get_model(name, weights=None).eval()
    whole = nn.Sequential(from_pixels(network, (0.5,) * 3, (0.25,) * 3))
    with pytest.raises(NotReluError, match=r"is defined for ReLU networks only, and this one has (Hardswish|SiLU)"):
        guided_backpropagation(whole, pixels, 0)


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet121", "googlenet"])
def test_relus_in_functions_and_relu6_go_the_guided_way(pixels: torch.Tensor, name: str) -> None:
    settings = {"init_weights": False} if name == "googlenet" else {}
    network = from_pixels(torchvision.models.get_model(name, weights=None, **settings).eval(), (0.5,) * 3, (0.25,) * 3)
    plain = pixels.float().requires_grad_()
    (gradient,) = torch.autograd.grad(network(plain)[0, 0], plain)
    guided = guided_backpropagation(network, pixels, 0)
    assert float((guided - gradient[0]).norm() / gradient[0].norm()) > 0.05


def squares(folder: Path, size: int) -> NDArray[np.uint8]:
    from pigeonhole.images import Preprocessing

    rule = Preprocessing(size, 0.875)
    return np.stack([to_square(path.read_bytes(), rule) for path in sorted(folder.glob("*/*"))[:6]])


def test_the_heat_in_the_model_file_is_the_class_activation_map_of_torch(superheroes: Path, shared: Path) -> None:
    model = load_model(superheroes / "model.onnx")
    explained = torch_network(Workspace(superheroes), model)
    pixels = squares(shared / "data" / "superheroes" / "test", model.card.preprocessing.size)
    heat = model.heat(pixels)
    assert heat is not None
    kept: list[torch.Tensor] = []
    inputs = torch.from_numpy(pixels)
    layer = last_maps(explained.network, inputs)
    handle = layer.register_forward_hook(lambda _, __, output: kept.append(output))
    with torch.no_grad():
        logits = explained.network(inputs).numpy()
        expected = torch.einsum("nkhw,ck->nchw", kept[0], explained.network.linear.weight).numpy()
    handle.remove()
    assert heat.shape == (6, 2, 7, 7)
    assert np.abs(heat - expected).max() < 1e-3 * max(1.0, np.abs(expected).max())
    bias = explained.network.linear.bias.detach().numpy()
    assert np.allclose(heat.mean(axis=(2, 3)) + bias, logits, atol=1e-3)


def has_heat(trunk: nn.Module, size: int) -> bool:
    from pigeonhole.onnx_graph.from_torch import to_onnx

    network = from_pixels(trunk.eval(), (0.5,) * 3, (0.25,) * 3)
    return maps_behind(to_onnx(network, size).SerializeToString()) is not None


def test_only_a_linear_head_behind_a_mean_gives_a_heat_map() -> None:
    maps = (nn.Conv2d(3, 8, 3), nn.ReLU())
    mean = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
    assert has_heat(nn.Sequential(*maps, *mean), 32)
    assert not has_heat(nn.Sequential(*maps, *mean, nn.Linear(8, 8), nn.ReLU()), 32)
    assert not has_heat(nn.Sequential(*maps, nn.AdaptiveAvgPool2d(2), nn.Flatten()), 32)


@pytest.mark.long("exports networks of up to 60 million weights")
@pytest.mark.parametrize(
    ("name", "has"), [("resnet18", True), ("squeezenet1_1", True), ("mobilenet_v3_small", False), ("alexnet", False)]
)
def test_only_networks_that_end_in_a_mean_give_a_heat_map(tmp_path: Path, name: str, has: bool) -> None:
    from pigeonhole.backbones import registry

    path = write_random_weights(tmp_path / f"{name}.pth", name)
    assert has_heat(registry.backbone_network(name, path), 96 if name != "alexnet" else 224) is has


def test_a_heat_map_needs_no_torch_and_overwrites_nothing(superheroes: Path, shared: Path, tmp_path: Path) -> None:
    picture = next((shared / "data" / "superheroes" / "test" / "elsa").iterdir())
    out = tmp_path / "heat map.png"
    assert not imported_by("guess", superheroes, picture, "--heat-map", out) & {"torch", "onnx", "matplotlib", "scipy"}
    with Image.open(out) as drawing:
        assert drawing.size == (448, 448)
    before = out.read_bytes()
    again = pigeonhole("guess", superheroes, picture, "--heat-map", out)
    assert again.returncode == 2
    assert "exists already" in again.stderr
    assert out.read_bytes() == before
    two = pigeonhole("guess", superheroes, picture, picture, "--heat-map", tmp_path / "x.png")
    assert (two.returncode, "draws one picture" in two.stderr) == (2, True)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES with a probe on the network `tiny`, which tells `wide` drawings from `tall` ones."""
    tf_files = write_set(tmp_path_factory.mktemp("shapes"))
    result = called("train", tf_files, "--no-report", "--size", "64", "--crop", "squeeze")
    assert result.returncode == 0, result.stderr
    return tf_files


@pytest.fixture
def picture(shapes: Path) -> Path:
    return sorted((shapes / "data" / "wide").iterdir())[0]


def test_one_category_is_shown_against_another(shapes: Path, picture: Path, tmp_path: Path) -> None:
    for name, options in (("one", []), ("two", ["--against", "tall"])):
        result = called("explain", shapes, picture, tmp_path / f"{name}.png", *options)
        assert (result.returncode, result.stderr) == (0, "")
    with Image.open(tmp_path / "one.png") as one, Image.open(tmp_path / "two.png") as two:
        assert abs(two.height - 2 * one.height) <= 2
        assert one.width == two.width
        assert np.asarray(one.convert("L")).std() > 20


def test_layers_are_shown_and_a_wrong_name_is_answered_with_right_ones(
    shapes: Path, picture: Path, tmp_path: Path
) -> None:
    good = called("explain", shapes, picture, tmp_path / "a.png", "--layers", "features.0, features.8")
    assert good.returncode == 0, good.stderr
    with Image.open(tmp_path / "a.png") as drawing:
        assert drawing.width > drawing.height
    bad = called("explain", shapes, picture, tmp_path / "b.png", "--layers", "feature.0")
    assert bad.returncode == 2
    assert "no layer called 'feature.0'. It has features.0" in bad.stderr
    assert not (tmp_path / "b.png").exists()


def test_networks_that_were_learnt_here_are_explained_too(marks: Path, picture: Path, tmp_path: Path) -> None:
    result = called("explain", marks, picture, tmp_path / "a.png")
    assert (result.returncode, result.stderr) == (0, "")

    finetuned = write_set(tmp_path / "finetuned")
    probed, weights = probe(finetuned)
    one_fold = replace(probed, split=probed.split.one(np.array(probed.dataset.targets)))
    trained = as_finetuned(one_fold, fine_tune(Workspace(finetuned), one_fold, weights, seed=0, output=Recorder()))
    onnx = finish(trained, 0.95).onnx
    (finetuned / "model.onnx").write_bytes(onnx)
    remember(Workspace(finetuned), onnx, trained.network)
    result = called("explain", finetuned, picture, tmp_path / "b.png")
    assert (result.returncode, result.stderr) == (0, "")
    (kept,) = (finetuned / "cache").glob("network-*.pt")
    for damage in (b"", b"poison", kept.read_bytes()[:-99], saved({"features.0.0.weight": torch.zeros(1)})):
        kept.write_bytes(damage)
        result = called("explain", finetuned, picture, tmp_path / "c.png")
        assert result.returncode == 3
        assert f"The trained network in {kept} is damaged. Train again." in result.stderr
        assert not (tmp_path / "c.png").exists()
    kept.unlink()
    result = called("explain", finetuned, picture, tmp_path / "c.png")
    assert result.returncode == 3
    assert "The trained network is no longer in TF_FILES/cache. Train again." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["{picture}"], 2, "Expected [TF_FILES] IMAGE OUT.png, got 1 names."),
        (["{tf}", "{picture}", "{out}.jpg"], 2, "{out}.jpg"),
        (["{tf}", "nowhere.jpg", "{out}.png"], 2, "There is no file nowhere.jpg."),
        (["{tf}", "{picture}", "{out}.png", "--against", "anna"], 2, "no category anna. It knows tall, wide."),
        (["{tf}", "{text}", "{out}.png"], 1, "text.jpg: it is not a picture"),
        (["{elsewhere}", "{picture}", "{out}.png"], 3, "that the model was trained with are not in"),
    ],
)
def test_a_wrong_call_is_answered_with_a_sentence(  # noqa: PLR0917
    shapes: Path, picture: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "elsewhere").mkdir()
    shutil.copyfile(shapes / "model.onnx", tmp_path / "elsewhere" / "model.onnx")
    places = {
        "tf": shapes,
        "picture": picture,
        "out": tmp_path / "out",
        "text": tmp_path / "text.jpg",
        "elsewhere": tmp_path / "elsewhere",
    }
    result = called("explain", *(each.format(**places) for each in arguments))
    assert result.returncode == code
    assert said.format(**places) in result.stderr
    assert not (tmp_path / "out.png").exists()
