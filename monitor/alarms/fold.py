"""The fold of the desk: state after a spill from the state before it. No clock, no order but that of the spills."""

from __future__ import annotations

from dataclasses import dataclass, field

from scipy.stats import poisson

from daq.config.alarms import AlarmsConfig
from monitor.alarms import kinds, system
from monitor.alarms.judge import StreamState, common_inhibit, judge, off_reference, settle
from monitor.alarms.magnet import Magnet, follow
from monitor.alarms.model import Inhibit, State
from monitor.alarms.rules import Rules
from monitor.alarms.states import Held, advance
from monitor.alarms.streams import Reading
from monitor.alarms.system import Said

MOST_ONSETS = 200
"""Alarms of a week that are remembered; more are not told apart."""

SURE = 0.99
"""A week with more alarms than this quantile of the predicted Poisson number is not bad luck."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One alarm without or with a ratio's name: its state, and what was last said about it."""

    held: Held = field(default_factory=Held)
    text: str = ""


@dataclass(frozen=True, slots=True)
class DeskState:
    """Everything the desk knows after a spill.

    n_judged : spills judged so far
    onsets : number of the judged spill at which alarms began, of the last week
    observed, expected_pot : open-region pairs by channel, and the protons of the spills they were seen in
    """

    last: Reading | None = None
    magnet: Magnet = field(default_factory=Magnet)
    inhibit: Inhibit | None = None
    streams: dict[str, StreamState] = field(default_factory=dict)
    ratios: dict[str, Raised] = field(default_factory=dict)
    system: dict[str, Raised] = field(default_factory=dict)
    n_without_pot: int = 0
    n_judged: int = 0
    onsets: tuple[int, ...] = ()
    observed: dict[str, int] = field(default_factory=dict)
    expected_pot: int = 0


def step(state: DeskState, reading: Reading, rules: Rules) -> DeskState:
    """State after a spill."""
    cfg = rules.cfg
    now = follow(state.magnet, reading.b2_a, reading.b2_set_a, cfg) if reading.mode != "BIASED" else state.magnet
    inhibit = common_inhibit(reading, now, rules)
    fresh = StreamState()
    judged = {name: judge(name, state.streams.get(name, fresh), reading, inhibit, rules) for name in cfg.streams}
    suspect = system.pot_suspect(reading, judged, rules)
    blamed = suspect.state is State.ALARM
    streams = {name: settle(one, reading, cfg.clear_spills, blamed) for name, one in judged.items()}
    n_without = 0 if reading.pot is not None else state.n_without_pot + (reading.mode != "BIASED")
    n_judged = state.n_judged + (inhibit is None)
    onsets = _onsets(state, streams, n_judged, rules)
    said = {
        kinds.MAGNET: system.magnet(reading, now, off_reference(reading, rules), rules),
        kinds.POT_MISSING: system.pot_missing(reading, n_without, cfg),
        kinds.POT_SUSPECT: suspect,
        kinds.SCALER: system.scaler(reading),
        kinds.INCOMPLETE: system.incomplete(reading),
        kinds.CLOCK: system.clock(reading, state.last),
        kinds.KEYS: system.sealing(reading),
        kinds.DEAD: system.dead_time(reading, cfg),
    }
    raised = {name: _raise(state.system.get(name, Raised()), one, reading, cfg) for name, one in said.items()}
    # silence of a week is no calm: this one is what the week says, without hysteresis
    raised[kinds.MISCALIBRATED] = _at_once(
        state.system.get(kinds.MISCALIBRATED), _miscalibrated(onsets, rules), reading
    )
    ratios = {n: system.ratio_check(n, reading, inhibit, rules) for n in cfg.ratios}
    observed, pot = _rare(state, reading)
    return DeskState(
        last=reading,
        magnet=now,
        inhibit=inhibit,
        streams=streams,
        ratios={n: _raise(state.ratios.get(n, Raised()), one, reading, cfg) for n, one in ratios.items()},
        system=raised,
        n_without_pot=n_without,
        n_judged=n_judged,
        onsets=onsets,
        observed=observed,
        expected_pot=pot,
    )


def _raise(before: Raised, said: Said, reading: Reading, cfg: AlarmsConfig) -> Raised:
    held = advance(before.held, said.state, reading.key, cfg.clear_spills)
    # a raised alarm keeps the words of the spill that raised it until it ends
    keeps = held.is_raised and said.state in (None, State.OK)
    return Raised(held, before.text if keeps else said.text)


def _at_once(before: Raised | None, said: Said, reading: Reading) -> Raised:
    state = said.state or State.UNKNOWN
    held = before.held if before is not None and before.held.state is state else Held(state, 0, reading.key)
    return Raised(held, said.text)


def _onsets(state: DeskState, streams: dict[str, StreamState], n_judged: int, rules: Rules) -> tuple[int, ...]:
    """Spills at which a stream went to ALARM; several streams in one spill are one."""
    week = n_judged - round(rules.budget.spills)
    kept = tuple(number for number in state.onsets if number > week)
    begun = any(
        new.state is State.ALARM and state.streams.get(name, StreamState()).state is not State.ALARM
        for name, new in streams.items()
    )
    return (*kept, n_judged)[-MOST_ONSETS:] if begun else kept


def most_alarms(predicted: float) -> int:
    """Alarms of a week that are still in keeping with the prediction."""
    return int(poisson.ppf(SURE, predicted))


def _miscalibrated(onsets: tuple[int, ...], rules: Rules) -> Said:
    predicted = rules.predicted_sum()
    most = most_alarms(predicted)
    text = (
        f"{len(onsets)} alarms in the last {rules.budget.spills:.0f} judged spills (a week at one per "
        f"{rules.cfg.cadence_seconds:g} s), predicted {predicted:.2f} false ones, at most {most} at 99 %"
    )
    if len(onsets) > most:
        return Said(State.ALARM, f"{text}: real causes, or the noise has changed.")
    if rules.reference is None:
        return Said(State.WARN, f"No primary detector: {rules.why}.")
    return Said(State.OK, f"{text}. {rules.why[:1].upper()}{rules.why[1:]}.")


def _rare(state: DeskState, reading: Reading) -> tuple[dict[str, int], int]:
    """Pairs in the open regions so far, and the protons they were seen in."""
    if reading.mode == "BIASED" or not reading.complete or reading.pot is None:
        return state.observed, state.expected_pot
    observed = {name: state.observed.get(name, 0) + n for name, n in reading.candidates.items()}
    return observed, state.expected_pot + reading.pot
