"""What our own hidden files and folders are called; nothing that begins like them is ever taken for a picture."""

PREFIX = ".pigeonhole"
FOLDER = PREFIX  # in an output folder: the journal, its lock, the watcher's health
