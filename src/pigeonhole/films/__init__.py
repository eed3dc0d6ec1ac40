"""From films to pictures: which moments, in which colours, and which of them show the same. It knows no labels.

Nothing is imported here: the command loads PyAV and OpenCV only when it is called.
"""
