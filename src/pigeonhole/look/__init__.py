"""Training pictures, looked at before training: a page with every category. Only commands know this room."""

from pigeonhole.look.run import look

__all__ = ["look"]
