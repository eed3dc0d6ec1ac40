"""How good answers are, counted and shown. It knows nothing of how a model was trained."""
