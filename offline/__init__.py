"""Recorded runs: replay through the same functions as online."""
