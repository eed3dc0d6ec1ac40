"""ONNX files as such: made from torch, quantised, timed. It knows neither categories nor training."""
