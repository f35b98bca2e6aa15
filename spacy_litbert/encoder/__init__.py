"""Windows → vectors: the forward pass."""
