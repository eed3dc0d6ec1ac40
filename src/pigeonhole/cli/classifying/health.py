"""`pigeonhole health`: is the watcher healthy? For a container's health check."""

from pathlib import Path

import click

from pigeonhole.inbox.health import why_unhealthy


@click.command("health")
@click.argument("out", type=click.Path(path_type=Path), envvar="PIGEONHOLE_OUT")
def command(out: Path) -> int:
    """Report whether the watcher that sorts into OUT is healthy; if not, exit with 1 and say why.

    It is unhealthy when its inbox or its model is missing, when it cannot write to OUT, or when it went silent.
    No TF_FILES are needed.
    """
    reason = why_unhealthy(out)
    click.echo(f"unhealthy: {reason}" if reason else "healthy")
    return 1 if reason else 0
