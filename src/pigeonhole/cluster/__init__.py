"""Answers from many machines: the same reading, decoding and model code, in the workers of a Ray cluster.

This room alone knows Ray. Workers answer; whatever is placed is placed by the process that was called.
"""
