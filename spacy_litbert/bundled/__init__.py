"""The bundled weights; installed as ``spacy_litbert.bundled``."""
