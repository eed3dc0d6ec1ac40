"""An onnxruntime session on the best device that really works."""

import ctypes
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

import numpy as np

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import PigeonholeError

if TYPE_CHECKING:
    import onnxruntime


GPU, CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
#: cuDNN picks its algorithms by rule instead of trying all of them: 1 s sooner, and no slower (docs/decisions/0120).
QUICK_START = {"cudnn_conv_algo_search": "HEURISTIC"}
MOST_THREADS = 16  # each holds the feature maps of a batch; beyond that, decoding has work for every processor


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How a session is given many pictures: `batch` of them in one run, `threads` runs at a time.

    `fixed`: the last batch is padded, since the GPU chooses how to convolve anew at every new shape.
    """

    batch: int
    threads: int
    fixed: bool = False


ON_GPU = BatchPlan(batch=64, threads=2, fixed=True)


def open_session(onnx: bytes, *, tf32: bool = False) -> "onnxruntime.InferenceSession":
    """A session for the ONNX file `onnx`, on the GPU where there is one that works, else on the CPU.

    With `tf32` a GPU multiplies in TensorFloat-32, several times as fast and right to three digits; without, results
    are those of the CPU to 1e-4, which training asks for. On the CPU a run uses the calling thread and no other: to use
    all processors, call it from several threads, as `batch_plan_of` the session says. Raises onnxruntime's own
    exceptions where the file is no valid model.
    """
    _check_installed()
    return (open_on_gpu(onnx, tf32=tf32) if has_gpu() else None) or open_on_cpu(onnx)


def open_on_gpu(onnx: bytes, *, tf32: bool) -> "onnxruntime.InferenceSession | None":
    """A session that has answered on the GPU, None where it cannot: an old driver, no memory, missing libraries."""
    import onnxruntime

    with redirect_stdout(StringIO()):  # where answers go; it prints what it does not find
        onnxruntime.preload_dlls()
    try:
        session = _session(onnx, (GPU, {**QUICK_START, "use_tf32": str(int(tf32))}), CPU)
        if device_of(session) == "GPU":
            (pixels,) = session.get_inputs()
            session.run(None, {pixels.name: np.zeros((ON_GPU.batch, *pixels.shape[1:]), np.uint8)})
            return session
    except Exception:  # onnxruntime's exceptions have no base of their own; the CPU says what is wrong with a model
        return None
    return None


def open_on_cpu(onnx: bytes, threads: int = 1) -> "onnxruntime.InferenceSession":
    """A session that leaves a GPU alone; `threads` for one run."""
    _check_installed()
    return _session(onnx, CPU, threads=threads)


def _session(
    onnx: bytes, *providers: str | tuple[str, dict[str, str]], threads: int = 1
) -> "onnxruntime.InferenceSession":
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(onnx, options, providers=list(providers), enable_fallback=0)


def runtime_version() -> str:
    """onnxruntime's. Raises PigeonholeError where it is not installed."""
    _check_installed()
    import onnxruntime

    return str(onnxruntime.__version__)


def _check_installed() -> None:
    try:
        import onnxruntime
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise  # Ctrl-C while its library was loaded
        raise PigeonholeError(
            "onnxruntime is not installed.", "Install it with: pip install 'pigeonhole[cpu]' (or [gpu])"
        ) from None
    onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised; its log speaks to developers


def device_of(session: "onnxruntime.InferenceSession") -> str:
    """`GPU` or `CPU`: what the session runs on, not what was asked for, since onnxruntime falls back silently."""
    return "GPU" if session.get_providers()[0] == GPU else "CPU"


def batch_plan_of(session: "onnxruntime.InferenceSession") -> BatchPlan:
    """On a CPU a few pictures per thread, whose feature maps stay in the core's own cache (docs/decisions/0071)."""
    if device_of(session) == "GPU":
        return ON_GPU
    return BatchPlan(batch=4, threads=min(available_cpus(), MOST_THREADS))


def has_gpu() -> bool:
    """Whether there is a GPU that onnxruntime can use."""
    import onnxruntime

    return GPU in onnxruntime.get_available_providers() and _has_cuda_driver()


def _has_cuda_driver() -> bool:
    """onnxruntime lists CUDA on machines without a GPU; the driver's own library tells."""
    try:
        return bool(ctypes.CDLL("libcuda.so.1").cuInit(0) == 0)
    except OSError:
        return False
