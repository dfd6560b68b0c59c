"""Protons on target: errors, what makes a spill good, projections, the K3pi cross-check."""

from __future__ import annotations

from daq.config.base import Section, assumed, known


class AccountingConfig(Section):
    """How spills are judged and summed. No key here changes what is counted."""

    sem_relative_noise: float = assumed(0.02, "T10 reading: error from spill to spill, beside the 20 %", ge=0, lt=0.5)
    b2_tolerance_a: float = assumed(2.0, "B2 readings of two spills further apart than this: ramping [A]", gt=0)
    min_cycle_s: float = assumed(4.5, "SOBs of two bursts in a row are at least so far apart [s]", gt=0)
    max_cycle_s: float = assumed(86_400.0, "a clock that went further than this from burst to burst stepped [s]", gt=0)
    gap_seconds: float = assumed(120.0, "bursts in a row further apart than this are shown as a gap [s]", gt=0)
    projection_days: int = assumed(7, "days whose POT give the rate of a projection", ge=2, le=365)
    k3pi_branching: float = known(0.05583, "K+ -> pi+ pi+ pi- branching ratio; NA62 framework, K3piSelection", gt=0)
    k3pi_acceptance: float = known(0.1536, "K3pi acceptance, decays at 105-180 m; NA62 framework", gt=0, le=1)
    protons_per_kaon: float = known(2.4e4, "T10 protons per K+ at the fiducial volume; NA62 framework", gt=0)
    kaon_decay_fraction: float = known(0.125, "K+ of 75 GeV/c that decay at 105-180 m; NA62 framework", gt=0, le=1)
    k3pi_agreement: float = known(0.2, "expected and selected agree within this; CERN-EP-2023-032, sect. 6", gt=0)
