"""Labelled pictures: where they lie, which belong together, who is held out when. It knows no network and no recipe."""
