"""The one time that pigeonhole needs the network: torchvision fetches its own weights."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from pigeonhole.backbones import timm_models
from pigeonhole.backbones.registry import check_name
from pigeonhole.backbones.torchvision_models import published_weights
from pigeonhole.backbones.weights import TIMM, missing

TIMEOUT_SECONDS = 10.0


class Published(Protocol):
    """What we use of torchvision's weight enums; the file's name ends in the first eight digits of its SHA-256."""

    @property
    def url(self) -> str: ...


def download(backbone: str, folder: Path) -> Path:
    """The file in `folder` with torchvision's first ImageNet weights for `backbone`.

    The first rather than the newest: those were trained without label smoothing and mixup, which harm frozen features
    (arXiv 2010.16402). Raises WeightsError where the download fails or brings other bytes than published, and for
    networks of timm, whose weights have no checksum in their names.
    """
    check_name(backbone)
    if backbone.startswith(TIMM):
        where = timm_models.published_at(backbone)
        raise missing(backbone, f"timm's are not downloaded, and are to be had at {where}")
    return fetch(published_weights(backbone)[0], backbone, folder)


def fetch(weights: Published, backbone: str, folder: Path) -> Path:
    """The same for given weights: aside first, checked, then under its name."""
    from torch.hub import download_url_to_file

    name = weights.url.rsplit("/", 1)[-1]
    target = folder / name
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with _timeout(TIMEOUT_SECONDS):
                download_url_to_file(weights.url, str(target), hash_prefix=name.rsplit("-", 1)[-1].split(".")[0])
        except (OSError, RuntimeError) as error:  # RuntimeError: other bytes than the name says
            raise missing(backbone, f"the download failed ({error})") from error
    return target


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """torch.hub sets none, and would wait for ever for a network that swallows everything."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
