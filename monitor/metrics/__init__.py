"""Metrics for Prometheus, made at each scrape from committed rows. The only home of prometheus_client.

Nothing is counted here: the numbers are those of the ledger and of the alarm desk, so they survive a restart. Label
values come from closed sets; a region, a burst or a run is never a label.
"""

from __future__ import annotations

from monitor.metrics.catalogue import CATALOGUE, MetricSpec
from monitor.metrics.labels import ALARMS, FRAME_REASONS, HTTP_REASONS, LABEL_VALUES, MASKS, OTHER, STREAMS
from monitor.metrics.render import CONTENT_TYPE, render
from monitor.metrics.snapshot import Snapshot

__all__ = [
    "ALARMS",
    "CATALOGUE",
    "CONTENT_TYPE",
    "FRAME_REASONS",
    "HTTP_REASONS",
    "LABEL_VALUES",
    "MASKS",
    "OTHER",
    "STREAMS",
    "MetricSpec",
    "Snapshot",
    "render",
]
