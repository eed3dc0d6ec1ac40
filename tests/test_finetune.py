"""What fine-tuning promises: it starts from the probe, can be interrupted, is repeatable, and tells its accuracy."""

import copy
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from commands import TIMEOUT
from pigeonhole.backbones import registry
from pigeonhole.backbones.weights import Weights
from pigeonhole.evaluation.feature_distance import fit_distance
from pigeonhole.evaluation.head import Head
from pigeonhole.finetuning import finetune, loop
from pigeonhole.finetuning.augment import augmentation
from pigeonhole.finetuning.checkpoint import DIGITS, forget_checkpoints, save_checkpoint
from pigeonhole.finetuning.finetune import as_finetuned, common_best, fine_tune
from pigeonhole.finetuning.loader import Pictures, View, balanced_order
from pigeonhole.finetuning.loop import Run, Tuned, parameter_groups
from pigeonhole.finetuning.plan import Plan, plan_for
from pigeonhole.model.load import read_model
from pigeonhole.onnx_graph.from_torch import from_pixels
from pigeonhole.output import Output, Recorder, Stage
from pigeonhole.recipes.preprocessing_search import PreprocessingChoice
from pigeonhole.recipes.probe import Probed, as_trained
from pigeonhole.train.finish import finish
from pigeonhole.train.publish import publish_model
from pigeonhole.train.run import TrainingOptions, train
from pigeonhole.workspace import Workspace
from scenes import drawn
from tiny import FEATURES, TINY
from tuning import PICTURES, probe, tuned, write_set


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A TF_FILES whose features are known already."""
    tf_files = write_set(tmp_path_factory.mktemp("tuning"))
    probe(tf_files)
    return tf_files


@pytest.fixture
def mine(small: Path, tmp_path: Path) -> Path:
    return shutil.copytree(small, tmp_path / "tf files")


@pytest.fixture(scope="session")
def uninterrupted(small: Path, tmp_path_factory: pytest.TempPathFactory) -> finetune.Finetuned:
    return tuned(shutil.copytree(small, tmp_path_factory.mktemp("whole") / "tf"))


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    ours, theirs = one.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


def start_of(probed: Probed, weights: Weights) -> torch.nn.Module:
    """The trunk before it was tuned."""
    trunk = registry.backbone_network(probed.backbone.name, weights.path)
    return from_pixels(trunk, *registry.normalisation_of(TINY))


class Interrupted(Recorder):
    """Ctrl-C after so many epochs, of all folds together."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.left = after

    @contextmanager
    def stage(self, title: str, total: int | None) -> Iterator[Stage]:
        def advance() -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        yield advance


def test_interrupted_after_any_epoch_it_ends_with_the_same_weights(
    mine: Path, uninterrupted: finetune.Finetuned
) -> None:
    """Eight of the ten epochs that a run has, first and last among them; in each of six folds and in the final run."""
    probed, weights = probe(mine)
    assert (len(probed.split.folds), plan_for(2 * PICTURES, 64).epochs) == (6, 10)
    for after in range(2, 70, 9):
        with pytest.raises(KeyboardInterrupt):
            fine_tune(Workspace(mine), probed, weights, seed=0, output=Interrupted(after))
    result = fine_tune(Workspace(mine), probed, weights, seed=0, output=Recorder())
    assert same(result.network, uninterrupted.network)
    assert not same(result.network.trunk, start_of(probed, weights))
    assert np.array_equal(result.held_out.logits, uninterrupted.held_out.logits)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(
    mine: Path, uninterrupted: finetune.Finetuned
) -> None:
    probed, weights = probe(mine)
    assert same(tuned(mine).network, uninterrupted.network)
    other = fine_tune(Workspace(mine), probed, weights, seed=1, output=Recorder())
    assert not same(other.network, uninterrupted.network)


@pytest.mark.real("two fine-tunings in processes of their own")
def test_killed_for_good_it_goes_on_where_it_was(mine: Path, tmp_path: Path, uninterrupted: finetune.Finetuned) -> None:
    command = [sys.executable, str(Path(__file__).parent / "tuning.py"), str(mine), str(tmp_path)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + TIMEOUT
    while not list((mine / "cache").glob("finetune-*/fold-1.pt")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "0.pt").exists()

    subprocess.run(command, check=True)

    result = torch.load(tmp_path / "0.pt", weights_only=True)
    whole = uninterrupted.network.state_dict()
    assert all(torch.equal(result["weights"][name], whole[name]) for name in whole)
    assert np.array_equal(result["logits"].numpy(), uninterrupted.held_out.logits)


@pytest.mark.real("starts torchrun with two processes")
def test_two_processes_learn_what_one_learns_and_one_speaks_and_writes(
    mine: Path, tmp_path: Path, uninterrupted: finetune.Finetuned
) -> None:
    """By torchrun, with gloo on the CPU: gradients are averaged, so both have the same weights after every step.

    One of them speaks and writes the model.
    """
    out = tmp_path / "out"
    out.mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = Path(__file__).parent / "tuning.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*torchrun, script, mine, out], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    first, second = (torch.load(out / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    assert all(torch.equal(first["weights"][name], second["weights"][name]) for name in first["weights"])
    probed, weights = probe(mine)
    start = {f"trunk.{name}": tensor for name, tensor in start_of(probed, weights).state_dict().items()}
    alone = uninterrupted.network.state_dict()
    moved = {name: (alone[name] - start[name], first["weights"][name] - start[name]) for name in start}
    ours, theirs = (torch.cat([pair[side].flatten().double() for pair in moved.values()]) for side in (0, 1))
    assert float((ours - theirs).norm() / ours.norm()) < 0.2  # sums in another order, in bf16; without each other: 1.4
    assert done.stdout.count("The model is in") == 1
    assert done.stderr.count(f"Learning from {2 * PICTURES} pictures") == 1
    assert read_model((mine / "model.onnx").read_bytes()).card.labels == ("tall", "wide")


def test_where_nothing_can_be_learnt_the_probe_stays_and_that_is_said(tmp_path: Path) -> None:
    tf_files = write_set(tmp_path)
    for category, seeds in (("wide", range(12)), ("tall", range(100, 112))):
        shutil.rmtree(tf_files / "data" / category)
        drawn(tf_files / "data" / category, seeds)  # both of one shape: what tells them apart is chance
    recorder = Recorder()
    options = TrainingOptions("finetune", TINY, preprocessing=PreprocessingChoice("squeeze", 64), report=False)
    result = train(Workspace(tf_files), options, recorder)
    assert read_model(result.model.read_bytes()).card.recipe == "probe"
    (said,) = (note for note in recorder.notes if note.startswith("Fine-tuned: "))
    assert " of 24 pictures; " in said
    assert said.endswith("which may be luck, so the probe stays.")
    assert not list((tf_files / "cache").glob("finetune-*"))  # nobody goes on from its checkpoints


def test_the_file_of_a_tuned_network_asks_the_frozen_one_how_familiar_a_picture_is(
    mine: Path, uninterrupted: finetune.Finetuned, tmp_path: Path
) -> None:
    probed, _ = probe(mine)
    network = copy.deepcopy(uninterrupted.network)
    with torch.no_grad():
        for parameter in network.trunk.parameters():  # as if it had learnt much
            parameter.mul_(1.2)
    trained = as_finetuned(probed, replace(uninterrupted, network=network))
    finished = finish(trained, 0.95)
    assert finished.distances is not None
    publish_model(tmp_path / "m.onnx", finished.onnx, trained.sample, finished.probabilities, finished.distances)
    model = read_model((tmp_path / "m.onnx").read_bytes())
    assert model.card.recipe == "finetune"
    _, distances = model.answers(trained.sample)
    assert distances is not None
    frozen = as_trained(probed).sample_features
    asked = fit_distance(trained.dataset, trained.embeddings, trained.split, trained.held_out).distance
    logits = trained.head.logits(trained.sample_features)
    assert np.allclose(distances, asked.distances(frozen, logits), atol=1e-3)
    assert not np.allclose(distances, asked.distances(trained.sample_features, logits), atol=1e-3)


def test_a_probe_is_what_auto_means_without_a_gpu(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pigeonhole.train import run

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("asked to fine-tune")

    monkeypatch.setattr(run, "ENOUGH_TO_TUNE", 10)
    monkeypatch.setattr(finetune, "train_finetune", refuse)
    monkeypatch.setattr(run, "has_gpu", lambda: False)
    train(Workspace(mine), TrainingOptions(backbone=TINY, preprocessing=PreprocessingChoice("squeeze", 64)), Recorder())
    monkeypatch.setattr(run, "has_gpu", lambda: True)
    with pytest.raises(RuntimeError, match="asked to fine-tune"):
        train(
            Workspace(mine),
            TrainingOptions(backbone=TINY, preprocessing=PreprocessingChoice("squeeze", 64)),
            Recorder(),
        )


@pytest.fixture
def network(mine: Path) -> Tuned:
    return _network(mine)


def _network(mine: Path) -> Tuned:
    trunk = registry.backbone_network(TINY, mine / "weights" / f"{TINY}.pth")
    head = Head(np.random.default_rng(0).normal(size=(2, FEATURES)), np.array([0.5, -0.5]))
    return Tuned(from_pixels(trunk, *registry.normalisation_of(TINY)), head)


def _run(mine: Path, network: Tuned, plan: Plan, output: Output | None = None) -> Run:
    probed, _ = probe(mine)
    material = loop.Material(probed.dataset.examples, np.array(probed.dataset.targets), probed.backbone.preprocessing)
    fold, place = probed.split.folds[0], mine / "cache" / "x.pt"
    output = output or Recorder()
    return loop.tune(network, material, fold, plan, seed=0, checkpoint=place, output=output, advance=lambda: None)


SHORT = Plan((32, 32), batch=8, freeze_statistics=True)


@pytest.fixture(scope="session")
def checkpoint(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, dict[str, torch.Tensor]]:
    """What a run of two epochs leaves behind, and its weights."""
    place = shutil.copytree(small, tmp_path_factory.mktemp("checkpoint") / "tf")
    network = _network(place)
    _run(place, network, SHORT)
    return (place / "cache" / "x.pt").read_bytes(), network.state_dict()


def _changed(**parts: object) -> Callable[[dict[str, Any]], object]:
    return lambda state: {**state, **parts}


def _in_the_run(**parts: object) -> Callable[[dict[str, Any]], object]:
    return lambda state: {**state, "run": {**state["run"], **parts}}


DAMAGED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a list": lambda _: [1, 2],
    "nothing": lambda _: {},
    "without a run": lambda state: {name: part for name, part in state.items() if name != "run"},
    "one part more": _changed(more=1),
    "the run a list": _changed(run=[0.5]),
    "the run of another version": _in_the_run(best_epoch=1),
    "losses that are texts": _in_the_run(training_losses=["0.5", "0.4"], losses=["0.5", "0.4"]),
    "more epochs than there are": _in_the_run(
        training_losses=[0.5] * 3, losses=[0.5] * 3, logits=[torch.zeros(5, 2)] * 3
    ),
    "logits of other pictures": _in_the_run(logits=[torch.zeros(99, 2)] * 2),
    "logits of other categories": _in_the_run(logits=[torch.zeros(5, 7)] * 2),
    "weights of no network": _changed(network={"linear.weight": torch.zeros(2, 3)}),
    "weights that are texts": lambda state: {**state, "network": dict.fromkeys(state["network"], "poison")},
    "no best weights": _changed(best={}),
    "the best of another network": lambda state: {**state, "best": {**state["best"], "linear.bias": torch.zeros(9)}},
    "an optimiser without groups": _changed(optimiser={"state": {}, "param_groups": []}),
    "moments of other parameters": lambda state: {
        **state, "optimiser": {**state["optimiser"], "state": {0: {"step": torch.tensor(1.0)}}}
    },
    "a schedule of nothing": _changed(schedule={"last_epoch": 3}),
    "a scaler where none is": _changed(scaler={"scale": 2.0}),
}  # fmt: skip


@pytest.mark.parametrize(
    "kind", [*DAMAGED, "empty", "cut off", "without its digest", "a byte changed", "a pipe", "a link to nothing"]
)
def test_a_checkpoint_that_is_damaged_or_not_ours_is_named_and_made_anew(
    mine: Path, network: Tuned, checkpoint: tuple[bytes, dict[str, torch.Tensor]], kind: str
) -> None:
    whole, expected = checkpoint
    path = mine / "cache" / "x.pt"
    if kind in DAMAGED:
        save_checkpoint(path, DAMAGED[kind](torch.load(BytesIO(whole[DIGITS:]), weights_only=True)))
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link to nothing":
        path.symlink_to(mine / "nowhere.pt")
    else:
        middle = len(whole) // 2
        cut = {"empty": b"", "cut off": whole[:middle], "without its digest": whole[DIGITS:]}
        path.write_bytes(cut.get(kind, whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]))
    recorder = Recorder()
    _run(mine, network, SHORT, recorder)
    (said,) = recorder.notes
    assert str(path) in said
    assert said.endswith("is damaged, or is that of another training, and is made anew.")
    assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())
    assert path.is_file()


def test_a_whole_checkpoint_is_gone_on_from_in_silence(
    mine: Path, network: Tuned, checkpoint: tuple[bytes, dict[str, torch.Tensor]], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, expected = checkpoint
    (mine / "cache" / "x.pt").write_bytes(whole)
    monkeypatch.setattr(loop, "balanced_order", _only_once(balanced_order))  # no epoch is learnt again
    recorder = Recorder()
    _run(mine, network, SHORT, recorder)
    assert recorder.notes == []
    assert all(torch.equal(tensor, expected[name]) for name, tensor in network.state_dict().items())


def _only_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The learner asks once how many steps an epoch has."""
    asked: list[object] = []

    def once(*arguments: object) -> object:
        assert not asked
        asked.append(arguments)
        return function(*arguments)

    return once


@pytest.mark.parametrize("kind", ["a file", "a link"])
def test_what_is_named_like_checkpoints_is_forgotten_and_nothing_behind_a_link(tmp_path: Path, kind: str) -> None:
    (tmp_path / "cache").mkdir()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "own.pt").write_bytes(b"mine")
    odd = tmp_path / "cache" / "finetune-odd"
    odd.write_bytes(b"x") if kind == "a file" else odd.symlink_to(mine)
    (tmp_path / "cache" / "finetune-1").mkdir()
    (tmp_path / "cache" / "finetune-1" / "fold-0.pt").write_bytes(b"x")
    forget_checkpoints(Workspace(tmp_path))
    assert list((tmp_path / "cache").iterdir()) == []
    assert (mine / "own.pt").read_bytes() == b"mine"


@pytest.mark.parametrize("frozen", [True, False])
def test_all_of_it_learns_and_a_small_set_leaves_the_statistics_alone(mine: Path, network: Tuned, frozen: bool) -> None:
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    _run(mine, network, Plan((64, 64), batch=8, freeze_statistics=frozen, stop_after=0))
    changed = {name for name, tensor in network.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {name for name, _ in network.named_parameters()} <= changed
    assert any("running_mean" in name for name in changed) is not frozen


def test_the_head_learns_fastest_and_the_lowest_layers_most_slowly(network: Tuned) -> None:
    groups = parameter_groups(network)
    rates = [group["lr"] for group in groups]
    assert rates == sorted(rates)
    assert len(rates) == 3
    assert sum(len(group["params"]) for group in groups) == len(list(network.parameters()))
    assert groups[0]["params"][0] is next(network.trunk.parameters())
    assert groups[-1]["params"] == list(network.linear.parameters())


def test_large_sets_are_seen_less_often_and_small_at_first() -> None:
    assert plan_for(400, 224).sizes == (224,) * 10
    assert plan_for(100_000, 224).sizes == (160,) * 2 + (224,) * 2
    assert [plan_for(count, 224).freeze_statistics for count in (400, 100_000)] == [True, False]


def test_it_stops_when_it_gets_no_better_but_not_in_its_first_half() -> None:
    plan = Plan((64,) * 10, batch=8, freeze_statistics=True)
    run = Run([], [0.5, 0.3, *[0.4] * 6], [])
    assert (run.best, run.is_over(plan)) == (1, False)  # the fast half of the cycle is no reason to give up
    run.losses.append(0.31)
    assert (run.best, run.is_over(plan)) == (1, True)
    assert common_best([run, Run([], [0.9, 0.8, 0.5], [])]) == 2


def test_every_category_is_seen_equally_often() -> None:
    targets = np.array([0] * 90 + [1] * 10)
    rows = np.arange(100)
    order = balanced_order(rows, targets, 0, 0)
    counts = np.bincount(order, minlength=100)
    assert (len(order), counts[:90].sum(), counts[90:].sum()) == (100, 50, 50)
    assert counts[90:].tolist() == [5] * 10
    assert counts[:90].max() == 1
    assert balanced_order(rows, targets, 0, 0).tolist() == order.tolist()
    assert balanced_order(rows, targets, 0, 1).tolist() != order.tolist()


def test_a_picture_is_augmented_by_seed_epoch_and_place_alone(mine: Path) -> None:
    probed, _ = probe(mine)

    def seen(view: View, place: int) -> torch.Tensor:
        torch.manual_seed(time.monotonic_ns())
        targets = np.array(probed.dataset.targets)
        return Pictures(probed.dataset.examples, targets, probed.backbone.preprocessing, view)[place, 3][0]

    one = seen(View(48, 1, 2), 5)
    assert (one.shape, one.dtype) == ((48, 48, 3), torch.uint8)
    assert torch.equal(seen(View(48, 1, 2), 5), one)
    others = [seen(View(48, 2, 2), 5), seen(View(48, 1, 3), 5), seen(View(48, 1, 2), 6)]
    assert not any(torch.equal(other, one) for other in others)


def test_augmented_pictures_have_the_size_of_the_epoch() -> None:
    picture = torch.randint(0, 256, (3, 100, 100), dtype=torch.uint8)
    for size in (32, 96, 128):
        assert augmentation(size)(picture).shape == (3, size, size)
