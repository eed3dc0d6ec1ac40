"""What was done in an output folder: one entry for each file, written before and after every step.

This room knows the database and its checks. It does not know how a file gets to its place; that is `sorting`.
"""
