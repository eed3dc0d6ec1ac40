"""One training from beginning to end: folders of pictures → model.onnx and the report. Only commands know this room."""

from pigeonhole.train.run import TrainingOptions, TrainingResult, quantize, train

__all__ = ["TrainingOptions", "TrainingResult", "quantize", "train"]
