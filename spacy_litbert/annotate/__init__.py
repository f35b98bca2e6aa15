"""Annotate files of documents with a pipeline, in shards that appear whole, so that a run can be resumed."""
