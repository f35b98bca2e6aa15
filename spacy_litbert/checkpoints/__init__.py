"""Where weights come from, and how they lie on disk. Nothing here knows spaCy."""
