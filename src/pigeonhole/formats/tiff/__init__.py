"""TIFFs of every kind: their tags, samples and colours. It knows no other format, and nothing of models."""
