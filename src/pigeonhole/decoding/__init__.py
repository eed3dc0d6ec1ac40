"""Files → pixels, a little ahead of the model: in threads for a picture or two, in processes that may die for folders.

Nothing is imported here, because a decoder process starts by importing this package.
"""
