"""Recorded runs counted again: one task a burst, on this process, on local processes or on a Dask cluster."""

from offline.replay.run import ReplayOptions, run_replay

__all__ = ["ReplayOptions", "run_replay"]
