"""The level-0 trigger menu."""

from __future__ import annotations

from daq.config.base import Section


class L0Config(Section):
    """Level-0 settings."""
