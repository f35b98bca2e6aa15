"""Read corpus files into documents and write these as DocBin, checked on the way."""
