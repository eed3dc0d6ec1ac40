"""From answers to the places of files: which name a picture gets, what was sorted before, one folder into another.

This room owns what an output folder looks like. It does not know where answers come from, nor how anything is shown;
what is done to the files themselves is the business of `placing`.
"""

from pigeonhole.sorting.earlier import ALREADY, STAYED
from pigeonhole.sorting.folder import check_folders, sort_folder
from pigeonhole.sorting.options import SortOptions
from pigeonhole.sorting.plan import Answer
from pigeonhole.sorting.sorter import Sorter
from pigeonhole.sorting.template import Template

__all__ = ["ALREADY", "STAYED", "Answer", "SortOptions", "Sorter", "Template", "check_folders", "sort_folder"]
