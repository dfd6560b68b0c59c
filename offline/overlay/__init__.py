"""Accidental pairs from single tracks put together: the published estimate of the combinatorial background."""
