"""The figures of a report, PNG, drawn for a light and for a dark page."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from pigeonhole.report.curves import Curve
from pigeonhole.text import printable

DPI = 110
MOST_NAMED = 25  # categories whose cells and names can be read
COLOURS = ("#4269d0", "#d9730d", "#3ca951", "#ff725c", "#6cc5b0", "#a463f2", "#97bbf5", "#9c6b4e", "#9498a0", "#ff8ab7")


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of a page."""

    text: str
    ground: str
    faint: str


LIGHT = Ink("#1c1e21", "#ffffff", "#c9cdd3")
DARK = Ink("#e6e8eb", "#16181c", "#454a52")

Draw = Callable[[Any, Ink], None]


def drawn(draw: Draw, ink: Ink, size: tuple[float, float] = (6.0, 4.2)) -> bytes:
    """A PNG of what `draw` puts on the axes."""
    with _style(ink):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots(), ink)
        buffer = BytesIO()
        figure.savefig(buffer, dpi=DPI, facecolor=ink.ground)
    return buffer.getvalue()


def confusion_matrix(matrix: NDArray[np.int64], labels: Sequence[str]) -> tuple[Draw, tuple[float, float]]:
    """Rows are the true categories, columns the answers; shades are shares of a row."""
    names = [printable(label) for label in labels]
    edge = min(9.0, 3.2 + 0.45 * len(names))

    def draw(axes: Any, ink: Ink) -> None:
        shares = matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
        axes.imshow(shares, cmap="Blues" if ink is LIGHT else "cividis", vmin=0, vmax=1)
        axes.set_xlabel("answer")
        axes.set_ylabel("truth")
        axes.grid(visible=False)
        if len(names) > MOST_NAMED:
            return
        axes.set_xticks(range(len(names)), names, rotation=45, ha="right")
        axes.set_yticks(range(len(names)), names)
        for (row, column), count in np.ndenumerate(matrix):
            pale = shares[row, column] < 0.55
            colour = ("#1c1e21" if pale else "#ffffff") if ink is LIGHT else ("#ffffff" if pale else "#1c1e21")
            axes.text(column, row, str(count), ha="center", va="center", color=colour)

    return draw, (edge + 0.8, edge)


def lines(curves: Sequence[Curve], x: str, y: str, *, diagonal: bool = False) -> Draw:
    """Curves of shares between 0 and 1."""

    def draw(axes: Any, ink: Ink) -> None:
        if diagonal:
            axes.plot((0, 1), (0, 1), color=ink.faint, linestyle="--", linewidth=1)
        for number, curve in enumerate(curves):
            area = f" ({curve.area:.3f})" if curve.area is not None else ""
            label = f"{printable(curve.name)}{area}" if curve.name else None
            style = ("-", "--", ":", "-.")[number // len(COLOURS) % 4]
            axes.plot(curve.x, curve.y, color=COLOURS[number % len(COLOURS)], linestyle=style, label=label)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.set_xlim(-0.02, 1.02)
        if axes.get_ylim()[1] < 0.1:  # a share that is always 0 lies at the bottom
            axes.set_ylim(-0.002, 0.1)
        if any(curve.name for curve in curves):
            axes.legend(fontsize=8)

    return draw


def calibration_curve(bins: Sequence[tuple[float, float, int]]) -> Draw:
    """Where scores mean what they say, points lie on the diagonal; larger points stand for more pictures."""

    def draw(axes: Any, ink: Ink) -> None:
        axes.plot((0, 1), (0, 1), color=ink.faint, linestyle="--", linewidth=1)
        scores, shares, counts = np.array(bins).T
        axes.scatter(scores, shares, s=20 + 200 * counts / counts.max(), color=COLOURS[0], alpha=0.8)
        axes.set_xlabel("score")
        axes.set_ylabel("share of right answers")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.05, 1.05)

    return draw


def series(named: Sequence[tuple[str, Sequence[float], Sequence[float]]], x: str, y: str) -> Draw:
    """Named lines with points: a name, what is across and what is up."""

    def draw(axes: Any, ink: Ink) -> None:
        for number, (name, across, up) in enumerate(named):
            axes.plot(across, up, marker="o", markersize=4, color=COLOURS[number], label=name)
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        if len(named) > 1:
            axes.legend(fontsize=8)

    return draw


def with_interval(points: Sequence[tuple[int, float, float, float]], x: str, y: str) -> Draw:
    """Points of (across, up, low, high)."""

    def draw(axes: Any, ink: Ink) -> None:
        across, up, low, high = (np.array(column) for column in zip(*points, strict=True))
        axes.errorbar(across, up, yerr=[up - low, high - up], marker="o", capsize=3, color=COLOURS[0])
        axes.set_xlabel(x)
        axes.set_ylabel(y)

    return draw


@contextmanager
def _style(ink: Ink) -> Iterator[None]:
    settings: dict[str, Any] = dict.fromkeys(
        ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), ink.text
    )
    settings |= {
        "axes.facecolor": ink.ground,
        "legend.facecolor": ink.ground,
        "legend.edgecolor": ink.faint,
        "axes.grid": True,
        "grid.color": ink.faint,
        "grid.alpha": 0.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.size": 10,
    }
    with mpl.rc_context(settings):  # type: ignore[arg-type]  # its keys are hundreds of literals
        yield
