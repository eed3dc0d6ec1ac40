"""One file to its place in an output folder and back: copying, moving, linking, recovery after a kill, undo.

This room owns what is done to files and what the journal says of it. It knows neither categories nor how names are
made, nor how anything is shown.
"""

from pigeonhole.placing.history import journal_entries
from pigeonhole.placing.mode import Placing
from pigeonhole.placing.undo_all import Refused, Undone, undo

__all__ = ["Placing", "Refused", "Undone", "journal_entries", "undo"]
