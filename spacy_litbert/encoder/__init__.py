"""Compute the vectors of windows: the forward pass."""
