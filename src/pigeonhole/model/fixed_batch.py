"""Batches of one size on a device with memory of its own: what carries them there is laid out once."""

import ctypes
import math
import mmap
import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnxruntime

PORTABLE = 1  # CU_MEMHOSTREGISTER_PORTABLE: pinned for every context of the process


class FixedBatch:
    """Where one batch at a time is answered: `count` pictures in pinned memory here, and room for them on `device`.

    Memory that the system may move is first copied by the driver, bit by bit; from pinned memory the GPU fetches the
    pixels itself, at the full speed of the bus.
    """

    def __init__(
        self, session: "onnxruntime.InferenceSession", outputs: Sequence[str], count: int, device: str = "cuda"
    ) -> None:
        import onnxruntime

        (entry,) = session.get_inputs()
        shape = [count, *entry.shape[1:]]
        self._session = session
        self._here = pinned(shape) if device == "cuda" else np.zeros(shape, np.uint8)
        self._there = onnxruntime.OrtValue.ortvalue_from_shape_and_type(shape, np.uint8, device, 0)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(entry.name, self._there)
        for name in outputs:
            self._binding.bind_output(name, "cpu")

    def run(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """uint8 [N, S, S, 3], N at most `count` → the outputs, [N, …] each; behind N the last batch's pictures stay."""
        count = len(pixels)
        self._here[:count] = pixels
        self._there.update_inplace(self._here)
        self._session.run_with_iobinding(self._binding)
        return [output[:count] for output in self._binding.copy_outputs_to_cpu()]


def pinned(shape: Sequence[int]) -> NDArray[np.uint8]:
    """uint8 zeros in memory that stays where it is, as long as the array lives; ordinary memory where CUDA refuses."""
    memory = mmap.mmap(-1, math.prod(shape))
    array = np.frombuffer(memory, np.uint8).reshape(shape)
    address = array.ctypes.data
    if _in_context("cuMemHostRegister_v2", ctypes.c_void_p(address), ctypes.c_size_t(array.size), PORTABLE):
        # The memory map lives on in the array; it must not go before the driver has let go of it.
        weakref.finalize(memory, _in_context, "cuMemHostUnregister", ctypes.c_void_p(address))
    return array


def _in_context(function: str, *values: object) -> bool:
    """Whether the driver's `function` succeeds in the context that onnxruntime uses, the first device's own."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
        device, context = ctypes.c_int(), ctypes.c_void_p()
        if cuda.cuInit(0) or cuda.cuDeviceGet(ctypes.byref(device), 0):
            return False
        if cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device):
            return False
        try:
            if cuda.cuCtxPushCurrent_v2(context):
                return False
            done = getattr(cuda, function)(*values) == 0
            cuda.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
            return bool(done)
        finally:
            cuda.cuDevicePrimaryCtxRelease_v2(device)
    except (OSError, AttributeError):  # no driver, or one without this function
        return False
