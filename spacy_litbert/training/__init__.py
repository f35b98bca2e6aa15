"""``spacy train`` that can be stopped and gone on with."""
