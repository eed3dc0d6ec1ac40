"""Pretrained networks, their weights and their cached features. It does not know what is trained on them."""
