"""Link mentions to the concepts of a vocabulary: the knowledge base on disk, candidates, and the component."""
