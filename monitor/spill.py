"""One spill as the public may see it, and how it is made from the records of its burst.

The masked events of a burst are in here only as ordinary rejected ones (see `streaming.tally`). Nothing that depends
on their content may enter: no frame digest, no sizes, no latencies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from daq.errors import StoreError
from daq.records import MAX_T10_INTENSITY, BeamRecord, EobRecord, SobRecord
from daq.units import POT_RELATIVE_ERROR, TICK_NS
from streaming.tally import CHANNELS, COUNTS, OPEN_REGIONS, Tally

HALO_POT = 10**12
"""Halo rates are given per so many protons on target."""

B2_TOLERANCE_A = 2.0
"""A B2 current further than this from its setting is a magnet off its working point [A]."""

STAMP_TOLERANCE_NS = 1_000_000_000
"""Readings of one cycle carry one stamp; magnet and T10 stamps further apart are of different cycles [ns]."""

MAX_SCALER = 1 << 32
"""A scaler is a 32-bit counter: a difference outside 0 to this is one that ran backwards or was read badly."""

NO_END = {"TORN": "the source stopped in the burst", "LOST": "the end-of-burst record never came"}
"""Why the end of a burst is not known, by `EobRecord.end`."""


class Quality(StrEnum):
    """Why a spill is not simply good. None of these depends on a masked event."""

    NO_POT = "NO_POT"
    NEGATIVE_POT = "NEGATIVE_POT"
    IMPLAUSIBLE_POT = "IMPLAUSIBLE_POT"
    NO_EOB = "NO_EOB"
    INCOMPLETE = "INCOMPLETE"
    NO_MAGNET = "NO_MAGNET"
    MAGNET_OFF = "MAGNET_OFF"
    MAGNET_STAMP = "MAGNET_STAMP"
    BAD_SCALER = "BAD_SCALER"
    BIASED = "BIASED"
    NOT_SEALED = "NOT_SEALED"


class Public(BaseModel):
    """Frozen; unknown fields refused; no NaN."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class MissingFrames(Public):
    """Frames `first_seq` to `last_seq`, both included, were not counted; no last one: all that would have followed."""

    first_seq: int = Field(ge=0)
    last_seq: int | None = Field(ge=0)
    reason: str = Field(max_length=80)


class TriggerCounts(Public):
    """Triggers of one L0 mask: generated, and sent after downscaling."""

    generated: int
    sent: int
    downscaling: int


class Halo(Public):
    """Free-running counts per 1e12 protons on target; None without protons or scaler."""

    muv3_per_1e12_pot: float | None
    q1_per_1e12_pot: float | None


class Spill(Public):
    """One row of the ledger. Its JSON form is a contract with users' scripts."""

    run: int
    burst: int
    state: Literal["COMPLETE", "INCOMPLETE"]
    mode: Literal["BEAM_DUMP", "KAON", "EMULATED", "BIASED"]
    sob_time_ns: int
    """Wall clock at SOB [ns since 1970], bookkeeping only."""
    spill_seconds: float | None
    """Length of the burst [s]."""
    pot: int | None
    pot_error: int | None
    """20 %, the same factor for every spill: add it linearly."""
    t10_intensity: float | None
    """As read [1e11 protons]."""
    b1c_current_a: float | None
    b2_current_a: float | None
    b2_set_a: float | None = None
    """Setting of B2 that the burst was announced with [A]."""
    live_fraction: float | None
    n_frames: int
    n_events: int
    """What the source generated: n_events = n_counted + n_missing."""
    n_counted: int
    n_missing: int
    missing: list[MissingFrames]
    triggers: dict[str, TriggerCounts]
    halo: Halo
    scalers: dict[str, int] = Field(default_factory=dict)
    """Free-running counts as they were read, bad ones included: flag BAD_SCALER."""
    counts: dict[str, int]
    candidates: dict[str, dict[str, int]]
    """Pairs in the open regions: channel -> region -> number."""
    quality: list[Quality]
    config_digest: str
    mask_digest: str
    content_digest: str
    equivalent_pot: float | None = None
    """BIASED burst: protons that would give what it holds. Never on target, never in a sum of `pot`."""
    weight: float = 1.0
    """Of every event; not 1 in control bursts only. Counts of bursts of different weight are not to be added."""
    bias: str | None = None
    """BIASED burst: what was left out."""

    @property
    def key(self) -> tuple[int, int]:
        """Run and burst."""
        return self.run, self.burst

    def content(self) -> str:
        """Canonical JSON of everything but the wall clock: equal for the same data, whenever it was taken in.

        Whether masked counts were sealed is no content: a replay seals nothing.
        """
        quality = [flag for flag in self.quality if flag is not Quality.NOT_SEALED]
        return self.model_copy(update={"sob_time_ns": 0, "quality": quality}).model_dump_json()

    def not_sealed(self) -> Self:
        """Give the same row with the flag that says that nothing was sealed with it."""
        if Quality.NOT_SEALED in self.quality:
            return self
        return self.model_copy(update={"quality": [*self.quality, Quality.NOT_SEALED]})


def close_spill(
    sob: SobRecord,
    eob: EobRecord,
    tally: Tally,
    n_counted: int,
    missing: Sequence[tuple[int, int, str]],
    content_digest: str,
    b2_set_a: float | None = None,
) -> Spill:
    """Make the public row of a burst from all that is known about it.

    Parameters
    ----------
    sob, eob : the records that open and close the burst
    tally : public counts of all counted frames
    n_counted : events counted, as the closure counted them
    missing : (first seq, last seq, reason) of frames that were not counted, ascending
    content_digest : digest of the public content of the counted events
    b2_set_a : setting of B2 [A]; None when there is nothing to compare the reading with

    Raises
    ------
    StoreError
        `n_events = n_counted + n_missing` does not hold, or the records are not of one burst.
    """
    _check(sob, eob, tally, n_counted, missing)
    is_biased = sob.mode == "BIASED"
    pot, flags = (None, [Quality.BIASED]) if is_biased else _protons(eob.beam)
    flags += _end_flags(eob, bool(missing) or eob.end in NO_END)
    flags += [] if is_biased else [*_magnet_flags(eob.beam, b2_set_a), *_scaler_flags(eob.beam)]
    beam = eob.beam
    return Spill(
        run=sob.run,
        burst=sob.burst,
        state="INCOMPLETE" if missing or eob.end in NO_END else "COMPLETE",
        mode=sob.mode,
        sob_time_ns=sob.sob_time_ns,
        spill_seconds=eob.spill_ticks * TICK_NS * 1e-9 if eob.spill_ticks else None,
        pot=pot,
        pot_error=None if pot is None else pot_error(pot),
        t10_intensity=beam.t10_intensity if beam else None,
        b1c_current_a=beam.b1c_current_a if beam else None,
        b2_current_a=beam.b2_current_a if beam else None,
        b2_set_a=b2_set_a,
        live_fraction=eob.live_fraction,
        n_frames=eob.n_frames,
        n_events=eob.n_events,
        n_counted=n_counted,
        n_missing=eob.n_events - n_counted,
        missing=_named(eob, missing),
        triggers={name: TriggerCounts(**mask.model_dump()) for name, mask in sorted(eob.masks.items())},
        halo=_halo(beam.scalers if beam else {}, pot),
        scalers=dict(sorted(beam.scalers.items())) if beam else {},
        counts={name: tally.count(name) for name in COUNTS},
        candidates=_candidates(tally),
        quality=flags,
        config_digest=sob.config_digest,
        mask_digest=sob.mask_digest,
        content_digest=content_digest,
        # a burst that ended badly does not say how much it stands for
        equivalent_pot=eob.equivalent_pot if is_biased else None,
        weight=sob.weight,
        bias=sob.bias,
    )


def pot_error(pot: int) -> int:
    """Error of protons on target, of one spill or of a sum: 20 %, fully correlated."""
    return round(pot * POT_RELATIVE_ERROR)


def _check(
    sob: SobRecord, eob: EobRecord, tally: Tally, n_counted: int, missing: Sequence[tuple[int, int, str]]
) -> None:
    where = f"run {sob.run} burst {sob.burst}"
    if sob.key != eob.key:
        msg = f"{where}: EOB is of run {eob.run} burst {eob.burst}, wanted that of the same burst; the spill is refused"
        raise StoreError(msg)
    said = [(record.equivalent_pot, record.weight, record.bias) for record in (sob, eob)]
    if eob.end not in NO_END and said[0] != said[1]:
        msg = f"{where}: SOB says {said[0]} for equivalent POT, weight and bias, EOB {said[1]}; the spill is refused"
        raise StoreError(msg)
    free = 0
    for first, last, _ in missing:
        if not free <= first <= last < eob.n_frames:
            msg = f"{where}: missing frames {first}-{last} overlap or lie outside 0-{eob.n_frames - 1}; refused"
            raise StoreError(msg)
        free = last + 1
    n_lost = sum(last - first + 1 for first, last, _ in missing)
    counted = (tally.count("events"), tally.count("selected") + tally.count("not_selected"))
    whole = n_counted == eob.n_events if n_lost == 0 else n_counted <= eob.n_events
    nothing = n_counted == 0 or n_lost < eob.n_frames
    if counted != (n_counted, n_counted) or not whole or not nothing:
        msg = (
            f"{where}: generated {eob.n_events} events, counted {n_counted} (tally {counted[0]}), missing frames "
            f"{n_lost} of {eob.n_frames}: generated = counted + missing does not hold; "
            "the spill is not booked, replay the burst"
        )
        raise StoreError(msg)


def _named(eob: EobRecord, missing: Sequence[tuple[int, int, str]]) -> list[MissingFrames]:
    named = [MissingFrames(first_seq=first, last_seq=last, reason=why) for first, last, why in missing]
    if eob.end in NO_END:
        # how many frames would have followed is not known, and is not made up
        named.append(MissingFrames(first_seq=eob.n_frames, last_seq=None, reason=NO_END[eob.end]))
    return named


def _protons(beam: BeamRecord | None) -> tuple[int | None, list[Quality]]:
    if beam is None or beam.t10_intensity is None:
        return None, [Quality.NO_POT]
    if beam.t10_intensity < 0:
        return None, [Quality.NEGATIVE_POT]
    if beam.t10_intensity > MAX_T10_INTENSITY:
        return None, [Quality.IMPLAUSIBLE_POT]
    return beam.pot, []


def _end_flags(eob: EobRecord, incomplete: bool) -> list[Quality]:
    no_end = [Quality.NO_EOB] if eob.end in NO_END else []
    return [*no_end, Quality.INCOMPLETE] if incomplete else no_end


def _magnet_flags(beam: BeamRecord | None, b2_set_a: float | None) -> list[Quality]:
    if beam is None or beam.b2_current_a is None:
        return [Quality.NO_MAGNET]
    flags = []
    if b2_set_a is not None and abs(beam.b2_current_a - b2_set_a) > B2_TOLERANCE_A:
        flags.append(Quality.MAGNET_OFF)
    if abs(beam.magnet_stamp_ns - beam.t10_stamp_ns) > STAMP_TOLERANCE_NS:
        flags.append(Quality.MAGNET_STAMP)
    return flags


def _scaler_flags(beam: BeamRecord | None) -> list[Quality]:
    bad = beam is not None and any(not is_scaler(count) for count in beam.scalers.values())
    return [Quality.BAD_SCALER] if bad else []


def is_scaler(count: int) -> bool:
    """Whether a difference of a scaler over a burst can be right."""
    return 0 <= count <= MAX_SCALER


def _halo(scalers: Mapping[str, int], pot: int | None) -> Halo:
    def rate(name: str) -> float | None:
        known = pot and name in scalers and is_scaler(scalers[name])
        return scalers[name] * HALO_POT / pot if pot and known else None

    return Halo(muv3_per_1e12_pot=rate("MUV3"), q1_per_1e12_pot=rate("Q1_OR"))


def _candidates(tally: Tally) -> dict[str, dict[str, int]]:
    return {
        channel: {region: int(tally.candidates[i, j]) for j, region in enumerate(OPEN_REGIONS)}
        for i, channel in enumerate(CHANNELS)
    }


def spill_report(spills: Sequence[Spill], totals: Mapping[str, Any], run: int | None) -> dict[str, Any]:
    """Build the document that `--json` prints and the API answers: run, spills, totals."""
    return {"run": run, "spills": [spill.model_dump(mode="json") for spill in spills], "totals": dict(totals)}
