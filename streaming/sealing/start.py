"""Sealing keys at the start of a role: there, or said to be missing once and for all."""

from __future__ import annotations

import logging
from pathlib import Path

from daq.errors import PolicyError
from streaming.sealing.keys import SealingKeys

log = logging.getLogger(__name__)


def keys_at_start(folder: str) -> SealingKeys | None:
    """Read the public key set; None when there is none or it cannot be read, and the log says so.

    Without keys no event with several tracks is looked at: what would be masked could not be kept. Single tracks,
    triggers and scalers are counted as ever.
    """
    if not folder:
        log.error("no sealing keys ([sealing] keys is empty): events with several tracks are not looked at")
        return None
    try:
        return SealingKeys.load(Path(folder))
    except PolicyError as error:
        log.error("%s; events with several tracks are not looked at", error)
        return None
