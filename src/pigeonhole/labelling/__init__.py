"""What a person says of pictures, and what follows: files go to their place, and the queue is put in order anew.

This room knows no HTTP. `web` shows it on pages.
"""
