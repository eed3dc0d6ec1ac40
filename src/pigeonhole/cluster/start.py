"""A cluster made ready for one job: connected to, looked at, and given the model."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pigeonhole.answers.listed import Listed, Source, Store
from pigeonhole.answers.table import About
from pigeonhole.cluster.connection import connected
from pigeonhole.cluster.job import Job
from pigeonhole.cluster.nodes import Shape, absolute, refuse_different_nodes, shape
from pigeonhole.model import InferenceOptions


@dataclass(frozen=True, slots=True)
class Ready:
    job: Job
    shape: Shape


@contextmanager
def ready(
    address: str,
    source: Source,
    first: Listed,
    model: bytes,
    about: About,
    *,
    store: Store | None = None,
    run: str = "",
    wants_answers: bool = False,
) -> Iterator[Ready]:
    """The cluster at `address`, ready for the pictures of `source`, of which `first` is one.

    `model` is the model file. With a `store`, workers write there, as `run`; `wants_answers` as in Job. Raises
    PigeonholeError where there is no cluster, or where one of its machines differs from this one in what matters.
    """
    with connected(address):
        import ray

        source, store = absolute(source), absolute(store) if store else None
        refuse_different_nodes(source, first, store)
        its = shape()
        options = InferenceOptions(about.unknown, about.tta)
        yield Ready(Job(source, about, options, ray.put(model), store, run, wants_answers, its.processors), its)
