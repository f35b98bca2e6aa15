"""Cut text into wordpieces, and wordpieces into windows."""
