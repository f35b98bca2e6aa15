"""Annotate over HTTP: requests of many clients through one pipeline, answers as JSON (needs the extra ``serve``)."""
