"""Names as vectors: an encoder under which the synonyms of a concept lie close, and how it is trained (torch)."""
