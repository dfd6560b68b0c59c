"""Contradictions inside a scenario, and between it and the configuration of the beam."""

from __future__ import annotations

from daq.config.beam import BeamConfig
from daq.errors import ConfigError
from daq.records import MAX_T10_INTENSITY
from daq.source.magnets import b2_factor
from daq.source.scenario.beam_steps import B2ScanStep, B2SetStep, B2TripStep, DriftStep, IntensityStep
from daq.source.scenario.chain_steps import MissingSpillsStep
from daq.source.scenario.model import Scenario
from daq.source.scenario.step import Step
from daq.units import POT_PER_T10_UNIT


def contradictions(scenario: Scenario) -> list[str]:
    """Steps that set the same thing in the same burst, and steps of which no burst is taken; empty when it is good."""
    faults = []
    for i, later in enumerate(scenario.steps):
        for k, earlier in enumerate(scenario.steps[:i]):
            fault = _overlap(earlier, later)
            if fault:
                other = f"step {k + 1} ({earlier.effect}, line {scenario.lines[k]}, {earlier.bursts()})"
                faults.append(f"{scenario.where(i)}: {fault}, as does {other}; let one end before the other begins")
        if not isinstance(later, MissingSpillsStep) and _never_taken(scenario, later):
            faults.append(f"{scenario.where(i)}: {later.bursts()} are missing spills, nothing can happen in them")
    return faults


def misfits(scenario: Scenario, beam: BeamConfig) -> list[str]:
    """Steps that a beam can't follow: a current outside the user's B2 table, more protons than any cycle has."""
    faults = []
    for i, step in enumerate(scenario.steps):
        if isinstance(step, B2SetStep | B2ScanStep | B2TripStep):
            for current in step.currents():
                try:
                    b2_factor(current, beam.b2)
                except ConfigError as error:
                    faults.append(f"{scenario.where(i)}: {error}")
                    break
        most = beam.pot_per_spill * _largest_intensity(step) / POT_PER_T10_UNIT
        if most > MAX_T10_INTENSITY:
            faults.append(
                f"{scenario.where(i)}: {most:.4g}e11 protons in a spill, wanted at most {MAX_T10_INTENSITY:.0f}e11; "
                "make the factor or beam.pot_per_spill smaller"
            )
    return faults


def _overlap(earlier: Step, later: Step) -> str | None:
    first, last = max(earlier.first, later.first), min(earlier.last, later.last)
    both = sorted(earlier.sets() & later.sets())
    if first > last or not both:
        return None
    return f"sets {both[0]} in burst {first}" + (f" and {last - first} more" if last > first else "")


def _never_taken(scenario: Scenario, step: Step) -> bool:
    """Whether missing spills cover all bursts of a step."""
    burst = step.first
    missing = sorted((s.first, s.last) for s in scenario.steps if isinstance(s, MissingSpillsStep))
    for first, last in missing:
        if first <= burst <= last:
            burst = last + 1
    return burst > step.last


def _largest_intensity(step: Step) -> float:
    if isinstance(step, IntensityStep):
        return step.factor
    if isinstance(step, DriftStep) and step.of == "intensity":
        return max(step.factor(step.first), step.factor(step.last))
    return 0.0
