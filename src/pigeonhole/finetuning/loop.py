"""Fine-tuning a backbone together with its head, from a linear probe: one run over one fold.

Kumar et al. 2022, "Fine-Tuning can Distort Pretrained Features and Underperform Out-of-Distribution" (arXiv
2202.10054): the head comes from a probe. Howard and Ruder 2018 (arXiv 1801.06146): its lower layers learn
more slowly. Smith 2018 (arXiv 1803.09820): one cycle of the learning rate.
"""

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pigeonhole.dataset.folders import Example
from pigeonhole.dataset.split import Fold
from pigeonhole.evaluation.head import Head, log_loss
from pigeonhole.finetuning import distributed
from pigeonhole.finetuning.checkpoint import alike, load_checkpoint, save_checkpoint
from pigeonhole.finetuning.loader import Pictures, View, balanced_order, batches
from pigeonhole.finetuning.mixed_precision import autocast, fast_dtype
from pigeonhole.finetuning.plan import Plan
from pigeonhole.images import Preprocessing
from pigeonhole.output import Output

RATES = (1e-4, 5e-4)  # peaks for the lower and the upper half of the trunk's layers
HEAD_RATE = 2e-3
WEIGHT_DECAY = 1e-2
PATIENCE = 3  # epochs without a better one


@dataclass(frozen=True, slots=True)
class Material:
    """What a run learns from: `targets` [N] belong to `examples`."""

    examples: Sequence[Example]
    targets: NDArray[np.int64]
    preprocessing: Preprocessing


@dataclass(slots=True)
class Run:
    """What is known after each epoch: training losses, held-out losses (nats), held-out logits [H, C]."""

    training_losses: list[float]
    losses: list[float]
    logits: list[Tensor]

    @property
    def best(self) -> int:
        """The epoch with the least held-out loss, from 0."""
        return int(np.argmin(self.losses))

    def is_over(self, plan: Plan) -> bool:
        """Whether it gets no better. That is not asked in the first half, where the rate or the pictures still grow."""
        return bool(self.losses) and len(self.losses) - 1 - max(self.best, plan.epochs // 2) >= PATIENCE


class Tuned(nn.Module):
    """uint8 [N, S, S, 3] → logits [N, C]: `trunk` with its normalisation, then the `linear` head."""

    def __init__(self, trunk: nn.Module, head: Head) -> None:
        super().__init__()
        self.trunk = trunk
        self.linear = nn.Linear(head.weight.shape[1], head.weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(torch.from_numpy(head.weight))
            self.linear.bias.copy_(torch.from_numpy(head.bias))

    def forward(self, pixels: Tensor) -> Tensor:
        logits: Tensor = self.linear(self.trunk(pixels))
        return logits

    @property
    def head(self) -> Head:
        """What was learnt of it, float64."""
        return Head(
            self.linear.weight.detach().cpu().double().numpy(), self.linear.bias.detach().cpu().double().numpy()
        )


def tune(
    network: Tuned,
    material: Material,
    fold: Fold,
    plan: Plan,
    *,
    seed: int,
    checkpoint: Path,
    output: Output,
    advance: Callable[[], None],
) -> Run:
    """Fine-tune `network` in place on `fold.train`; it ends as it was after the best epoch, or after that of the plan.

    The run goes on from `checkpoint` and ends with the same weights as if it had never been interrupted; where that
    file is damaged or another's, `output` says so and the run begins anew. `advance` is called for each epoch of the
    plan, also for those that were done before or are not needed.
    """
    device = distributed.device()
    network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    learner = _Learner(network, plan, len(balanced_order(fold.train, material.targets, seed, 0)), device)
    run, first = Run([], [], []), 0
    best: dict[str, Tensor] = {}
    is_first = distributed.rank() == 0
    state = distributed.from_first(load_checkpoint(checkpoint, learner.fits(fold), output) if is_first else None)
    if state is not None:
        run, first, best = Run(**state["run"]), len(state["run"]["training_losses"]), state["best"]
        learner.load(state)
    for epoch in range(plan.epochs):
        if epoch >= first and not run.is_over(plan) and (plan.stop_after is None or epoch <= plan.stop_after):
            order = balanced_order(fold.train, material.targets, seed, epoch)
            run.training_losses.append(learner.learn(material, order, epoch, seed))
            run.logits.append(learner.predict(material, fold.held_out))
            if plan.stop_after is None:
                run.losses.append(log_loss(run.logits[-1].double().numpy(), material.targets[fold.held_out]))
                if run.best == epoch:
                    best = {name: tensor.cpu().clone() for name, tensor in network.state_dict().items()}
            if is_first:
                save_checkpoint(checkpoint, {**learner.state(), "run": asdict(run), "best": best})
        advance()
    if best:
        network.load_state_dict(best)
    network.cpu().eval()
    return run


class _Learner:
    """The optimiser and what belongs to it."""

    def __init__(self, network: Tuned, plan: Plan, pictures: int, device: torch.device) -> None:
        self._network, self._plan, self._device = network, plan, device
        self._part = distributed.rank(), distributed.world()
        self._batch = max(1, plan.batch // self._part[1])
        steps = math.ceil(math.ceil(pictures / self._part[1]) / self._batch)
        self._dtype = fast_dtype(device)
        groups = parameter_groups(network)
        self._optimiser = torch.optim.AdamW(groups, weight_decay=WEIGHT_DECAY)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, [group["lr"] for group in groups], total_steps=plan.epochs * steps
        )
        self._scaler = torch.amp.GradScaler(device.type, enabled=self._dtype is torch.float16)

    def state(self) -> dict[str, Any]:
        return {
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
        }

    def fits(self, fold: Fold) -> Callable[[object], bool]:
        """Whether something is the state of such a learner, with its run over `fold`, after some epoch of the plan."""
        rows, categories = len(fold.held_out), self._network.linear.out_features

        def is_run(run: object) -> bool:
            if not isinstance(run, dict) or not isinstance(run.get("training_losses"), list):
                return False
            epochs = len(run["training_losses"])
            judged = epochs if self._plan.stop_after is None else 0
            empty = Run([0.0] * epochs, [0.0] * judged, [torch.empty(rows, categories)] * epochs)
            return 0 < epochs <= self._plan.epochs and alike(run, asdict(empty))

        def is_state(state: object) -> bool:
            if not isinstance(state, dict) or not is_run(state.get("run")):
                return False
            best = self._network.state_dict() if self._plan.stop_after is None else {}
            expected = {**self.state(), "best": best, "run": state["run"]}
            expected["optimiser"] = {**expected["optimiser"], "state": self._moments(state.get("optimiser"))}
            return alike(state, expected)

        return is_state

    def _moments(self, stored: object) -> dict[int, dict[str, Tensor]]:
        """What AdamW knows after a step of the parameters that `stored` knows too: none of those that lead nowhere."""
        known = stored.get("state") if isinstance(stored, dict) else None
        parameters = [parameter for group in self._optimiser.param_groups for parameter in group["params"]]
        return {
            number: {"step": torch.tensor(0.0), "exp_avg": parameter, "exp_avg_sq": parameter}
            for number, parameter in enumerate(parameters)
            if isinstance(known, dict) and number in known
        }

    def load(self, state: dict[str, Any]) -> None:
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._schedule.load_state_dict(state["schedule"])
        self._scaler.load_state_dict(state["scaler"])

    def learn(self, material: Material, order: NDArray[np.int64], epoch: int, seed: int) -> float:
        """One epoch; the result is the mean loss."""
        torch.manual_seed(seed * 1000 + epoch)  # of dropout: the same whether or not the run was interrupted
        view = View(self._plan.sizes[epoch], seed, epoch)
        pictures = Pictures(material.examples, material.targets, material.preprocessing, view)
        self._network.train()
        if self._plan.freeze_statistics:
            _keep_statistics(self._network)
        parallel = distributed.shared(self._network)
        # As many for each process: one that has a step more than the others would wait for them for ever.
        order = np.resize(order, math.ceil(len(order) / self._part[1]) * self._part[1])
        total, count = 0.0, 0
        for pixels, targets in batches(pictures, order, self._batch, self._device, self._part):
            with autocast(self._device, self._dtype):
                loss = nn.functional.cross_entropy(parallel(pixels).float(), targets)
            self._optimiser.zero_grad(set_to_none=True)
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            self._scaler.step(self._optimiser)
            self._scaler.update()
            self._schedule.step()
            total, count = total + float(loss.detach()) * len(targets), count + len(targets)
        sums = distributed.from_all((total, count))
        return float(sum(each[0] for each in sums) / sum(each[1] for each in sums))

    def predict(self, material: Material, rows: NDArray[np.int64]) -> Tensor:
        """The logits [H, C] of the plain pictures `rows`, float32 throughout."""
        self._network.eval()
        pictures = Pictures(material.examples, material.targets, material.preprocessing, View(None))
        own: list[Tensor] = []
        with torch.inference_mode():
            for pixels, _ in batches(pictures, rows, self._batch, self._device, self._part):
                own.append(self._network(pixels).cpu())
        classes = self._network.linear.out_features
        parts = distributed.from_all(torch.cat(own) if own else torch.empty(0, classes))
        logits = torch.empty(len(rows), classes)
        for number, some in enumerate(parts):
            logits[number :: len(parts)] = some
        return logits


def parameter_groups(network: Tuned) -> list[dict[str, Any]]:
    """The layers of the trunk in halves, from the input on, with rising rates; then the head."""
    layers = [list(module.parameters(recurse=False)) for module in network.trunk.modules()]
    layers = [parameters for parameters in layers if parameters]
    count = len(RATES)
    parts = [layers[len(layers) * part // count : len(layers) * (part + 1) // count] for part in range(count)]
    groups = [
        {"params": [parameter for layer in part for parameter in layer], "lr": rate}
        for part, rate in zip(parts, RATES, strict=True)
        if part
    ]
    return [*groups, {"params": list(network.linear.parameters()), "lr": HEAD_RATE}]


def _keep_statistics(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def fresh(network: Tuned, head: Head) -> Tuned:
    """A copy of `network` to tune, with another head."""
    return Tuned(copy.deepcopy(network.trunk), head)
