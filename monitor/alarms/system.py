"""Alarms that a spill gives about beam, books and trigger, beside the rates. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from daq.config.alarms import AlarmsConfig
from monitor.alarms import kinds, ratio
from monitor.alarms.judge import HEAVY, StreamState
from monitor.alarms.magnet import Magnet
from monitor.alarms.model import Inhibit, State
from monitor.alarms.reference import Reference
from monitor.alarms.rules import Rules
from monitor.alarms.streams import BAD_POT, UNIT_POT, WATCHED, Reading
from monitor.spill import Quality

LONGEST_CYCLE_S = 1800.0
"""Successive bursts of a run further apart are a clock step, or a pause that nobody closed the run for."""

FEWEST_HEAVY = 3
"""Streams that must have moved together before the POT monitor is blamed."""

NO_BEAM_PART = 0.1
"""Without protons a stream counts less than this part of its beam counts, dark counts apart."""


class Said(NamedTuple):
    """What one spill says about one alarm; state None: it could not be judged."""

    state: State | None
    text: str


def magnet(reading: Reading, now: Magnet, off_reference: bool, rules: Rules) -> Said:
    """B2: off its setting, ramping, or at a setting that the reference does not know."""
    current, setting = reading.b2_a, reading.b2_set_a
    if reading.mode == "BIASED":
        return Said(None, "A biased burst says nothing about the magnet.")
    if current is None:
        return Said(None, "No usable reading of B2 in this cycle.")
    at = f"B2 is at {current:.1f} A, its setting is {'not known' if setting is None else f'{setting:.1f} A'}"
    if now.off is Inhibit.MAGNET_RAMP:
        return Said(State.WARN, f"{at}: planned ramp, spill {now.ramping} of at most {rules.cfg.ramp_spills}.")
    if now.off is not None:
        return Said(State.ALARM, f"{at}: more than {rules.cfg.b2_tolerance_a:g} A off.")
    if off_reference and rules.reference is not None and rules.reference.b2_a is not None:
        known = f"the reference was made at {rules.reference.b2_a:.1f} A"
        # a planned setting is a warning; a current that nobody asked for cannot be told without a setting
        return Said(State.ALARM if setting is None else State.WARN, f"{at}; {known}: rates are not judged.")
    return Said(State.OK, f"{at}.")


def pot_missing(reading: Reading, n_missing: int, cfg: AlarmsConfig) -> Said:
    """T10: absent, negative or implausible."""
    if reading.mode == "BIASED":
        return Said(None, "A biased burst has no protons on target.")
    flags = [flag for flag in reading.flags if flag in BAD_POT]
    if not flags:
        return Said(State.OK, "The T10 reading is there.")
    read = "nothing" if reading.t10 is None else f"{reading.t10:.4g}e11 protons"
    state = State.ALARM if n_missing >= cfg.pot_missing_spills else State.WARN
    return Said(
        state, f"{', '.join(flags)}: T10 reads {read}, {n_missing} spills in a row (alarm at {cfg.pot_missing_spills})."
    )


def pot_suspect(reading: Reading, streams: Mapping[str, StreamState], rules: Rules) -> Said:
    """Whether protons, not background, changed: all streams moved alike and every ratio, as counted, is flat."""
    dark_beam = _beam_without_protons(reading, rules)
    if dark_beam:
        return Said(State.ALARM, dark_beam)
    known = {} if rules.reference is None else rules.reference.streams
    judged = {n: s for n, s in streams.items() if s.seen_jump is not None and s.mu >= HEAVY and n in known}
    if len(judged) < FEWEST_HEAVY or rules.reference is None:
        return Said(None, "Too few streams were judged to check the protons.")
    moved = {name: _implied(rules.reference, name, reading, one.mu) for name, one in judged.items()}
    factor = math.exp(sum(math.log(value) for value, _ in moved.values()) / len(moved))
    together = all(
        abs(value / factor - 1.0) <= rules.cfg.flat_tolerance + 3.0 * error for value, error in moved.values()
    )
    raised = abs(factor - 1.0) > rules.cfg.flat_tolerance and any(_is_raised(s, factor > 1.0) for s in streams.values())
    off = ratios_off(reading, rules)
    if not raised or not together or not off or any(part > 1.0 for part in off.values()):
        return Said(State.OK, "Streams and ratios give no reason to doubt the protons.")
    parts = ", ".join(f"{name} x{value:.3f}" for name, (value, _) in moved.items())
    return Said(
        State.ALARM, f"Every stream asks for x{factor:.3f} the protons that T10 reads ({parts}), every ratio is flat."
    )


def _implied(reference: Reference, name: str, reading: Reading, mu: float) -> tuple[float, float]:
    """Protons that the counts of a stream ask for, relative to those read, and their relative counting error."""
    one, n = reference.streams[name], reading.counts[name] or 0
    beam = max(1.0, mu - one.dark)
    return max(1e-3, (n - one.dark) / beam) ** (1.0 / one.power), math.sqrt(n) / beam / one.power


def _is_raised(state: StreamState, upwards: bool) -> bool:
    """Whether the spill raised a stream in this direction; a chart may still be falling from an earlier excursion."""
    point = state.point
    if point is None or point.p_high is None or point.p_low is None:
        return False
    jumped = state.seen_jump is State.ALARM and (point.p_high < point.p_low) == upwards
    return jumped or (state.seen_drift is State.ALARM and (point.cusum_up if upwards else point.cusum_down) > 1.0)


def ratios_off(reading: Reading, rules: Rules) -> dict[str, float]:
    """Distance of every ratio from the reference, as it was counted; above 1 it is not flat."""
    if rules.reference is None:
        return {}
    off = {}
    for name in rules.cfg.ratios:
        one, (over, under) = rules.reference.ratios.get(name), name.split("/")
        n1, n2 = reading.counts[over], reading.counts[under]
        if one is not None and n1 and n2:
            allowed = rules.cfg.flat_tolerance + 3.0 * math.sqrt(1.0 / n1 + 1.0 / n2)
            off[name] = abs(n1 / n2 / one.value - 1.0) / allowed
    return off


def _beam_without_protons(reading: Reading, rules: Rules) -> str:
    """A T10 that reads nothing while the counters see beam."""
    reference = rules.reference
    if reference is None or reading.pot is None or reading.pot >= rules.cfg.no_beam_pot:
        return ""
    if not any(one.dark > 0 for one in reference.streams.values()):
        return ""  # what the streams count without beam was never measured
    for name, one in reference.streams.items():
        n, beam = reading.counts[name], one.mean - one.dark
        if beam >= HEAVY and n is not None and n - one.dark > NO_BEAM_PART * beam:
            seen = f"{name} counted {n} (dark {one.dark:.0f}, with beam {one.mean:.0f})"
            return f"T10 reads {reading.pot:.3g} protons, but {seen}."
    return ""


def ratio_check(name: str, reading: Reading, inhibited: Inhibit | None, rules: Rules) -> Said:
    """One ratio against the reference, dark counts taken into account; no protons are needed."""
    over, under = name.split("/")
    n1, n2, reference = reading.counts[over], reading.counts[under], rules.reference
    if reference is None or name not in reference.ratios:
        return Said(None, "No reference for this ratio.")
    if inhibited not in (None, Inhibit.BAD_SPILL) or not n1 or not n2 or reading.b2_a is None:
        return Said(None, "Not judged in this spill.")
    wanted = _ratio_expected(reference.ratios[name].value, over, under, n2, reading, rules)
    high, low = ratio.tails(n1, n2, wanted, reference.ratios[name].phi_eff)
    p = min(high, low)
    state = State.ALARM if p < rules.budget.p_page else State.WARN if p < rules.budget.p_warn else State.OK
    text = f"{name} is {n1 / n2:.5g}, expected {wanted:.5g}; tail p = {p:.1e}, threshold {rules.budget.p_page:.1e}."
    return Said(state, text)


def _ratio_expected(value: float, over: str, under: str, n2: int, reading: Reading, rules: Rules) -> float:
    streams = {} if rules.reference is None else rules.reference.streams
    if over not in streams or under not in streams or rules.reference is None:
        return value
    top, bottom = streams[over], streams[under]
    live = {name: 1.0 if WATCHED[name].kind == "scaler" else (reading.live or 1.0) for name in (over, under)}
    # the beam that the lower stream saw, in units of 1e12 protons
    beam = max(0.0, n2 - bottom.dark) / (bottom.per_unit * live[under])
    at_reference = top.per_unit * rules.reference.mean_pot / UNIT_POT + top.dark
    scale = value * bottom.mean / at_reference
    return max(1e-9, scale * (top.dark + top.per_unit * live[over] * beam) / n2)


def scaler(reading: Reading) -> Said:
    """A scaler that ran backwards."""
    if Quality.BAD_SCALER in reading.flags:
        return Said(State.WARN, "A scaler reads less than 0 or more than 2^32.")
    return Said(State.OK, "The scalers are plausible.")


def incomplete(reading: Reading) -> Said:
    """Frames that are missing."""
    if reading.complete:
        return Said(State.OK, "The spill is complete.")
    return Said(State.WARN, f"The spill is incomplete: {reading.n_missing} events missing.")


def sealing(reading: Reading) -> Said:
    """Whether the masked counts of the spill were sealed."""
    if Quality.NOT_SEALED not in reading.flags:
        return Said(State.OK, "The spill is sealed.")
    return Said(State.ALARM, "The spill is not sealed: the keys were missing or differed, or a replay booked it.")


def clock(reading: Reading, before: Reading | None) -> Said:
    """Wall clock at SOB against that of the burst before."""
    if before is None or before.key[0] != reading.key[0]:
        return Said(State.OK, "First spill of the run.")
    seconds, bursts = (reading.sob_ns - before.sob_ns) * 1e-9, reading.key[1] - before.key[1]
    if 0.0 < seconds <= LONGEST_CYCLE_S * bursts:
        return Said(State.OK, "The clock goes forward.")
    return Said(State.WARN, f"SOB moved by {seconds:.1f} s in {bursts} bursts: clock step, or a long pause.")


def dead_time(reading: Reading, cfg: AlarmsConfig) -> Said:
    """Live fraction."""
    if reading.live is None:
        return Said(None, "The live fraction is not known.")
    state = State.WARN if reading.live < cfg.least_live_fraction else State.OK
    return Said(state, f"Live fraction {reading.live:.4f}, wanted at least {cfg.least_live_fraction:g}.")


SYSTEM = (
    kinds.MAGNET,
    kinds.POT_MISSING,
    kinds.POT_SUSPECT,
    kinds.SCALER,
    kinds.INCOMPLETE,
    kinds.CLOCK,
    kinds.KEYS,
    kinds.DEAD,
    kinds.MISCALIBRATED,
)
"""Alarms without a stream, in the order they are shown."""
