"""Ways to learn: from a dataset to everything a model file is made of. It writes neither models nor reports."""
