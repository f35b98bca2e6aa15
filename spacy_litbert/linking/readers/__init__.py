"""Read concepts from the files of vocabularies."""
