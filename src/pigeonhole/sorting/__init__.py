"""From answers to files in their place. What was done, and how it is undone, belongs here too."""

from pigeonhole.sorting.folder import check_folders, sort_folder, total
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.sorting.template import Template

__all__ = ["Placing", "SortOptions", "Sorter", "Template", "check_folders", "sort_folder", "total"]
