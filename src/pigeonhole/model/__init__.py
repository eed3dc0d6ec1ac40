"""`model.onnx` with its metadata: read, check, run."""

from pigeonhole.model.card import ModelCard
from pigeonhole.model.load import Answers, InferenceOptions, Model, load_model, model_bytes, model_of
from pigeonhole.model.session import open_session

__all__ = ["Answers", "InferenceOptions", "Model", "ModelCard", "load_model", "model_bytes", "model_of", "open_session"]
