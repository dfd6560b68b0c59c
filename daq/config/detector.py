"""The emulated detector: response and noise."""

from __future__ import annotations

from daq.config.base import Section, assumed


class DetectorConfig(Section):
    """Response of the emulated detector."""

    readout_window_ns: float = assumed(50.0, "hits within this time of a trigger belong to its event [ns]", gt=0, le=500)
