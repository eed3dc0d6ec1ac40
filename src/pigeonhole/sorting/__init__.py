"""From answers to files in their place. What was done, and how it is undone, belongs here too."""

from pigeonhole.sorting.folder import check_folders, sort_folder, total

__all__ = ["check_folders", "sort_folder", "total"]
