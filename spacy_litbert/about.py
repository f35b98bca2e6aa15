"""The name and the version of the package, for its setup and for itself."""

__title__ = "spacy-litbert"
__version__ = "0.1.0"
