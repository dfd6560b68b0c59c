"""What a recording may hold."""

from __future__ import annotations

from typing import Literal

from daq.config.base import Section, known


class RecordingConfig(Section):
    """Recorded bursts. No key here changes a public number."""

    masked: Literal["sealed", "clear"] = known(
        "sealed", "payloads of stripped events: sealed beside the recording, or clear in it, for restricted storage"
    )


class SealingConfig(Section):
    """Sealed counters."""

    keys: str = known("", "folder of the key set; empty: `live` makes a demonstration set, other roles have none")
    slots: int = known(4, "sealed event slots a spill", ge=1, le=64)
