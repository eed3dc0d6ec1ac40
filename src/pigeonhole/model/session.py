"""An onnxruntime session on the best device that really works."""

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import PigeonholeError

if TYPE_CHECKING:
    import onnxruntime


MOST_LANES = 16  # each has the maps of a batch in memory; beyond that, decoding has work for every processor


@dataclass(frozen=True, slots=True)
class Pace:
    """How a session is given many pictures: `batch` of them in one run, `lanes` runs at a time.

    `fixed`: the last batch has to be filled up, since the GPU searches anew for the best way at every new shape.
    """

    batch: int
    lanes: int
    fixed: bool = False


def open_session(onnx: bytes) -> "onnxruntime.InferenceSession":
    """A session for the ONNX file `onnx`, on the GPU where there is one that works, else on the CPU.

    On the CPU a run uses the thread that asks for it and no other: who has many pictures asks from several threads, at
    the `pace_of` the session. Raises onnxruntime's own exceptions where the file is no valid model.
    """
    try:
        import onnxruntime
    except ImportError:
        raise PigeonholeError(
            "onnxruntime is not installed.", "Install it with: pip install 'pigeonhole[cpu]' (or [gpu])"
        ) from None

    onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised; its log speaks to developers
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    if has_gpu():
        onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    return onnxruntime.InferenceSession(onnx, options, providers=providers)


def device_of(session: "onnxruntime.InferenceSession") -> str:
    """`GPU` or `CPU`: what the session runs on, not what was asked for, since onnxruntime falls back silently."""
    return "GPU" if session.get_providers()[0] == "CUDAExecutionProvider" else "CPU"


def pace_of(session: "onnxruntime.InferenceSession") -> Pace:
    """On a CPU a few pictures in each lane, whose maps stay in the core's own cache (docs/decisions/0071)."""
    if device_of(session) == "GPU":
        return Pace(batch=64, lanes=1, fixed=True)
    return Pace(batch=4, lanes=min(available_cpus(), MOST_LANES))


def has_gpu() -> bool:
    """Whether there is a GPU that onnxruntime can use."""
    import onnxruntime

    return "CUDAExecutionProvider" in onnxruntime.get_available_providers() and _has_cuda_driver()


def _has_cuda_driver() -> bool:
    """onnxruntime lists CUDA on machines without a GPU; the driver's own library tells."""
    try:
        return bool(ctypes.CDLL("libcuda.so.1").cuInit(0) == 0)
    except OSError:
        return False
