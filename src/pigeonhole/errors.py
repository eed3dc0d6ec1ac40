"""One tree of errors. Each is a sentence for the user: what happened, to which file, and what to do about it."""

import errno
from typing import ClassVar


class PigeonholeError(Exception):
    """Something that a user can cause and put right. `exit_code` is what the process ends with."""

    exit_code: ClassVar[int] = 1
    cure: ClassVar[str] = ""

    def __init__(self, happened: str, cure: str | None = None) -> None:
        self.happened = happened
        super().__init__(" ".join(part for part in (happened, self.cure if cure is None else cure) if part))


class UnreadableError(PigeonholeError):
    """One file that cannot be read as a picture; the others go on."""


class UsageError(PigeonholeError):
    """The command cannot mean what was typed."""

    exit_code = 2
    cure = "Add --help to see how it is used."


class DataError(PigeonholeError):
    """No model can be trained on these pictures."""

    exit_code = 3
    cure = "Put at least two folders with two or more pictures each into TF_FILES/data, one folder per category."


class ModelError(PigeonholeError):
    """There is no model, or none that can be used."""

    exit_code = 3
    cure = "Train one with: bash train.sh"


class WeightsError(PigeonholeError):
    """There are no pretrained weights for the backbone, or they do not fit it."""

    exit_code = 3


class NothingToDoError(PigeonholeError):
    """The input holds no picture at all."""

    exit_code = 4


class NotInt8Error(PigeonholeError):
    """int8 does not pay for this model, or is not supported; the model stays as it is."""

    exit_code = 4
    cure = "The model stays as it is."


class OutputError(PigeonholeError):
    """The result cannot be written."""

    exit_code = 5
    cure = "Make room or choose another folder; no picture was lost."


_MAKE_ROOM = OutputError.cure
_PERMISSIONS = "Check the permissions or choose another folder; no picture was lost."
_CURES = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EACCES: _PERMISSIONS,
    errno.EPERM: _PERMISSIONS,
    errno.EROFS: "Choose another folder; no picture was lost.",
}


def not_written(what: str, error: OSError, verb: str = "written") -> OutputError:
    """`what` cannot be written, or whatever the participle `verb` says, because of `error`; with what helps then."""
    return OutputError(f"{what} cannot be {verb}: {error.strerror or error}.", cure_of(error.errno))


def cure_of(number: int | None) -> str:
    """What helps where something cannot be written because of the system's error `number`."""
    return _CURES.get(number or 0, "Check the disk or choose another folder; no picture was lost.")
