"""Corpus files → documents → DocBin, checked on the way."""
