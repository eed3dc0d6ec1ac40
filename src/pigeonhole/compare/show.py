"""The comparison as a table and as a figure."""

from collections.abc import Sequence
from io import BytesIO

from rich.table import Table

from pigeonhole.compare.entry import Entry
from pigeonhole.text import printable


def table(entries: Sequence[Entry]) -> Table:
    """A line for each, the most accurate first."""
    result = Table(box=None, pad_edge=False, header_style="")
    result.add_column("recipe")
    result.add_column("backbone")
    for title in ("accuracy", "95 % interval", "log loss", "training", "pictures/s", "model"):
        result.add_column(title, justify="right")
    for each in ordered(entries):
        low, high = each.accuracy.interval
        result.add_row(
            each.recipe,
            printable(each.backbone),
            f"{100 * each.accuracy.share:.1f} %",
            f"{100 * low:.1f} to {100 * high:.1f} %",
            f"{each.log_loss:.3f}",
            f"{each.seconds:.0f} s",
            f"{each.rate:.0f}",
            f"{each.size / 1e6:.1f} MB",
        )
    return result


def ordered(entries: Sequence[Entry]) -> list[Entry]:
    """The most accurate first; of equals, the one with the least log loss."""
    return sorted(entries, key=lambda each: (-each.accuracy.share, each.log_loss))


def figure(entries: Sequence[Entry]) -> bytes:
    """A PNG: accuracy with its interval against speed, a point for each."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    drawing, axes = plt.subplots(figsize=(9, 5.5), layout="constrained")
    recipes = list(dict.fromkeys(each.recipe for each in entries))
    for each in entries:
        low, high = each.accuracy.interval
        share = each.accuracy.share
        colour = f"C{recipes.index(each.recipe)}"
        spread = [[100 * (share - low)], [100 * (high - share)]]
        axes.errorbar(each.rate, 100 * share, yerr=spread, fmt="o", color=colour, capsize=3)
        axes.annotate(
            f"{each.recipe}\n{each.backbone}", (each.rate, 100 * share), xytext=(7, 0), textcoords="offset points",
            fontsize=8, verticalalignment="center", color=colour,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.margins(x=0.2)
    axes.set_xlabel(f"pictures/s (network alone, on the {entries[0].device})")
    axes.set_ylabel(f"accuracy (%) on {entries[0].total} held-out pictures, with 95 % interval")
    axes.grid(alpha=0.3)
    buffer = BytesIO()
    drawing.savefig(buffer, dpi=150)
    plt.close(drawing)
    return buffer.getvalue()
