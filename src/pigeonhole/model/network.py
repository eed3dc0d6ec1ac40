"""What a model file answers: on the GPU where there is one that works, on the CPU from the moment when it fails."""

from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pigeonhole.cpus import available_cpus
from pigeonhole.model.fixed_batch import FixedBatch
from pigeonhole.model.session import (
    ON_GPU,
    BatchPlan,
    batch_plan_of,
    device_of,
    has_gpu,
    open_on_cpu,
    open_session,
)

if TYPE_CHECKING:
    import onnxruntime

IDLE_GPU = (
    "There is a GPU, but onnxruntime cannot use it, so the CPU works."
    " The GPU's driver may be too old (580 or newer is needed), or its memory taken."
)
LOST_GPU = "The GPU failed while it worked ({reason}), so the CPU goes on; every picture gets its answer."
OUT_OF_MEMORY = ("out of memory", "Failed to allocate", "smaller than requested")  # as onnxruntime and CUDA say it


class Network:
    """`onnx` opened. With `exact` a GPU works in float32, otherwise in TensorFloat-32. Several threads may ask
    at a time.

    Raises onnxruntime's own exceptions where the file is no valid model.
    """

    def __init__(self, onnx: bytes, *, exact: bool = False) -> None:
        self.session = open_session(onnx, tf32=not exact)
        self._gpu = self.session if self.device == "GPU" else None
        self._onnx = onnx if self._gpu else b""  # for the CPU, should the GPU fail
        self._idle: dict[tuple[str, ...], list[FixedBatch]] = {}
        self._failing = Lock()
        self._why_lost = ""

    @property
    def device(self) -> str:
        """`GPU` or `CPU`: where it works now."""
        return device_of(self.session)

    @property
    def batch_plan(self) -> BatchPlan:
        return batch_plan_of(self.session)

    @property
    def note(self) -> str:
        """A sentence for the user where there is a GPU and it is not used (any more); empty otherwise."""
        if self._why_lost:
            return LOST_GPU.format(reason=self._why_lost)
        return IDLE_GPU if self.device == "CPU" and has_gpu() else ""

    def run(self, outputs: tuple[str, ...], pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """uint8 [N, S, S, 3] → the outputs, float32 [N, …] each."""
        gpu = self._gpu
        if gpu is not None:
            try:
                return self._on_gpu(gpu, outputs, pixels)
            except Exception as error:  # onnxruntime's exceptions have no base of their own
                self._leave_gpu(error)
        return list(self.session.run(list(outputs), {self.session.get_inputs()[0].name: pixels}))

    def _on_gpu(
        self, gpu: "onnxruntime.InferenceSession", outputs: tuple[str, ...], pixels: NDArray[np.uint8]
    ) -> list[NDArray[np.float32]]:
        idle = self._idle.setdefault(outputs, [])
        try:
            place = idle.pop()
        except IndexError:
            place = FixedBatch(gpu, outputs, ON_GPU.batch)
        starts = range(0, max(1, len(pixels)), ON_GPU.batch)
        parts = [place.run(pixels[start : start + ON_GPU.batch]) for start in starts]
        idle.append(place)
        results = [np.concatenate(parts_of_one) for parts_of_one in zip(*parts, strict=True)]
        if not all(np.isfinite(result).all() for result in results):
            raise FloatingPointError("its answers are no numbers")
        return results

    def _leave_gpu(self, error: Exception) -> None:
        """From here on the CPU works, with all processors although the threads that ask are few."""
        with self._failing:
            if self._gpu is None:
                return
            self.session = open_on_cpu(self._onnx, threads=max(1, available_cpus() // ON_GPU.threads))
            self._why_lost = _reason(error)
            self._gpu, self._onnx = None, b""
            self._idle.clear()


def _reason(error: Exception) -> str:
    if isinstance(error, FloatingPointError):
        return str(error)
    return "its memory is full" if any(text in str(error) for text in OUT_OF_MEMORY) else "CUDA reports an error"
