"""Text → shards → segment pairs → rows → a pretrained encoder. Needs torch and transformers, not spaCy."""
