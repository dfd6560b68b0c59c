"""The records that open and close a burst.

SOB opens a burst, EOB closes it. Both travel as msgpack maps and lie in the recording as JSON; unknown or missing
fields are an error. Times are integers: nanoseconds since 1970 (UTC) for the wall clock, ticks inside the burst.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from daq.units import POT_PER_T10_UNIT

MAX_T10_INTENSITY = 1000.0
"""A larger reading is a broken monitor [1e11 protons]: an SPS cycle carries about half of this in all."""

BurstKey = tuple[int, int]
"""Run and burst: the key of everything."""


class Record(BaseModel):
    """Frozen; unknown fields refused; no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BiasedRecord(Record):
    """What SOB and EOB of a burst say that is not beam. Everything at its default: a burst of beam."""

    equivalent_pot: float | None = Field(None, gt=0)
    """Protons that would give what the burst holds; they were never on target and are not counted as such."""
    weight: float = Field(1.0, gt=0)
    """Of every event of the burst: events x weight is what `equivalent_pot` protons give."""
    bias: str | None = Field(None, max_length=200)
    """What was left out."""


class SobRecord(BiasedRecord):
    """Start of burst."""

    run: int = Field(ge=1, le=999_999)
    burst: int = Field(ge=1, le=0xFFFFFFFF)
    sob_time_ns: int
    """Wall clock at SOB [ns since 1970]; bookkeeping only, nothing is ordered by it."""
    mode: Literal["BEAM_DUMP", "KAON", "EMULATED", "BIASED"]
    config_digest: str
    mask_digest: str
    b2_set_a: float | None = None
    """Setting of magnet B2 [A], to compare its reading with; None when it is not known."""

    @model_validator(mode="after")
    def _beam_is_not_biased(self) -> Self:
        biased = self.equivalent_pot is not None or self.bias is not None or self.weight != 1.0
        if biased and self.mode != "BIASED":
            msg = f"mode {self.mode} with equivalent_pot, weight or bias: only a BIASED burst has these"
            raise ValueError(msg)
        return self

    @property
    def key(self) -> BurstKey:
        """Run and burst."""
        return self.run, self.burst


class MaskCounts(Record):
    """Counts of one L0 mask in one burst. The weight of the burst is generated / sent."""

    generated: int = Field(ge=0, le=1 << 48)
    sent: int = Field(ge=0, le=1 << 48)
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
        """Protons on target of the burst, None when the intensity is absent, negative or impossible."""
        if self.t10_intensity is None or not 0 <= self.t10_intensity <= MAX_T10_INTENSITY:
            return None
        return round(self.t10_intensity * POT_PER_T10_UNIT)


class EobRecord(BiasedRecord):
    """End of burst: how much there was, so that losses can be seen."""

    run: int = Field(ge=1, le=999_999)
    burst: int = Field(ge=1, le=0xFFFFFFFF)
    end: Literal["NORMAL", "TORN", "LOST"]
    """TORN: the source stopped inside the burst. LOST: the detector never said that the burst had ended. In both cases
    the counts are those of the journal, and beam data and trigger counts are absent."""
    n_frames: int = Field(ge=0, le=0xFFFFFFFF)
    n_events: int = Field(ge=0, le=1 << 48)
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
