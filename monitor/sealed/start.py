"""The sealer of a collector, from what its configuration names."""

from __future__ import annotations

import logging
from pathlib import Path

from daq.errors import PolicyError
from monitor.sealed.seal import SpillSealer
from streaming.sealing.start import keys_at_start

log = logging.getLogger(__name__)


def sealer_at_start(folder: str) -> SpillSealer | None:
    """Make the sealer; None when its keys are missing or unreadable, and the log says so."""
    if keys_at_start(folder) is None:
        return None
    try:
        return SpillSealer.load(Path(folder))
    except PolicyError as error:
        log.error("%s; nothing is sealed", error)
        return None
