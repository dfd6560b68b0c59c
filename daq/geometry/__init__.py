"""Detector geometry, read once from package data. Tables carry their source in their first lines."""
