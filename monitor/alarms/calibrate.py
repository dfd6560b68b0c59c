"""Makes a reference from recorded good spills: means, noise, limits of the charts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from daq.config.alarms import AlarmsConfig
from daq.errors import DataError
from monitor.alarms import noise
from monitor.alarms.bootstrap import bootstrap_limit
from monitor.alarms.budget import Budget, divide, factors
from monitor.alarms.cusum import Chart, limit_for, llr, run_length
from monitor.alarms.reference import ChartLimit, Provenance, RatioCalibration, Reference, StreamCalibration
from monitor.alarms.streams import UNIT_POT, WATCHED, Reading, read_spill
from monitor.spill import Spill

F64 = NDArray[np.float64]

ENOUGH_COUNTS = 100.0
"""Streams with fewer counts in a spill do not decide which spills are outliers."""

DARK_SPILLS = 5
"""Spills without protons that tell the counts of noise alone."""


def calibrate(spills: Iterable[Spill], cfg: AlarmsConfig, who: str, when_ns: int, why: str = "") -> Reference:
    """Make a reference.

    Parameters
    ----------
    spills : current rows; what is not a good spill is left out here
    cfg : streams, budget, safety
    who, when_ns, why : provenance

    Raises
    ------
    DataError
        Too few good spills, spills of several modes, or too many outliers.
    """
    return calibrate_readings([read_spill(spill) for spill in spills], cfg, who, when_ns, why)


def calibrate_readings(
    readings: Sequence[Reading], cfg: AlarmsConfig, who: str, when_ns: int, why: str = ""
) -> Reference:
    """Make a reference from readings; see `calibrate`."""
    readings = sorted(readings, key=lambda reading: reading.key)
    good = _good(readings, cfg)
    settings = Counter(_setting(reading) for reading in good)
    working = settings.most_common(1)[0][0] if settings else None
    main = [reading for reading in good if _setting(reading) == working]
    _check(len(readings), main, cfg)
    dark = _dark(readings, cfg, main[0].mode)
    main = _quiet(main, dark, cfg)
    streams = _streams(main, dark, cfg)
    streams = {name: one.model_copy(update={"curve": _curve(name, one, good, cfg)}) for name, one in streams.items()}
    return Reference(
        provenance=Provenance(
            runs=_ranges(main),
            mode=main[0].mode,
            config_digest=main[-1].config_digest,
            who=who,
            when_ns=when_ns,
            why=why,
        ),
        b2_a=working,
        mean_pot=round(float(np.mean([reading.pot or 0 for reading in main]))),
        n_spills=len(main),
        run_length=_budget(streams, cfg).run_length,
        streams=streams,
        ratios={name: ratio for name in cfg.ratios if (ratio := _ratio(name, main, cfg)) is not None},
        rare={name: sum(reading.candidates[name] for reading in main) for name in main[0].candidates},
        rare_pot=sum(reading.pot or 0 for reading in main),
    )


def _good(readings: Sequence[Reading], cfg: AlarmsConfig) -> list[Reading]:
    return [
        reading
        for reading in readings
        if reading.is_good
        and (reading.pot or 0) >= cfg.no_beam_pot
        and (reading.b2_set_a is None or abs((reading.b2_a or 0.0) - reading.b2_set_a) <= cfg.b2_tolerance_a)
    ]


def _setting(reading: Reading) -> float:
    """Setting of B2, or the current where the setting is not known [A]."""
    return round(reading.b2_a or 0.0) if reading.b2_set_a is None else reading.b2_set_a


def _check(n_all: int, main: Sequence[Reading], cfg: AlarmsConfig) -> None:
    if len(main) < cfg.reference_spills:
        msg = (
            f"alarms calibrate: {len(main)} good spills at one setting of B2 among {n_all}, wanted at least "
            f"{cfg.reference_spills} (alarms.reference_spills); take more quiet beam: fewer give a biased one"
        )
        raise DataError(msg)
    modes = sorted({reading.mode for reading in main})
    if len(modes) > 1:
        msg = f"alarms calibrate: spills of modes {', '.join(modes)}; a reference is for one mode, give --run"
        raise DataError(msg)


def _dark(readings: Sequence[Reading], cfg: AlarmsConfig, mode: str) -> dict[str, float]:
    """Counts of a spill without protons, 0 where too few such spills were seen."""
    empty = [r for r in readings if r.mode == mode and r.complete and r.pot is not None and r.pot < cfg.no_beam_pot]
    dark = dict.fromkeys(WATCHED, 0.0)
    for name in WATCHED if len(empty) >= DARK_SPILLS else ():
        values = [count for reading in empty if (count := reading.counts[name]) is not None]
        dark[name] = float(np.mean(values)) if values else 0.0
    return dark


def _arrays(name: str, readings: Sequence[Reading]) -> tuple[F64, F64, list[Reading]]:
    """Counts and exposure of the spills that have the stream."""
    power, scaler = WATCHED[name].power, WATCHED[name].kind == "scaler"
    kept = [reading for reading in readings if reading.counts[name] is not None]
    n = np.array([reading.counts[name] for reading in kept], np.float64)
    pot = np.array([reading.pot for reading in kept], np.float64) / UNIT_POT
    live = 1.0 if scaler else np.array([reading.live for reading in kept], np.float64)
    return n, pot**power * live, kept


def _quiet(main: list[Reading], dark: dict[str, float], cfg: AlarmsConfig) -> list[Reading]:
    """Leave out spills that are far off in any stream; refuse a period with many of them."""
    odd: set[tuple[int, int]] = set()
    for name in cfg.streams:
        n, exposure, kept = _arrays(name, main)
        if len(n) == 0 or np.median(n) < ENOUGH_COUNTS:
            continue
        rate = (n - dark[name]) / exposure
        centred = rate / np.median(rate) - 1.0
        width = max(1.4826 * float(np.median(np.abs(centred))), float(np.median(n)) ** -0.5)
        odd |= {kept[i].key for i in np.flatnonzero(np.abs(centred) > cfg.outlier_sigmas * width)}
    if len(odd) > cfg.outlier_fraction * len(main):
        named = ", ".join(f"{run}/{burst}" for run, burst in sorted(odd)[:5])
        msg = (
            f"alarms calibrate: {len(odd)} of {len(main)} spills are more than {cfg.outlier_sigmas:g} sigma off "
            f"({named} ...), wanted at most {cfg.outlier_fraction:.0%}; this is not a quiet period, choose other runs"
        )
        raise DataError(msg)
    return [reading for reading in main if reading.key not in odd]


def _streams(main: Sequence[Reading], dark: dict[str, float], cfg: AlarmsConfig) -> dict[str, StreamCalibration]:
    plain = {name: one for name in cfg.streams if (one := _stream(name, main, dark[name], cfg)) is not None}
    budget = _budget(plain, cfg)
    return {
        name: one.model_copy(update={"charts": _charts(name, one, main, budget, cfg)}) for name, one in plain.items()
    }


def _stream(name: str, main: Sequence[Reading], dark: float, cfg: AlarmsConfig) -> StreamCalibration | None:
    n, exposure, kept = _arrays(name, main)
    if len(n) < cfg.reference_spills * (1.0 - cfg.outlier_fraction):
        return None
    if n.sum() <= dark * len(n) and dark > 0:
        msg = (
            f"alarms calibrate: {name} counts {dark:.4g} in a spill without protons and {n.mean():.4g} with; wanted "
            "more with beam: are those spills really without protons (alarms.no_beam_pot)?"
        )
        raise DataError(msg)
    # half a count more: a stream that was never seen is rare, not impossible
    per_unit = max(0.5, float(n.sum()) + 0.5 - dark * len(n)) / float(exposure.sum())
    mu = dark + per_unit * exposure
    found = noise.measure(n / mu - 1.0, 1.0 / mu, _follows(kept), cfg.noise_safety, cfg.noise_floor)
    return StreamCalibration(
        per_unit=per_unit,
        dark=dark,
        power=WATCHED[name].power,
        mean=float(mu.mean()),
        counts=float(n.sum()),
        phi=found.phi,
        rho=found.rho,
        phi_eff=found.phi_eff,
        overdispersion=found.overdispersion,
        n_spills=len(n),
        charts=[],
    )


def _follows(kept: Sequence[Reading]) -> NDArray[np.bool_]:
    keys = [reading.key for reading in kept]
    return np.array([i > 0 and key == (keys[i - 1][0], keys[i - 1][1] + 1) for i, key in enumerate(keys)])


def _budget(streams: dict[str, StreamCalibration], cfg: AlarmsConfig) -> Budget:
    n_charts = sum(len(factors(cfg, one.mean)) for one in streams.values())
    return divide(cfg, len(cfg.streams) + len(cfg.ratios), n_charts)


def _charts(
    name: str, one: StreamCalibration, main: Sequence[Reading], budget: Budget, cfg: AlarmsConfig
) -> list[ChartLimit]:
    n, exposure, _ = _arrays(name, main)
    mu = one.dark + one.per_unit * exposure
    phi = one.phi_eff + 1.0 / max(0.5, one.counts)
    charts = []
    for factor in factors(cfg, one.mean):
        chart = Chart(one.mean, phi, factor)
        steps = np.array([llr(*pair, phi, factor) for pair in zip(n, mu, strict=True)])
        exact = limit_for(chart, budget.run_length)
        limit = max(exact, bootstrap_limit(steps, cfg.bootstrap_block, budget.run_length))
        if not math.isfinite(limit):
            msg = (
                f"alarms calibrate: {name} drifts within the given spills, so no limit of its chart keeps the budget; "
                "choose spills of a steadier period"
            )
            raise DataError(msg)
        length = max(budget.run_length, run_length(chart, exact))
        charts.append(ChartLimit(factor=factor, limit=limit, run_length=length))
    return charts


def _curve(
    name: str, one: StreamCalibration, good: Sequence[Reading], cfg: AlarmsConfig
) -> list[tuple[float, float, float]]:
    """Rate at every setting of B2 with enough spills, relative to the working point."""
    ordered = sorted(good, key=_setting)
    points = []
    for setting, group in groupby(ordered, key=_setting):
        n, exposure, kept = _arrays(name, list(group))
        signal = float(n.sum()) - one.dark * len(n)
        if len(kept) < cfg.curve_spills or signal <= 0:
            continue
        factor = signal / float(exposure.sum()) / one.per_unit
        points.append((setting, factor, (one.phi_eff / len(n) + 1.0 / float(n.sum())) ** 0.5))
    return points if len(points) > 1 else []


def _ratio(name: str, main: Sequence[Reading], cfg: AlarmsConfig) -> RatioCalibration | None:
    over, under = name.split("/")
    kept = [r for r in main if r.counts[over] and r.counts[under]]
    if len(kept) < cfg.reference_spills * (1.0 - cfg.outlier_fraction):
        return None
    n1, n2 = (np.array([reading.counts[s] for reading in kept], np.float64) for s in (over, under))
    value = float(n1.sum() / n2.sum())
    found = noise.measure(
        n1 / n2 / value - 1.0, 1.0 / n1 + 1.0 / n2, _follows(kept), cfg.noise_safety, cfg.ratio_noise_floor
    )
    return RatioCalibration(value=value, phi_eff=found.phi_eff, n_spills=len(kept))


def _ranges(main: Sequence[Reading]) -> list[tuple[int, int, int]]:
    runs = [(run, [reading.key[1] for reading in group]) for run, group in groupby(main, key=lambda r: r.key[0])]
    return [(run, min(bursts), max(bursts)) for run, bursts in runs]
