"""What the bytes of each picture format say, and what Pillow overlooks in them. It does not know what a model wants."""
