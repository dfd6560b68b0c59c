"""Halo rates of single spills: scaler counts per 1e12 protons on target, and whether they may enter the curve."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from daq.config.halo import HaloFluxConfig
from monitor.halo.model import SCALER, STREAMS, HaloPoint, Stream
from monitor.halo.regime import has_new_setting, is_off_setting, is_ramping, setting_of
from monitor.halo.setup import HaloSetup
from monitor.spill import HALO_POT, Quality, Spill, is_scaler

HARMLESS = frozenset({Quality.INCOMPLETE})
"""Flags that leave scalers, protons and magnet untouched: frames that are missing were never in a scaler."""


class Rate(NamedTuple):
    """Rate of one scaler per 1e12 protons: value, Poisson error, part of the true pulses that was missed."""

    value: float
    error: float
    dead_fraction: float


def halo_points(
    spills: Iterable[Spill], setup: HaloSetup | None = None, reference: Mapping[Stream, float] | None = None
) -> list[HaloPoint]:
    """Rates of every spill; spills that are not usable are kept, with the reason.

    Parameters
    ----------
    spills : in the order in which they were taken; a ramp shows against the spill before
    setup : defaults of the configuration when None
    reference : rate per 1e12 protons at the reference setting, by stream; None: as configured, else the mean over
        the usable ones of these spills at that setting
    """
    setup = setup or HaloSetup()
    points = list(_points(spills, setup))
    known = reference_rates(points, setup.halo) if reference is None else reference
    return [relative_to(point, known) for point in points]


def next_point(previous: Spill | None, spill: Spill, setup: HaloSetup) -> HaloPoint:
    """Rates of one spill, given the one before; not yet relative to anything."""
    rates = {stream: spill_rate(spill, SCALER[stream], setup) for stream in STREAMS}
    muv3, q1 = rates["muv3"], rates["q1"]
    reason = _why_not(previous, spill, setup.halo)
    if reason is None and muv3 is None and q1 is None:
        reason = "no rate of MUV3 or Q1_OR: scaler absent or too loaded"
    return HaloPoint(
        run=spill.run,
        burst=spill.burst,
        b2_current_a=spill.b2_current_a,
        b2_set_a=spill.b2_set_a,
        muv3=muv3.value if muv3 else None,
        muv3_error=muv3.error if muv3 else None,
        q1=q1.value if q1 else None,
        q1_error=q1.error if q1 else None,
        muv3_relative=None,
        q1_relative=None,
        pot_error_relative=setup.halo.pot_error_relative,
        muv3_dead_fraction=muv3.dead_fraction if muv3 else None,
        q1_dead_fraction=q1.dead_fraction if q1 else None,
        usable=reason is None,
        reason=reason,
    )


def spill_rate(spill: Spill, scaler: str, setup: HaloSetup) -> Rate | None:
    """Rate of one scaler in one spill; None without protons, scaler or length, or when the scaler is saturated."""
    counts = spill.scalers.get(scaler)
    if not spill.pot or spill.pot < setup.halo.least_pot or counts is None or not is_scaler(counts):
        return None
    if not spill.spill_seconds:
        return None
    corrected = setup.dead_time.true_counts(counts, spill.spill_seconds)
    if corrected is None:
        return None
    true, slope = corrected
    # no count at all is compatible with a few
    error = math.sqrt(max(counts, 1)) * slope
    return Rate(true * HALO_POT / spill.pot, error * HALO_POT / spill.pot, 1.0 - counts / true if true else 0.0)


def reference_rates(points: Iterable[HaloPoint], cfg: HaloFluxConfig) -> dict[Stream, float]:
    """Rates at the reference setting: as configured, else the mean over the usable points there."""
    known: dict[Stream, float] = {}
    there = [p for p in points if p.usable and is_near(p.b2_current_a, cfg.reference_current_a, cfg)]
    for stream, configured in (("muv3", cfg.reference_muv3), ("q1", cfg.reference_q1)):
        seen = [value for p in there if (value := getattr(p, stream)) is not None]
        mean = configured or (math.fsum(seen) / len(seen) if seen else 0.0)
        if mean > 0:
            known[stream] = mean  # type: ignore[index]
    return known


def is_near(current_a: float | None, setting_a: float, cfg: HaloFluxConfig) -> bool:
    """Whether a current is at a setting [A]."""
    return current_a is not None and abs(current_a - setting_a) <= cfg.setting_tolerance_a


def relative_to(point: HaloPoint, reference: Mapping[Stream, float]) -> HaloPoint:
    """Fill in the rates relative to the reference setting."""
    known = {
        f"{stream}_relative": getattr(point, stream) / reference[stream]
        for stream in STREAMS
        if stream in reference and getattr(point, stream) is not None
    }
    return point.model_copy(update=known)


def _points(spills: Iterable[Spill], setup: HaloSetup) -> Iterator[HaloPoint]:
    previous: Spill | None = None
    for spill in spills:
        yield next_point(previous, spill, setup)
        previous = spill


def _why_not(previous: Spill | None, spill: Spill, cfg: HaloFluxConfig) -> str | None:
    """Why a spill may not enter the curve; the first reason that holds, None when there is none."""
    if spill.mode in ("KAON", "BIASED"):
        return f"{spill.mode} burst, not beam on the dump"
    if is_ramping(previous, spill, cfg) or (has_new_setting(previous, spill, cfg) and is_off_setting(spill, cfg)):
        return f"B2 ramps: read {spill.b2_current_a:.1f} A, set to {_amperes(spill.b2_set_a)}"
    if is_off_setting(spill, cfg):
        return f"B2 off its setting: read {spill.b2_current_a:.1f} A, set to {_amperes(spill.b2_set_a)}"
    flags = [flag.value for flag in spill.quality if flag not in HARMLESS]
    if flags:
        return ", ".join(flags)
    if spill.pot is None or spill.pot < cfg.least_pot:
        return f"no beam: fewer than {cfg.least_pot:.3g} protons"
    return None if setting_of(spill) is not None else "B2 was not read"


def _amperes(current: float | None) -> str:
    return "an unknown current" if current is None else f"{current:.1f} A"
