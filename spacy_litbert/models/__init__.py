"""thinc architectures, registered by entry points."""
