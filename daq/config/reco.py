"""Selection cuts, regions and the gate."""

from __future__ import annotations

from daq.config.base import Section


class RecoConfig(Section):
    """Two-track selection."""


class RegionsConfig(Section):
    """Signal, control and side regions."""


class GateConfig(Section):
    """What is masked."""
