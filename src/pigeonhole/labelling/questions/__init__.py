"""Which pictures are asked about, in which order and in which groups, by what was learnt from the answers so far."""
