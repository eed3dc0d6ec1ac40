"""A file of weights → tensors by name. Loading runs no code that the file might hold."""

from pathlib import Path

import torch
from torch import Tensor, nn

from pigeonhole.errors import WeightsError
from pigeonhole.text import printable


def read_state_dict(path: Path) -> dict[str, Tensor]:
    """The tensors in `path`, in the order of the network. Raises WeightsError where it is no state dict."""
    state = _safetensors(path) if path.suffix == ".safetensors" else _pickled(path)
    if not isinstance(state, dict) or not state or not all(map(_is_tensor, state.items())):
        raise WeightsError(
            f"The weights file {printable(path)} holds no state dict.", "Save one with model.state_dict()."
        )
    return state


def _is_tensor(named: tuple[object, object]) -> bool:
    name, tensor = named
    return isinstance(name, str) and isinstance(tensor, Tensor)


def without(state: dict[str, Tensor], layers: tuple[str, ...]) -> dict[str, Tensor]:
    """`state` itself, as it also carries versions, but for what begins with one of `layers`."""
    for name in [name for name in state if name.startswith(layers)]:
        del state[name]
    return state


def fill_in(network: nn.Module, state: dict[str, Tensor], path: Path, backbone: str) -> None:
    """Give `network` the weights `state`, all of them. Raises WeightsError where they are another network's."""
    try:
        network.load_state_dict(state)
    except Exception as error:  # whatever tensors of a strange kind make torch say
        raise WeightsError(
            f"The weights in {printable(path)} do not fit the network {backbone}.",
            "Say with --backbone which network they are for.",
        ) from error


def _pickled(path: Path) -> object:
    try:
        state: object = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes the unpickler say: a dozen kinds
        raise _damaged(path, error) from error
    return state


def _safetensors(path: Path) -> object:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise WeightsError(
            f"To read {printable(path)}, safetensors has to be installed.",
            "Install it with: pip install 'pigeonhole[timm]'",
        ) from None
    try:
        return load_file(path)
    except (OSError, ValueError, SafetensorError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"The weights file {printable(path)} is damaged or neither torchvision's nor timm's ({type(error).__name__}).",
        "Download it again.",
    )
