"""Sources of hits: the emulated detector."""
