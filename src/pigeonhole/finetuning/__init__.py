"""The recipe that tunes a whole network, with torch. It knows the probe that it starts from, and no model file."""
