"""`pigeonhole doctor`: what is here, and what is in the way?"""

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from pigeonhole import __version__
from pigeonhole.cli import machine
from pigeonhole.cli.arguments import TF_FILES
from pigeonhole.cli.machine import Finding
from pigeonhole.errors import ModelError, OutputError, PigeonholeError, UsageError
from pigeonhole.text import printable
from pigeonhole.workspace import Workspace

RUNTIMES = ("onnxruntime", "onnxruntime-gpu")  # one Python package from two projects: a machine has one of them
CLASSIFYING = (*RUNTIMES, "numpy", "pillow", "pillow-heif", "pyspng", "isal", "watchdog", "rich", "click")
TRAINING = ("torch", "torchvision", "onnx", "onnxscript", "scikit-learn", "scipy", "matplotlib", "jinja2")
NO_TELEMETRY = "ORT_DISABLE_TELEMETRY"


@click.command("doctor")
@click.argument("tf_files", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the lines.")
def command(tf_files: Path | None, *, as_json: bool) -> int:
    """Say what is here and what is in the way: versions, processors, memory, GPU, container engine, folders, model.

    TF_FILES is ./tf_files if left out. Nothing is changed. The exit code is 0 where nothing is in the way, else the
    largest of: 2 a package has to be installed, 3 the model cannot be used, 5 a folder cannot be written to.
    """
    if tf_files is not None and not os.path.isdir(tf_files):  # noqa: PTH112
        raise UsageError(f"There is no folder {printable(tf_files)}.", "Check the name.")
    findings = list(_findings(Workspace(tf_files or TF_FILES)))
    problems = [finding for finding in findings if finding.exit_code]
    if as_json:
        click.echo(json.dumps({finding.name: finding.fields() for finding in findings}))
    else:
        for finding in findings:
            click.echo(f"{finding.name:<12}{'PROBLEM: ' if finding.exit_code else ''}{printable(finding.sentence)}")
        names = ", ".join(finding.name for finding in problems)
        click.echo(f"In the way: {names}." if problems else "Nothing is in the way.")
    return max((finding.exit_code for finding in findings), default=0)


def _findings(workspace: Workspace) -> Iterator[Finding]:
    yield Finding("pigeonhole", f"{__version__}, in {Path(__file__).parents[1]}", {"version": __version__})
    python, system = platform.python_version(), platform.platform()
    facts = {"version": python, "executable": sys.executable, "platform": system}
    yield Finding("python", f"{python}, {sys.executable}, on {system}", facts)
    yield _classifying()
    yield _training()
    yield machine.processors()
    yield machine.memory()
    yield machine.gpu()
    yield machine.engine()
    yield _tf_files(workspace)
    yield _folders("temporary", (Path(tempfile.gettempdir()),))
    yield _model(workspace.model)
    yield _weights(workspace)
    off = os.environ.get(NO_TELEMETRY) == "1"
    yield Finding("telemetry", "off" if off else "on", {"off": off})


def _classifying() -> Finding:
    found = _versions(CLASSIFYING)
    sentence, exit_code = _listed(found), 0
    present = [name for name in RUNTIMES if name in found]
    if len(present) != 1:
        exit_code = UsageError.exit_code
        sentence = "onnxruntime is not installed. Install it with: pip install 'pigeonhole[cpu]' (or [gpu])"
        if present:
            sentence = "onnxruntime and onnxruntime-gpu overwrite each other. Uninstall both, then install one of them."
    return Finding("packages", sentence, {"versions": found}, exit_code)


def _training() -> Finding:
    """Not a problem where it is missing: classifying is installed without it."""
    found = _versions(TRAINING)
    missing = [name for name in TRAINING if name not in found]
    sentence = f"cannot train, without {', '.join(missing)}: pip install 'pigeonhole[train]'"
    return Finding("training", sentence if missing else _listed(found), {"versions": found, "missing": missing})


def _tf_files(workspace: Workspace) -> Finding:
    if not os.path.isdir(workspace.root):  # noqa: PTH112  # False, too, where nobody may look
        return Finding(
            "tf_files", f"there is none at {workspace.root.absolute()}", {"path": str(workspace.root.absolute())}
        )
    return _folders("tf_files", (workspace.root, workspace.cache, workspace.weights, workspace.report))


def _folders(name: str, folders: Iterable[Path]) -> Finding:
    """Whether the first can be written to, and the others if they are there. Tried with a file that has no name."""
    first, *_ = present = [folder.absolute() for folder in folders if os.path.isdir(folder)]  # noqa: PTH112
    free = shutil.disk_usage(first).free
    facts = {"path": str(first), "free": free, "writable": True}
    for folder in present:
        try:
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0")
        except OSError as error:
            sentence = (
                f"{folder} cannot be written to: {error.strerror}. Check its permissions and the room on the disk."
            )
            return Finding(name, sentence, {**facts, "writable": False}, OutputError.exit_code)
    return Finding(name, f"{first} can be written to; {free / machine.GIB:.1f} GiB are free", facts)


def _model(path: Path) -> Finding:
    from pigeonhole.files import digest
    from pigeonhole.files.source import exists
    from pigeonhole.model import model_bytes, model_of

    facts: dict[str, object] = {"path": str(path.absolute())}
    try:
        if not exists(path):
            return Finding("model", f"there is none at {path.absolute()} yet", facts)
        data = model_bytes(path)
        facts["sha256"] = digest(data)
        card = model_of(data, path).card
    except OSError as error:
        return Finding("model", f"{path.absolute()} cannot be read: {error.strerror}.", facts, ModelError.exit_code)
    except PigeonholeError as error:
        return Finding("model", str(error), facts, error.exit_code)
    facts.update(labels=card.labels, recipe=card.recipe, created=card.created, version=card.version)
    sentence = (
        f"{path.absolute()}, {len(card.labels)} categories, {card.recipe}, trained {card.created} by pigeonhole "
        f"{card.version}, SHA-256 {facts['sha256']}"
    )
    return Finding("model", sentence, facts)


def _weights(workspace: Workspace) -> Finding:
    from pigeonhole.backbones.weights import weights_in

    try:
        names = [weights.path.name for weights in weights_in(workspace)]
    except OSError as error:
        return Finding("weights", f"{error.filename} cannot be read: {error.strerror}.", {}, ModelError.exit_code)
    return Finding("weights", ", ".join(names) or "none, beside those that come with pigeonhole", {"files": names})


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    """Of those that are installed. Read from their metadata: importing them would take seconds."""
    found = {}
    for name in distributions:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _listed(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
