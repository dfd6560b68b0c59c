"""Reconstruction: pure functions of one frame. What they find leaves through `streaming.gate` only."""
