"""Write documents in the formats that are read: one format a file; what a format can't hold is a coded error."""
