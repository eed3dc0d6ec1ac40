"""Where a network looks: needs torch, and is imported by its command only."""
