"""How progress and results are shown. The rooms speak to an `Output`; which one it is, the command decides."""

from pigeonhole.output.jsonl import JsonLines, answer_fields, guess_fields
from pigeonhole.output.protocol import Output, Stage, nothing
from pigeonhole.output.recorder import Recorder
from pigeonhole.output.silent import Silent
from pigeonhole.output.terminal import Terminal

__all__ = ["JsonLines", "Output", "Recorder", "Silent", "Stage", "Terminal", "answer_fields", "guess_fields", "nothing"]
