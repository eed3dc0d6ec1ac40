"""`pigeonhole quantize`: quantise the model to int8, where that pays."""

from pathlib import Path

import click

from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.output import Terminal
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace


@click.command("quantize")
@click.argument("tf_files", default=TF_FILES, type=click.Path(path_type=Path))
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the split, as for train.")
@click.option("--no-report", is_flag=True, help="Do not write TF_FILES/report.")
def command(tf_files: Path, *, seed: int, no_report: bool) -> int:
    """Quantise TF_FILES/model.onnx to int8, if that is faster here and its answers stay the same.

    TF_FILES is ./tf_files if left out. The training pictures must still be in TF_FILES/data. If int8 is rejected, the
    model is not changed and the exit code is 4.
    """
    from pigeonhole.train import quantize

    result = quantize(Workspace(tf_files), seed=seed, report=not no_report, output=Terminal())
    click.echo(result.int8)
    click.echo(result.metrics.sentence)
    click.echo(result.metrics.calibration_sentence)
    if result.thresholds:
        click.echo(result.thresholds.sentence)
    if result.report:
        click.echo(f"The report is in {printable(result.report)}.")
    click.echo(f"The model is in {printable(result.model)}.")
    return 0
