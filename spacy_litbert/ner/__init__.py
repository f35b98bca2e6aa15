"""Mentions of several labels with a confidence each: the component ``litbert_ner``."""
