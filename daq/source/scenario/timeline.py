"""From scenario and burst number to the conditions of the burst."""

from __future__ import annotations

from daq.config.beam import BeamConfig
from daq.source.conditions import QUIET, BurstConditions
from daq.source.magnets import Supply, ramped_current
from daq.source.scenario.beam_steps import B2ScanStep, B2SetStep, B2TripStep
from daq.source.scenario.model import Scenario
from daq.source.scenario.step import with_beam


def conditions(scenario: Scenario | None, burst: int, beam: BeamConfig) -> BurstConditions:
    """Conditions of one burst: a function of its arguments alone, so any burst can be made alone.

    `beam` gives the current of B2 outside the steps and how fast it ramps.
    """
    if scenario is None or not scenario.steps:
        return QUIET
    now = QUIET
    for step in scenario.steps:
        if step.holds(burst):
            now = step.apply(now, burst)
    changes = supply_changes(scenario, beam.b2_current_a)
    if not changes:
        return now
    current = ramped_current(changes, burst, beam.b2_current_a, beam.ramp_a_per_spill)
    return with_beam(now, b2_set_a=set_point(scenario, burst, beam.b2_current_a), b2_current_a=current)


def n_taken(scenario: Scenario | None, first: int, last: int, beam: BeamConfig) -> int:
    """Spills from `first` to `last` that are taken."""
    return sum(not conditions(scenario, burst, beam).skipped for burst in range(first, last + 1))


def set_point(scenario: Scenario, burst: int, otherwise_a: float) -> float:
    """Set point of B2 in a burst [A], `otherwise_a` when no step says one."""
    for step in scenario.steps:
        if isinstance(step, B2SetStep | B2ScanStep) and step.holds(burst):
            return step.set_point(burst)
    return otherwise_a


def supply_changes(scenario: Scenario, otherwise_a: float) -> list[Supply]:
    """What the supply of B2 aims at, from which burst on: the set point, or the residual current of a trip."""
    trips = [step for step in scenario.steps if isinstance(step, B2TripStep)]
    settings = [step for step in scenario.steps if isinstance(step, B2SetStep | B2ScanStep)]
    edges = sorted({edge for step in (*trips, *settings) for edge in step.edges()})
    changes = []
    for edge in edges:
        tripped = [trip.residual_a for trip in trips if trip.holds(edge)]
        target = tripped[0] if tripped else set_point(scenario, edge, otherwise_a)
        changes.append(Supply(edge, target, jumps=bool(tripped)))
    return changes
