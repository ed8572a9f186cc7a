"""Learning algorithms and flatness measures: planned, nothing here yet."""
