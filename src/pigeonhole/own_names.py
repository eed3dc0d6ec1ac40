"""What our own hidden files and folders are called; nothing that begins like them is ever taken for a picture."""

PREFIX = ".pigeonhole"
FOLDER = PREFIX  # in an output folder: the journal, its lock, the watcher's health
DECISIONS = "decisions.sqlite"  # in that folder of a TF_FILES, where the page was shown
PREPARED = "prepared.sqlite"  # in that folder, where commands that prepare pictures have written
UNREADABLE = "_unreadable"  # in an output folder: what could not be read
NO_FACE = "no-face"  # in a folder of faces: the pictures in which none was found
SET_ASIDE = "set_aside"  # beside sorted pictures and in TF_FILES: what a person did not want among the others
