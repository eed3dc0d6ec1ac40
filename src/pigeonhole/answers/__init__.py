"""Answers as a table: one row for every picture of a folder or an object store, in Parquet files.

This room owns what the table looks like, and which answers in it still hold. It knows pyarrow; nothing is imported
here, because who sorts by a table needs less of it than who writes one.
"""
