"""The watched streams: what is counted in a spill, and whether it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from monitor.spill import Quality, Spill, is_scaler

UNIT_POT = 10**12

BAD_POT = (Quality.NO_POT, Quality.NEGATIVE_POT, Quality.IMPLAUSIBLE_POT)
BAD_MAGNET = (Quality.NO_MAGNET, Quality.MAGNET_STAMP)


class Watched(NamedTuple):
    """One stream.

    kind, source : "scaler", "trigger" or "count", and its name in the spill
    power : counts without noise go as this power of the protons; accidental pairs as the square
    """

    label: str
    kind: str
    source: str
    power: float


WATCHED = {
    "muv3": Watched("MUV3 muons", "scaler", "MUV3", 1.0),
    "q1": Watched("CHOD Q1", "scaler", "Q1_OR", 1.0),
    "h2": Watched("H2 triggers", "trigger", "H2", 1.0),
    "lav": Watched("LAV", "scaler", "LAV", 1.0),
    "anti0": Watched("ANTI0", "scaler", "ANTI0", 1.0),
    "pairs": Watched("events with several tracks", "count", "two_track", 2.0),
    "vertices": Watched("visible vertices", "count", "vertices", 2.0),
}
"""Only public counts are in here: masked events enter none of them by their content."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the desk keeps of a spill.

    counts : stream -> counts; None: there is no usable one
    pot : protons read; None: no usable reading
    live : live fraction
    b2_a, b2_set_a : current and setting of B2 [A]; current None: not known
    flags : quality flags
    candidates : channel -> pairs in the open regions
    sob_ns : wall clock at SOB, to see that it goes forward
    t10 : T10 reading [1e11 protons], whatever it is
    n_missing : events that are missing
    """

    key: tuple[int, int]
    mode: str
    config_digest: str
    pot: int | None
    live: float | None
    counts: dict[str, int | None]
    b2_a: float | None
    b2_set_a: float | None
    complete: bool
    flags: tuple[Quality, ...]
    candidates: dict[str, int]
    sob_ns: int
    t10: float | None
    n_missing: int

    @property
    def is_good(self) -> bool:
        """Whether a reference may be made from it: whole, with every reading, of beam."""
        return self.complete and not self.flags and self.mode != "BIASED" and self.live is not None

    def live_of(self, stream: str) -> float:
        """Live fraction that a stream sees: scalers run free."""
        return 1.0 if WATCHED[stream].kind == "scaler" else (self.live or 0.0)


def read_spill(spill: Spill) -> Reading:
    """Take what is needed from a row of the ledger."""
    return Reading(
        key=spill.key,
        mode=spill.mode,
        config_digest=spill.config_digest,
        pot=None if any(flag in spill.quality for flag in BAD_POT) else spill.pot,
        live=spill.live_fraction,
        counts={name: _count(spill, stream) for name, stream in WATCHED.items()},
        b2_a=None if any(flag in spill.quality for flag in BAD_MAGNET) else spill.b2_current_a,
        b2_set_a=spill.b2_set_a,
        complete=spill.state == "COMPLETE",
        flags=tuple(spill.quality),
        candidates={channel: sum(regions.values()) for channel, regions in spill.candidates.items()},
        sob_ns=spill.sob_time_ns,
        t10=spill.t10_intensity,
        n_missing=spill.n_missing,
    )


def _count(spill: Spill, stream: Watched) -> int | None:
    if spill.mode == "BIASED":
        return None
    if stream.kind == "scaler":
        count = spill.scalers.get(stream.source)
        return count if count is not None and is_scaler(count) else None
    if not spill.live_fraction:
        return None
    if stream.kind == "trigger":
        mask = spill.triggers.get(stream.source)
        return mask.generated if mask else None
    # frames that are missing hold pairs that were not counted
    return spill.counts.get(stream.source) if spill.state == "COMPLETE" else None
