"""A folder that is watched: every picture that arrives is sorted once it is complete.

Nothing is imported here: `pigeonhole health` asks for little and often.
"""
