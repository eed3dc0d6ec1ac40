"""Pages on which a person sees, corrects and teaches, in a browser on the same machine."""
