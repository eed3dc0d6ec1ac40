"""From films and whole pictures to training pictures: frames, faces, cut borders, redrawn copies, a first look.

Nothing is imported here: each command loads only what it needs.
"""
