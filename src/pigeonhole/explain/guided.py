"""Guided backpropagation: which pixels speak for a category, through ReLU networks.

Springenberg et al. 2015, "Striving for Simplicity: The All Convolutional Net" (arXiv 1412.6806): on the way back, a
ReLU passes on only what is positive, where its input was positive.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from pigeonhole.errors import UsageError

TOPS = {functional.relu: float("inf"), torch.relu: float("inf"), torch.relu_: float("inf"), functional.relu6: 6.0}
OTHERS = {
    functional.hardswish: "Hardswish",
    functional.silu: "SiLU",
    functional.gelu: "GELU",
    functional.elu: "ELU",
    functional.leaky_relu: "LeakyReLU",
    functional.prelu: "PReLU",
    functional.mish: "Mish",
    functional.hardtanh: "Hardtanh",
}


class NotReluError(UsageError):
    """The network has another activation, for which guided backpropagation is not defined."""

    cure = ""


def guided_backpropagation(network: nn.Module, pixels: Tensor, category: int) -> Tensor:
    """For uint8 [1, S, S, 3] and the number of a category: the guided gradient of its logit, float32 [S, S, 3].

    Raises NotReluError where the network has another activation than ReLU.
    """
    inputs = pixels.float().requires_grad_()
    with _GuidedMode():
        logits = network(inputs)
    (gradient,) = torch.autograd.grad(logits[0, category], inputs)
    return gradient[0].detach()


class _Guided(torch.autograd.Function):
    """min(max(x, 0), top), with the guided way back."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, top: float) -> Tensor:
        ctx.save_for_backward((values > 0) & (values < top))
        return values.clamp(0, top)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        (open_,) = ctx.saved_tensors
        return gradients[0].clamp(min=0) * open_, None


class _GuidedMode(TorchFunctionMode):
    """Every ReLU inside, whether a module or a function, goes the guided way."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        given = dict(kwargs or {})
        if func is functional.hardtanh and (args[1] if len(args) > 1 else given.get("min_val", -1.0)) == 0:
            return _Guided.apply(args[0], args[2] if len(args) > 2 else given["max_val"])  # what torch's ReLU6 is
        if func in TOPS:
            return _Guided.apply(args[0], TOPS[func])
        if name := OTHERS.get(func):
            raise NotReluError(
                f"Guided backpropagation is defined for ReLU networks only, and this one has {name}.",
                "Grad-CAM shows where it looks.",
            )
        return func(*args, **given)
