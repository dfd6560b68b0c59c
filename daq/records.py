"""The records that open and close a burst.

SOB opens a burst, EOB closes it. Both travel as msgpack maps and lie in the recording as JSON; unknown or missing
fields are an error. Times are integers: nanoseconds since 1970 (UTC) for the wall clock, ticks inside the burst.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from daq.units import POT_PER_T10_UNIT

BurstKey = tuple[int, int]
"""Run and burst: the key of everything."""


class Record(BaseModel):
    """Frozen; unknown fields refused; no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SobRecord(Record):
    """Start of burst."""

    run: int = Field(ge=1, le=999_999)
    burst: int = Field(ge=1, le=0xFFFFFFFF)
    sob_time_ns: int
    """Wall clock at SOB [ns since 1970]; bookkeeping only, nothing is ordered by it."""
    mode: Literal["BEAM_DUMP", "KAON", "EMULATED", "BIASED"]
    config_digest: str
    mask_digest: str

    @property
    def key(self) -> BurstKey:
        """Run and burst."""
        return self.run, self.burst


class MaskCounts(Record):
    """Counts of one L0 mask in one burst. The weight of the burst is generated / sent."""

    generated: int = Field(ge=0)
    sent: int = Field(ge=0)
    downscaling: int = Field(ge=1)


class BeamRecord(Record):
    """What the beam line and the scalers say about a burst."""

    t10_intensity: float | None
    """Titanium-foil SEM [1e11 protons]; None when the monitor gave nothing."""
    t10_stamp_ns: int
    b1c_current_a: float | None
    b2_current_a: float | None
    magnet_stamp_ns: int
    scalers: dict[str, int]
    """Free-running counts, no dead time: QX, Q1_OR, MUV3, NHOD, IRC ..."""

    @property
    def pot(self) -> int | None:
        """Protons on target of the burst, None when the intensity is absent or negative."""
        if self.t10_intensity is None or self.t10_intensity < 0:
            return None
        return round(self.t10_intensity * POT_PER_T10_UNIT)


class EobRecord(Record):
    """End of burst: how much there was, so that losses can be seen."""

    run: int = Field(ge=1, le=999_999)
    burst: int = Field(ge=1, le=0xFFFFFFFF)
    end: Literal["NORMAL", "TORN"]
    """TORN: the source stopped inside the burst; counts are those of the journal, beam data are absent."""
    n_frames: int = Field(ge=0)
    n_events: int = Field(ge=0)
    frames_digest: str
    """SHA-256 over (seq, events, length, CRC-32C) of all frames. Restricted: depends on masked events."""
    beam: BeamRecord | None
    masks: dict[str, MaskCounts]
    primitives: dict[str, int]
    n_choked: int = Field(ge=0)
    """Reference primitives that arrived while the trigger was choked."""
    dead_ticks: int = Field(ge=0)
    """Time in choke [ticks]."""
    spill_ticks: int = Field(ge=0)
    """Length of the burst [ticks]."""

    @property
    def key(self) -> BurstKey:
        """Run and burst."""
        return self.run, self.burst

    @property
    def live_fraction(self) -> float | None:
        """Fraction of the burst in which triggers could be taken."""
        return 1.0 - self.dead_ticks / self.spill_ticks if self.spill_ticks else None
