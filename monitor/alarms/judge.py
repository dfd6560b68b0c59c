"""One spill against one stream: its point, and what the spill alone says. Pure: state in, state out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from monitor.alarms import cusum, ewma, nb
from monitor.alarms.magnet import Magnet
from monitor.alarms.model import Inhibit, State, StreamPoint
from monitor.alarms.reference import expected
from monitor.alarms.rules import Rules
from monitor.alarms.states import Held, advance
from monitor.alarms.streams import UNIT_POT, WATCHED, Reading
from monitor.spill import Quality

HEAVY = 100.0
"""Streams with more counts in a spill say whether all streams moved together."""


@dataclass(frozen=True, slots=True)
class StreamState:
    """One stream after a spill.

    jump, drift : alarms of single spills, of the charts
    levels : of the CUSUM charts, in the order of the reference
    recent : rates of the spills before, for the fallback
    recent_b2 : setting of B2 they were taken at [A]
    level : of the fallback chart [sigma]
    point : of the last spill
    seen_jump, seen_drift : what the last spill said; None: it was not judged
    jump_point, drift_point : the last spill that was not quiet
    mu : counts that were expected in the last spill that was judged
    """

    jump: Held = field(default_factory=Held)
    drift: Held = field(default_factory=Held)
    levels: tuple[float, ...] = ()
    recent: tuple[float, ...] = ()
    recent_b2: float | None = None
    level: float = 0.0
    point: StreamPoint | None = None
    seen_jump: State | None = None
    seen_drift: State | None = None
    jump_point: StreamPoint | None = None
    drift_point: StreamPoint | None = None
    mu: float = 0.0

    @property
    def state(self) -> State:
        """The worse one of jump and drift."""
        return max(self.jump.state, self.drift.state, key=ORDER.index)

    @property
    def held(self) -> Held:
        """The worse one, with its spill."""
        return max(self.jump, self.drift, key=lambda held: ORDER.index(held.state))


ORDER = (State.OK, State.UNKNOWN, State.WARN, State.ALARM)


def common_inhibit(reading: Reading, magnet: Magnet, rules: Rules) -> Inhibit | None:
    """Why no stream is judged in a spill."""
    if reading.mode == "BIASED" or Quality.NO_EOB in reading.flags or reading.pot is None:
        return Inhibit.BAD_SPILL
    if reading.pot < rules.cfg.no_beam_pot:
        return Inhibit.NO_BEAM
    if magnet.off is not None:
        return magnet.off
    return Inhibit.MAGNET_OFF if off_reference(reading, rules) else None


def off_reference(reading: Reading, rules: Rules) -> bool:
    """Whether B2 stands where the reference knows nothing."""
    reference = rules.reference
    if reference is None or reference.b2_a is None or reading.b2_a is None:
        return False
    tolerance = rules.cfg.b2_tolerance_a
    if abs(reading.b2_a - reference.b2_a) <= tolerance:
        return False
    known = [one.factor(reading.b2_a, reference.b2_a, tolerance) for one in reference.streams.values()]
    return all(factor is None for factor in known)


def judge(name: str, state: StreamState, reading: Reading, inhibit: Inhibit | None, rules: Rules) -> StreamState:
    """Judge one stream in one spill; the alarms are not advanced yet (`settle`)."""
    n = reading.counts[name]
    if inhibit is None and n is None:
        inhibit = Inhibit.BAD_SPILL
    if inhibit is not None or n is None:
        return _not_judged(state, reading, n, inhibit or Inhibit.BAD_SPILL)
    if rules.reference is not None and name in rules.reference.streams:
        known = expected(rules.reference, name, reading, rules.cfg.b2_tolerance_a)
        if known is None:
            return _not_judged(state, reading, n, Inhibit.MAGNET_OFF)
        return _primary(name, _remember(name, state, reading, n, rules), reading, n, known, rules)
    return _fallback(name, state, reading, n, rules)


def settle(state: StreamState, reading: Reading, clear_spills: int, blamed: bool) -> StreamState:
    """Advance the alarms of a stream; with `blamed` (the POT monitor is to blame) to a warning at most."""
    jump, drift = state.seen_jump, state.seen_drift
    if blamed:
        jump, drift = (State.WARN if seen is State.ALARM else seen for seen in (jump, drift))
    state = replace(
        state,
        jump=advance(state.jump, jump, reading.key, clear_spills),
        drift=advance(state.drift, drift, reading.key, clear_spills),
    )
    if state.point is None:
        return state
    point = state.point.model_copy(update={"state": state.state})
    raising = (State.WARN, State.ALARM)
    return replace(
        state,
        point=point,
        jump_point=point if jump in raising else state.jump_point,
        drift_point=point if drift in raising else state.drift_point,
    )


def _per_unit(count: float | None, reading: Reading, name: str) -> float | None:
    """Counts per 1e12 protons, dead time corrected."""
    live = _live(reading, name)
    return None if count is None or not reading.pot or not live else count * UNIT_POT / reading.pot / live


def _live(reading: Reading, name: str) -> float:
    return 1.0 if WATCHED[name].kind == "scaler" else (reading.live or 0.0)


def _not_judged(state: StreamState, reading: Reading, n: int | None, inhibit: Inhibit) -> StreamState:
    old = state.point
    point = StreamPoint(
        run=reading.key[0],
        burst=reading.key[1],
        n=n,
        value=n * UNIT_POT / reading.pot if n is not None and reading.pot else None,
        expected=None,
        low=None,
        high=None,
        # no evidence: the charts stand still
        cusum_up=old.cusum_up if old else 0.0,
        cusum_down=old.cusum_down if old else 0.0,
        p_high=None,
        p_low=None,
        state=state.state,
        inhibited=inhibit,
    )
    return replace(state, point=point, seen_jump=None, seen_drift=None)


def _primary(
    name: str, state: StreamState, reading: Reading, n: int, known: tuple[float, float], rules: Rules
) -> StreamState:
    mu, phi = known
    charts, warn = rules.charts.get(name, ()), rules.budget.warn_below
    old = state.levels if len(state.levels) == len(charts) else (0.0,) * len(charts)
    levels = tuple(
        cusum.advance(level, n, mu, phi, chart.factor, chart.limit) for level, chart in zip(old, charts, strict=True)
    )
    drift = State.OK
    for level, chart in zip(levels, charts, strict=True):
        found = State.ALARM if level > chart.limit else State.WARN if level > chart.limit - warn else State.OK
        drift = max(drift, found, key=ORDER.index)
    tails = nb.p_high(n, mu, phi), nb.p_low(n, mu, phi)
    part = [(chart.factor, level / chart.limit) for level, chart in zip(levels, charts, strict=True)]
    point = _point(name, reading, n, (mu, phi), tails, rules.budget.p_page)
    point = point.model_copy(
        update={
            "cusum_up": max((level for factor, level in part if factor > 1.0), default=0.0),
            "cusum_down": max((level for factor, level in part if factor < 1.0), default=0.0),
        }
    )
    return replace(
        state, levels=levels, point=point, seen_jump=_by_tail(min(tails), rules), seen_drift=drift, mu=mu, level=0.0
    )


def _by_tail(p: float, rules: Rules) -> State:
    return State.ALARM if p < rules.budget.p_page else State.WARN if p < rules.budget.p_warn else State.OK


def _point(
    name: str, reading: Reading, n: int, known: tuple[float, float], tails: tuple[float, float], p: float
) -> StreamPoint:
    low, high = nb.band(*known, p)
    return StreamPoint(
        run=reading.key[0],
        burst=reading.key[1],
        n=n,
        value=_per_unit(n, reading, name),
        expected=_per_unit(known[0], reading, name),
        low=_per_unit(low, reading, name),
        high=_per_unit(high, reading, name),
        cusum_up=0.0,
        cusum_down=0.0,
        p_high=tails[0],
        p_low=tails[1],
        state=State.UNKNOWN,
    )


def _exposure(name: str, reading: Reading) -> float:
    return ((reading.pot or 0) / UNIT_POT) ** WATCHED[name].power * _live(reading, name)


def _remember(name: str, state: StreamState, reading: Reading, n: int, rules: Rules) -> StreamState:
    """Keep the rate for the fallback; at another setting of B2 it begins anew."""
    b2 = reading.b2_set_a
    recent = state.recent if state.recent_b2 == b2 else ()
    return replace(state, recent=ewma.keep(recent, n / _exposure(name, reading), rules.cfg), recent_b2=b2)


def _fallback(name: str, state: StreamState, reading: Reading, n: int, rules: Rules) -> StreamState:
    """Without reference: single spills outside a wide band, and the EWMA against median and MAD."""
    cfg, exposure = rules.cfg, _exposure(name, reading)
    recent = state.recent if state.recent_b2 == reading.b2_set_a else ()
    found = ewma.trailing(recent, cfg) if len(recent) >= cfg.learning_spills else None
    after = _remember(name, state, reading, n, rules)
    if found is None or found[0] <= 0.0:
        return replace(_not_judged(after, reading, n, Inhibit.LEARNING), level=0.0)
    median, width = found
    mu = median * exposure
    noise = (width / median) ** 2
    phi = max(cfg.noise_floor**2, (noise - 1.0 / mu) * cfg.noise_safety**2)
    tails = nb.p_high(n, mu, phi), nb.p_low(n, mu, phi)
    far = abs(n / mu - 1.0) > cfg.learning_band
    # the chart waits for a whole window: with fewer spills median and MAD are too rough for it
    is_full = len(recent) >= cfg.ewma_window + cfg.ewma_gap
    residual = (n - mu) / max(width * exposure, math.sqrt(max(mu, 1.0)))
    level = ewma.step(state.level, residual, cfg) if is_full else 0.0
    beyond = abs(level) / ewma.limit(cfg)
    point = _point(name, reading, n, (mu, phi), tails, rules.budget.p_page)
    side = "cusum_up" if level > 0 else "cusum_down"
    return replace(
        after,
        level=level,
        levels=(),
        point=point.model_copy(update={side: beyond}),
        seen_jump=_by_tail(min(tails), rules) if far else State.OK,
        seen_drift=State.ALARM if beyond > 1.0 else State.OK,
        mu=mu,
    )
