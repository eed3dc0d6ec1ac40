"""`model.onnx` with its metadata: read, check, run."""

from pigeonhole.model.card import ModelCard
from pigeonhole.model.load import Asking, Model, load_model
from pigeonhole.model.session import open_session

__all__ = ["Asking", "Model", "ModelCard", "load_model", "open_session"]
