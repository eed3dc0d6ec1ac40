"""`pigeonhole health`: is the watcher well? For a container's health check."""

from pathlib import Path

import click

from pigeonhole.inbox.health import why_unhealthy


@click.command("health")
@click.argument("out", type=click.Path(path_type=Path), envvar="PIGEONHOLE_OUT")
def command(out: Path) -> int:
    """Say whether the watcher that sorts into OUT is well: exit code 0 if it is, 1 if it is not, with the reason.

    It is not well when its inbox or its model has gone, when it cannot write to OUT, or when it has not been heard of.
    No TF_FILES are needed.
    """
    reason = why_unhealthy(out)
    click.echo(f"unhealthy: {reason}" if reason else "healthy")
    return 1 if reason else 0
