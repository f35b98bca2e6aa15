"""What spaCy projects on LitBERT share: fetch a corpus, say how figures came about, label and try a package.

Each module is a command as well: ``python -m spacy_litbert.workflow.fetch --help``.
"""
