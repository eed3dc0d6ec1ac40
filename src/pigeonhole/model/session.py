"""An onnxruntime session on the best device that really works."""

import ctypes
from typing import TYPE_CHECKING

from pigeonhole.cpus import available_cpus
from pigeonhole.errors import PigeonholeError

if TYPE_CHECKING:
    import onnxruntime


def open_session(onnx: bytes) -> "onnxruntime.InferenceSession":
    """A session for the ONNX file `onnx`, on the GPU where there is one that works, else on the CPU.

    Raises onnxruntime's own exceptions where the file is no valid model.
    """
    try:
        import onnxruntime
    except ImportError:
        raise PigeonholeError(
            "onnxruntime is not installed.", "Install it with: pip install 'pigeonhole[cpu]' (or [gpu])"
        ) from None

    onnxruntime.set_default_logger_severity(4)  # what goes wrong is raised; its log speaks to developers
    options = onnxruntime.SessionOptions()
    # By default the pool has the size of the host, not of the container, and spins on cores that decoding needs.
    options.intra_op_num_threads = available_cpus()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = ["CPUExecutionProvider"]
    if has_gpu():
        onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    return onnxruntime.InferenceSession(onnx, options, providers=providers)


def device_of(session: "onnxruntime.InferenceSession") -> str:
    """`GPU` or `CPU`: what the session runs on, not what was asked for, since onnxruntime falls back silently."""
    return "GPU" if session.get_providers()[0] == "CUDAExecutionProvider" else "CPU"


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
