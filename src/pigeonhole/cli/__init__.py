"""The commands. Only here are arguments read, errors turned into exit codes, and a command's room imported late."""

import signal
import sys
import warnings
from importlib import import_module
from types import FrameType

import click

from pigeonhole import __version__
from pigeonhole.cli.streams import NobodyReadsError, Streams, sentence_of
from pigeonhole.cpus import share_processors
from pigeonhole.errors import OutputError, PigeonholeError, UsageError

INTERRUPTED = 130
LIMIT = 200  # letters of a command's first sentence
PRINTING = frozenset(("guess", "log", "evaluate"))  # what they do is what they print
# What the extra `train` brings; classifying is installed without it.
OF_TRAINING = frozenset(("jinja2", "matplotlib", "onnx", "onnxscript", "scipy", "sklearn", "torch", "torchvision"))
# What the extra `prepare` brings.
OF_PREPARING = frozenset(("av", "cv2", "scenedetect"))
# What the extra `answers` brings.
OF_ANSWERS = frozenset(("pyarrow",))
# What the extra `cluster` brings beside that.
OF_CLUSTER = frozenset(("ray", "pandas"))
# What the extra `web` brings.
OF_WEB = frozenset(("starlette", "uvicorn"))
INSTALL = "Install it with: pip install 'pigeonhole[{}]'"
EXTRAS = {
    "train": OF_TRAINING,
    "prepare": OF_PREPARING,
    "answers": OF_ANSWERS,
    "cluster": OF_CLUSTER,
    "web": OF_WEB,
}
COMMANDS = {
    "train": "pigeonhole.cli.training.train",
    "guess": "pigeonhole.cli.classifying.guess",
    "guess-dir": "pigeonhole.cli.classifying.guess_dir",
    "watch": "pigeonhole.cli.classifying.watch",
    "evaluate": "pigeonhole.cli.training.evaluate",
    "look": "pigeonhole.cli.training.look",
    "check": "pigeonhole.cli.training.check",
    "compare": "pigeonhole.cli.training.compare",
    "web": "pigeonhole.cli.web",
    "explain": "pigeonhole.cli.training.explain",
    "quantize": "pigeonhole.cli.training.quantize",
    "frames": "pigeonhole.cli.preparing.frames",
    "faces": "pigeonhole.cli.preparing.faces",
    "crop-borders": "pigeonhole.cli.preparing.crop_borders",
    "upsample": "pigeonhole.cli.preparing.upsample",
    "health": "pigeonhole.cli.classifying.health",
    "answers": "pigeonhole.cli.classifying.answers",
    "undo": "pigeonhole.cli.classifying.undo",
    "log": "pigeonhole.cli.classifying.log",
    "doctor": "pigeonhole.cli.doctor",
}


class _Commands(click.Group):
    """Imports a command's module when it is called: `guess` must not wait for what `train` needs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Every command with its whole first sentence, where click would cut it off at the end of the line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(LIMIT)) for name, command in commands if command])


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pigeonhole")
def commands() -> None:
    """Learns from folders of pictures and puts every new picture in its pigeonhole."""


def main() -> None:
    """The command line. Exit codes: 0 all done, 1 some files failed, 2 usage, 3 no usable model or data,
    4 nothing to do, 5 cannot write, 130 interrupted.
    """
    streams = Streams()
    if sys.argv[1:2] and sys.argv[1] in PRINTING:
        streams.stop_at_closed_pipe()
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # nohup has it ignored
        signal.signal(signal.SIGHUP, _interrupt)
    share_processors()
    # Pillow remarks on damaged files for developers; users get a sentence of ours for each file that it concerns.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    code = run(sys.argv[1:])
    if reason := streams.lost:
        click.echo(f"pigeonhole: Lines are missing from what was printed: {reason}.", err=True)
        code = code or OutputError.exit_code
    sys.exit(code)


def run(arguments: list[str]) -> int:  # noqa: PLR0911 - one for each way to end
    """The exit code of the command line `arguments`."""
    try:
        code: int | None = commands.main(arguments, prog_name="pigeonhole", standalone_mode=False)
    except PigeonholeError as error:
        click.echo(f"pigeonhole: {error}", err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except ModuleNotFoundError as error:
        package = (error.name or "").split(".")[0]
        extra = next((extra for extra, packages in EXTRAS.items() if package in packages), None)
        if extra is None:
            raise
        install = INSTALL.format(extra)
        click.echo(f"pigeonhole: This needs {package}, which is not installed. {install}", err=True)
        return UsageError.exit_code
    except ImportError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        return _interrupted()  # while a library was loaded, which makes this of it
    except NobodyReadsError:
        return 0
    except OSError as error:
        click.echo(f"pigeonhole: {sentence_of(error)}", err=True)
        return OutputError.exit_code
    return code or 0


def _interrupted() -> int:
    click.echo("pigeonhole: Interrupted. No file is left half-done; run it again to go on.", err=True)
    return INTERRUPTED


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
