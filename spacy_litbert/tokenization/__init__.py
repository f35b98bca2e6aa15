"""Text → wordpieces → windows."""
