"""Training in several processes, as torchrun starts them: one for each GPU, on one machine or several."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel


def rank() -> int:
    """0 for the one process that writes and speaks."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def world() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def device() -> torch.device:
    """The GPU of this very process, or the CPU where there is none."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
    return torch.device("cpu")


@contextmanager
def joined() -> Iterator[None]:
    """All processes of a torchrun know each other inside."""
    here = device()
    if here.type == "cuda":
        torch.cuda.set_device(here)
    distributed.init_process_group("nccl" if here.type == "cuda" else "gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


@contextmanager
def first_alone() -> Iterator[None]:
    """Rank 0 goes through alone, then the others: they find in the cache what it has computed."""
    if rank() != 0:
        _wait()
    yield
    if rank() == 0:
        _wait()


def from_first(value: Any) -> Any:
    """What rank 0 has, on all."""
    if world() == 1:
        return value
    box = [value]
    distributed.broadcast_object_list(box, src=0)
    return box[0]


def from_all(value: Any) -> list[Any]:
    """What each has, in the order of their ranks, on all."""
    if world() == 1:
        return [value]
    boxes: list[Any] = [None] * world()
    distributed.all_gather_object(boxes, value)
    return boxes


def shared(network: nn.Module) -> nn.Module:
    """`network`, whose gradients are averaged over all processes; itself where there is only one."""
    return network if world() == 1 else DistributedDataParallel(network)


def _wait() -> None:
    if world() > 1:
        distributed.barrier()
