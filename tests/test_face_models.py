"""A model that looks at faces finds them by itself, says where there is none, and names every face of a picture."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from commands import called, imported_by, pigeonhole
from conftest import MadeOnce
from pages import serious_findings, served, visiting
from pigeonhole import Classifier
from pigeonhole.backbones.feature_cache import FeatureStore
from pigeonhole.backbones.frozen import load_backbone
from pigeonhole.backbones.obtain import obtain_weights
from pigeonhole.dataset.folders import read_dataset
from pigeonhole.decoding.faces import Looking, commoner, main_faces
from pigeonhole.files import find_named
from pigeonhole.finetuning.finetune import as_finetuned, fine_tune
from pigeonhole.finetuning.loader import Pictures, View
from pigeonhole.images import Preprocessing, to_square
from pigeonhole.images.preprocessing import Crop
from pigeonhole.labelling.decision import Kind
from pigeonhole.labelling.pictures import Picture
from pigeonhole.labelling.questions.features import backbone_for, look_at
from pigeonhole.model import load_model, open_session
from pigeonhole.model.tensors import FEATURES, INPUT
from pigeonhole.output import Recorder, Silent
from pigeonhole.recipes.at_faces import at_faces as with_its_faces
from pigeonhole.recipes.probe import probe_backbone
from pigeonhole.stream import Decoded, decoded
from pigeonhole.train.finish import finish
from pigeonhole.train.publish import publish_model
from pigeonhole.workspace import Workspace
from scenes import scene
from tiny import TINY, write_tiny_weights
from trees import tree
from whole_pictures import whole_picture, write_wholes

NAMES = ("mila", "nora", "tess")
WITHOUT_OPENCV = ("-c", "import sys; sys.modules['cv2'] = None\nfrom pigeonhole.cli import main\nmain()")


@pytest.fixture(scope="session")
def at_faces(made_once: MadeOnce, animeface: Path) -> Path:
    """A TF_FILES trained with --crop faces on whole pictures; `training.txt` in it holds what was said.

    OpenCV's cascade alone finds hardly any of the characters that the project draws.
    """

    def make(tf_files: Path) -> None:
        write_wholes(tf_files / "data", 8)
        result = called("train", tf_files, "--crop", "faces", "--backbone", "builtin", "--no-report")
        assert result.returncode == 0, result.stderr
        (tf_files / "training.txt").write_text(result.stderr + result.stdout)

    return made_once("at-faces", make)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A picture with mila on the left and nora on the right, which its file holds lying on its side."""
    both = Image.new("RGB", (1040, 400))
    both.paste(whole_picture(0, 1).picture, (0, 0))
    both.paste(whole_picture(1, 2).picture, (520, 0))
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "two friends.jpg"
    both.transpose(Image.Transpose.ROTATE_90).save(path, quality=95, exif=exif)
    return path


@pytest.fixture
def landscape(tmp_path: Path) -> Path:
    path = tmp_path / "land scape.png"
    scene(5, (500, 400)).save(path)
    return path


def whole_pictures(folder: Path) -> Iterator[tuple[Path, str]]:
    """Whole pictures that nothing was trained on, in one folder, and who is on them."""
    folder.mkdir()
    for number, name in enumerate(NAMES):
        for seed in range(100, 102):
            path = folder / f"{seed} {number}.jpg"
            whole_picture(number, seed).picture.save(path, quality=95)
            yield path, name


def sorted_into(out: Path) -> list[str]:
    return sorted(path.name.rpartition("-")[0] for path in out.iterdir() if path.is_file())


def test_whole_pictures_are_sorted_by_the_faces_on_them(at_faces: Path, tmp_path: Path) -> None:
    truth = dict(whole_pictures(tmp_path / "in"))
    result = pigeonhole("guess-dir", at_faces, tmp_path / "in", tmp_path / "out", "--no-unknown", "--json")
    assert result.returncode == 0
    *lines, summary = map(json.loads, result.stdout.splitlines())
    assert (summary["sorted"], summary["seen"]) == (6, 6)
    assert sum(line["label"] == truth[Path(line["path"])] for line in lines) >= 5
    assert sum(line["face"] is not None for line in lines) >= 5
    assert load_model(at_faces / "model.onnx").card.preprocessing.face == "drawn"
    assert "Faces (drawn) were found in" in (at_faces / "training.txt").read_text()


@pytest.mark.real("trains on faces that were cut out first")
def test_faces_cut_out_first_train_a_model_that_names_those_of_whole_pictures(tmp_path: Path, animeface: Path) -> None:
    write_wholes(tmp_path / "whole", 6)
    assert pigeonhole("faces", tmp_path / "whole", tmp_path / "tf" / "data", "--detector", "drawn").returncode == 0
    result = called("train", tmp_path / "tf", "--backbone", "builtin", "--no-report", "--crop", "squeeze")
    assert result.returncode == 0
    assert load_model(tmp_path / "tf" / "model.onnx").card.preprocessing.face is None
    truth = dict(whole_pictures(tmp_path / "in"))
    named = pigeonhole("guess", tmp_path / "tf", *truth, "--faces", "--json", "--no-unknown")
    assert named.returncode == 0
    answers = {Path(line["path"]): line["faces"] for line in map(json.loads, named.stdout.splitlines())}
    assert sum([face["label"] for face in answers[path]] == [name] for path, name in truth.items()) >= 5
    assert pigeonhole("faces", tmp_path / "in", tmp_path / "cut", "--detector", "drawn").returncode == 0
    shutil.rmtree(tmp_path / "cut" / "no-face", ignore_errors=True)
    assert pigeonhole("guess-dir", tmp_path / "tf", tmp_path / "cut", tmp_path / "out").returncode == 0
    assert len(sorted_into(tmp_path / "out")) >= 5


def test_fine_tuning_learns_from_the_faces_that_its_model_will_look_at(at_faces: Path, tmp_path: Path) -> None:
    tf_files = shutil.copytree(at_faces, tmp_path / "tf")  # with its cache: the faces are found already
    write_tiny_weights(tf_files / "weights" / f"{TINY}.pth")
    for name in NAMES:  # judged by these alone, so that one fold is tuned
        (tf_files / "valid" / name).mkdir(parents=True)
        for path in sorted((tf_files / "data" / name).iterdir())[:3]:
            path.rename(tf_files / "valid" / name / path.name)
    workspace = Workspace(tf_files)
    weights, dataset = obtain_weights(workspace, TINY), read_dataset(workspace)
    backbone = load_backbone(workspace, weights, 64, dataset, Recorder())
    dataset, backbone = with_its_faces(workspace, dataset, backbone, Recorder(), "drawn")
    probed = probe_backbone(workspace, dataset, backbone, seed=0, output=Recorder())
    examples, preprocessing = probed.dataset.examples, probed.backbone.preprocessing
    seen = Pictures(examples, np.array(probed.dataset.targets), preprocessing, View(None))
    for row, guessed in enumerate(decoded((example.found for example in examples), preprocessing)):
        assert isinstance(guessed, Decoded)
        assert np.array_equal(seen[0, row][0].numpy(), guessed.pixels)

    trained = as_finetuned(probed, fine_tune(workspace, probed, weights, seed=0, output=Recorder()))
    finished = finish(trained, 0.95)
    publish_model(workspace.model, finished.onnx, trained.sample, finished.probabilities, finished.distances)

    card = load_model(workspace.model).card
    assert (card.recipe, card.preprocessing.face) == ("finetune", "drawn")
    path = tmp_path / "new.jpg"
    whole_picture(0, 100).picture.save(path, quality=95)
    (line,) = map(json.loads, pigeonhole("guess", tf_files, path, "--json", "--no-unknown").stdout.splitlines())
    assert line["face"] is not None
    assert line["label"] in NAMES


@pytest.mark.real("trains on whole pictures and on their faces")
def test_auto_finds_out_that_faces_tell_more_than_whole_pictures(at_faces: Path, tmp_path: Path) -> None:
    for part in ("data", "cache"):  # the faces are found already
        shutil.copytree(at_faces / part, tmp_path / part)
    result = called("train", tmp_path, "--backbone", "builtin", "--no-report")
    assert result.returncode == 0
    assert "Of each picture the face is used, not the centre: more accurate here." in result.stderr
    assert load_model(tmp_path / "model.onnx").card.preprocessing.face == "drawn"


def test_where_there_is_no_face_the_whole_picture_is_classified_and_that_is_said(
    at_faces: Path, landscape: Path, tmp_path: Path
) -> None:
    guessed = pigeonhole("guess", at_faces, landscape)
    assert guessed.returncode == 0
    assert "(score = " in guessed.stdout
    assert f"no face: {landscape}: the whole picture was classified" in guessed.stderr
    assert json.loads(pigeonhole("guess", at_faces, landscape, "--json").stdout)["face"] is None
    (tmp_path / "in").mkdir()
    shutil.copy(landscape, tmp_path / "in")
    folder = pigeonhole("guess-dir", at_faces, tmp_path / "in", tmp_path / "out")
    assert "1 picture has no face and was classified as a whole." in folder.stderr
    assert len(sorted_into(tmp_path / "out")) == 1
    (tmp_path / "test" / "mila").mkdir(parents=True)
    shutil.copy(landscape, tmp_path / "test" / "mila")
    evaluated = pigeonhole("evaluate", at_faces, tmp_path / "test", "--no-report")
    assert "1 picture has no face and was classified as a whole." in evaluated.stderr


def test_every_face_is_named_with_its_place_in_the_upright_picture(at_faces: Path, pair: Path, landscape: Path) -> None:
    result = pigeonhole("guess", at_faces, pair, landscape, "--faces", "--json", "--no-unknown")
    assert result.returncode == 0
    two, none = map(json.loads, result.stdout.splitlines())
    assert (two["path"], none) == (str(pair), {"path": str(landscape), "faces": []})
    assert [face["label"] for face in two["faces"]] == ["mila", "nora"]
    for face, whole in zip(two["faces"], (whole_picture(0, 1), whole_picture(1, 2)), strict=True):
        place = face["face"]
        x, y = place["left"] % 520 + place["width"] / 2 - whole.left, place["top"] + place["height"] / 2 - whole.top
        assert 70 < x < 170
        assert 70 < y < 170
    lines = pigeonhole("guess", at_faces, pair, landscape, "--faces", "--top", "1").stdout.splitlines()
    assert [line.partition(" (")[0] for line in lines if line.startswith(("face", *NAMES, "no "))] == [
        *("face 1", "mila", "face 2", "nora", "no face")
    ]


def test_boxes_are_drawn_on_the_upright_picture_and_overwrite_nothing(
    at_faces: Path, pair: Path, tmp_path: Path
) -> None:
    out = tmp_path / "bo xes.png"
    result = pigeonhole("guess", at_faces, pair, "--boxes", out)
    assert result.returncode == 0
    assert "face 2 (" in result.stdout
    with Image.open(out) as drawn, Image.open(pair) as picture:
        assert drawn.size == (1040, 400)
        pixels = np.asarray(drawn).astype(int)
        before = np.asarray(picture.transpose(Image.Transpose.ROTATE_270)).astype(int)
    changed = np.abs(pixels - before).max(axis=2) > 60
    assert 0.005 < changed.mean() < 0.2
    written = out.read_bytes()
    assert pigeonhole("guess", at_faces, pair, "--boxes", out).returncode == 2
    assert out.read_bytes() == written


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--boxes", "x.jpg"], "The output file must end in .png: x.jpg."),
        (["--boxes", "no folder/x.png"], "There is no folder no folder."),
        (["--faces", "--heat-map", "x.png"], "--heat-map is about a picture, --faces about its faces."),
        (["other.png", "--boxes", "x.png"], "--boxes draws one picture. Name one picture."),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    options: list[str], sentence: str, at_faces: Path, landscape: Path, tmp_path: Path
) -> None:
    shutil.copy(landscape, tmp_path / "other.png")
    before = tree(tmp_path)
    result = pigeonhole("guess", at_faces, landscape, *options, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert sentence in result.stderr
    assert tree(tmp_path) == before


def test_python_answers_as_the_command_does(at_faces: Path, pair: Path) -> None:
    guess = Classifier.load(at_faces / "model.onnx").guess(pair)
    said = json.loads(pigeonhole("guess", at_faces, pair, "--json").stdout)
    assert guess.label == said["label"]
    assert guess.score == pytest.approx(said["score"], abs=1e-5)
    assert guess.face is not None
    assert guess.face.box is not None
    assert guess.face.box[:2] == (said["face"]["left"], said["face"]["top"])


def test_guessing_by_faces_needs_no_torch_and_guessing_without_needs_no_opencv(
    at_faces: Path, tf_files: Path, landscape: Path
) -> None:
    assert not imported_by("guess", at_faces, landscape) & {"torch", "onnx", "sklearn", "scipy", "matplotlib"}
    assert "cv2" not in imported_by("guess", tf_files, landscape)


def test_without_opencv_a_sentence_says_what_to_install(at_faces: Path, tf_files: Path, landscape: Path) -> None:
    for arguments in (("guess", at_faces, landscape), ("guess", tf_files, landscape, "--faces")):
        result = pigeonhole(*arguments, program=WITHOUT_OPENCV)
        assert (result.returncode, result.stdout) == (2, "")
        assert "looks for faces with OpenCV, which is not installed. Install it with: pip install" in result.stderr


def test_training_at_faces_without_any_is_refused(tmp_path: Path) -> None:
    for first, name in enumerate(("a", "b")):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(3):
            scene(10 * first + number, (200, 160)).save(tmp_path / "data" / name / f"{number}.png")
    result = called("train", tmp_path, "--crop", "faces", "--backbone", "builtin")
    assert result.returncode == 3
    assert "No face was found in 6 of the training pictures. Leave --crop faces out." in result.stderr
    assert not (tmp_path / "model.onnx").exists()


def test_each_training_picture_is_searched_once(at_faces: Path, tmp_path: Path) -> None:
    shutil.copytree(at_faces / "data", tmp_path / "data")
    shutil.copytree(at_faces / "cache", tmp_path / "cache")
    (tmp_path / "data" / "mila" / "new.jpg").write_bytes(b"\xff\xd8\xff broken")
    again = called("train", tmp_path, "--crop", "faces", "--backbone", "builtin", "--no-report")
    assert again.returncode == 0
    assert "left out: " in again.stderr
    first, second = (
        next(line for line in text.splitlines() if line.startswith("Accuracy"))
        for text in ((at_faces / "training.txt").read_text(), again.stdout)
    )
    assert first == second


def test_a_picture_that_cannot_be_read_costs_the_search_nothing_else(tmp_path: Path, animeface: Path) -> None:
    good, bad = tmp_path / "good.jpg", tmp_path / "bad.png"
    whole_picture(0, 1).picture.save(good)
    bad.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    results = list(main_faces(map(find_named, (bad, good)), Looking("drawn", animeface)))
    assert [face is not None and face.box is not None for _, face in results] == [False, True]


def test_the_detector_is_the_one_that_finds_faces_in_more_pictures() -> None:
    assert commoner([{"drawn": 1, "human": 0}, {"drawn": 0, "human": 3}, {"drawn": 2, "human": 1}]) == "drawn"
    assert commoner([{"drawn": 0, "human": 1}]) == "human"
    assert commoner([{"drawn": 0, "human": 0}]) is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("crop", ["centre", "squeeze", "letterbox"])
def test_a_part_of_a_picture_looks_as_if_it_were_a_picture_of_its_own(orientation: int, crop: Crop) -> None:
    chance = np.random.default_rng(orientation)
    smooth = Image.fromarray(chance.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize((400, 300))
    part = (60, 40, 260, 190)
    preprocessing = Preprocessing(48, 0.8 if crop == "centre" else 1.0, "bilinear", crop)
    alone = BytesIO()
    smooth.crop(part).save(alone, "PNG")
    exif = Image.Exif()
    exif[274] = orientation
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's transpositions that undo what EXIF asks for
    stored = smooth.transpose(Image.Transpose(back[orientation])) if orientation in back else smooth
    for form, tolerance in (("PNG", 3), ("JPEG", 8)):
        buffer = BytesIO()
        stored.save(buffer, form, exif=exif, **({"quality": 97, "subsampling": 0} if form == "JPEG" else {}))
        seen = to_square(buffer.getvalue(), preprocessing, part=part).astype(int)
        expected = to_square(alone.getvalue(), preprocessing).astype(int)
        inner = np.abs(seen - expected)[2:-2, 2:-2] if crop != "letterbox" else np.abs(seen - expected)[8:-8, 2:-2]
        assert inner.max() <= tolerance, form


def test_a_remark_says_that_faces_are_looked_for_with_less_than_in_training(
    at_faces: Path, landscape: Path, tmp_path: Path
) -> None:
    alone = {"XDG_CACHE_HOME": str(tmp_path / "empty"), "PIGEONHOLE_ANIMEFACE": "", "PIGEONHOLE_OFFLINE": "1"}
    result = pigeonhole("guess", at_faces, landscape, environment={**os.environ, **alone})
    assert result.returncode == 0
    assert "animeface, which helps to find drawn faces, is not installed here" in result.stderr


def test_the_page_frames_and_names_every_face_at_once(
    at_faces: Path, pair: Path, landscape: Path, chromium: Browser
) -> None:
    with served(at_faces) as server, visiting(chromium, server) as visit:
        page = visit.page
        page.get_by_label("Choose pictures").set_input_files(pair)
        faces = page.get_by_role("list", name="Faces").get_by_role("listitem")
        expect(faces).to_have_count(2)
        for face, name in zip(faces.all(), ("mila", "nora"), strict=True):
            expect(face).to_contain_text(name)
        framed = page.get_by_role("img", name="two friends.jpg, with a numbered frame around each of 2 faces")
        expect(framed).to_have_attribute("src", re.compile("/faces$"))
        expect(page.get_by_role("status")).to_contain_text("2 faces found")
        assert serious_findings(page) == []
        page.get_by_label("Choose pictures").set_input_files(landscape)
        expect(page.get_by_text("No face was found.")).to_be_visible()
        assert not visit.complaints


def test_the_page_learns_from_the_faces_that_the_model_looks_at(at_faces: Path, tmp_path: Path) -> None:
    whole_picture(0, 7).picture.save(tmp_path / "whole.png")
    backbone = backbone_for(Workspace(at_faces), Silent())
    seen = load_model(at_faces / "model.onnx").card.preprocessing
    assert backbone.preprocessing == seen
    assert seen.face == "drawn"
    (item,) = decoded([find_named(tmp_path / "whole.png")], seen)
    assert isinstance(item, Decoded)
    with FeatureStore.open(Workspace(at_faces), backbone) as store:
        picture = Picture(tmp_path / "whole.png", tmp_path, Kind.UNSORTED)
        (vector,) = look_at([picture], backbone, store, Silent()).values()
    (expected,) = open_session(backbone.onnx).run([FEATURES], {INPUT: item.pixels[None]})[0]
    assert item.face
    assert item.face.box
    assert np.allclose(vector, expected, atol=1e-4)
