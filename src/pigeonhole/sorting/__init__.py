"""From answers to files in their place, and back again.

This room owns what an output folder looks like: names, placing, recovery after a kill, undo. It does not know where
answers come from, nor how anything is shown.
"""

from pigeonhole.sorting.earlier import ALREADY, STAYED
from pigeonhole.sorting.folder import check_folders, sort_folder
from pigeonhole.sorting.journal_entries import journal_entries
from pigeonhole.sorting.options import Placing, SortOptions
from pigeonhole.sorting.plan import Answer
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.sorting.template import Template
from pigeonhole.sorting.undo_all import Refused, Undone, undo

__all__ = [
    "ALREADY",
    "STAYED",
    "Answer",
    "Placing",
    "Refused",
    "SortOptions",
    "Sorter",
    "Template",
    "Undone",
    "check_folders",
    "journal_entries",
    "sort_folder",
    "undo",
]
