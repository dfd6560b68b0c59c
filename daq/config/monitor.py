"""The page, the ledger and what is shown."""

from __future__ import annotations

from daq.config.base import Section, known


class MonitorConfig(Section):
    """How committed spills are shown."""

    page_spills: int = known(50, "spills in the table of the page", ge=1, le=1000)
    history_spills: int = known(500, "spills kept for the trend plots", ge=10, le=20000)
    max_viewers: int = known(32, "event streams served at once; one more is refused", ge=1, le=1000)
    pot_goals: tuple[float, ...] = known((1.4e17, 1.0e18), "POT lines: 2021 sample; Run 2 goal. Source: CERN-EP-2023-032, talks")
