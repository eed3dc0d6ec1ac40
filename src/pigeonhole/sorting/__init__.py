"""From answers to files in their place. What was done, and how it is undone, belongs here too."""

from pigeonhole.sorting.folder import check_folders, sort_folder, total
from pigeonhole.sorting.log import history_of
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.plan import ALREADY, Answer
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.sorting.template import Template
from pigeonhole.sorting.undo import Refused, Undone, undo

__all__ = [
    "ALREADY",
    "Answer",
    "Placing",
    "Refused",
    "SortOptions",
    "Sorter",
    "Template",
    "Undone",
    "check_folders",
    "history_of",
    "sort_folder",
    "total",
    "undo",
]
