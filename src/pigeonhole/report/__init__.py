"""How good answers are, shown on a page and on the terminal. It does not know how a model was trained."""
