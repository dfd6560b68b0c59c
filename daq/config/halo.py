"""Halo flux against the current of magnet B2: reference, working point, what is good enough."""

from __future__ import annotations

from daq.config.base import Section, assumed, known


class HaloFluxConfig(Section):
    """How halo rates are made of the scalers of a spill, and when the working point sits on the minimum."""

    reference_current_a: float = known(
        770.0, "B2 in standard operation: rates there are 1 [A]. Source: CERN-EP-2023-032 fig. 2"
    )
    working_current_a: float = known(-250.0, "B2 in dump mode, the working point [A]. Source: CERN-EP-2023-032 fig. 2")
    reference_muv3: float = assumed(
        0.0, "MUV3 per 1e12 POT at the reference setting; 0: as measured there in the same run", ge=0
    )
    reference_q1: float = assumed(
        0.0, "Q1_OR per 1e12 POT at the reference setting; 0: as measured there in the same run", ge=0
    )
    setting_tolerance_a: float = assumed(
        2.0, "B2 is at its setting, and steady from spill to spill, within this [A]", gt=0, le=100
    )
    least_pot: float = assumed(1.0e11, "a spill of fewer protons gives no rate", ge=1)
    pot_error_relative: float = assumed(
        0.02,
        "error of the protons from spill to spill, where there are too few spills to measure it from their scatter",
        gt=0,
        lt=0.5,
    )
    correct_dead_time: bool = known(
        True, "put back the pulses that merged in the gate of a scaler (`detector.scaler_gate_ns`)"
    )
    flux_tolerance: float = assumed(
        0.02, "the working point sits on the minimum if the flux there is larger by no more than this", gt=0, le=1
    )
