"""Folders of pictures → `model.onnx`. Nothing but the `train` command leans on this room, and it does so late."""

from pigeonhole.train.run import TrainingOptions, TrainingResult, quantize, train

__all__ = ["TrainingOptions", "TrainingResult", "quantize", "train"]
