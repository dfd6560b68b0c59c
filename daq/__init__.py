"""What the detector delivers: units, geometry, event model, records, configuration, codec, recordings, sources."""
