"""How much is made: a run of seconds for every change of the program, or one of minutes for a release."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict


class Boosts(NamedTuple):
    """Processes are made so many times as often as in the 2021 sample; one number each, so that errors are even."""

    prompt_mumu: float
    prompt_ee: float
    upstream: float
    k_short: float
    k_plus: float


class Effort(BaseModel):
    """Sizes of everything that is drawn.

    halo_bursts : two-track bursts of `SPILLS_PER_BURST` spills each
    mixed_pairs : pairs of muons of different events
    beam_seconds : length of the unbiased bursts for rates [s]; those of the B2 scan are a third of it
    beam_bursts : their number
    overlap_spills : spills in which overlaps are counted, for each duty factor
    h2_spills : spills of pairs for the H2 efficiency
    signal_decays : for each mass
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    halo_bursts: int
    mixed_pairs: int
    beam_seconds: float
    beam_bursts: int
    overlap_spills: int
    h2_spills: int
    signal_decays: int
    boosts: Boosts


SPILLS_PER_BURST = 7000

SHORT = Effort(
    name="short", halo_bursts=2, mixed_pairs=12_000_000, beam_seconds=0.3, beam_bursts=2, overlap_spills=16,
    h2_spills=200, signal_decays=16_000, boosts=Boosts(3, 10, 60, 1200, 2500),
)  # fmt: skip

FULL = Effort(
    name="full", halo_bursts=40, mixed_pairs=600_000_000, beam_seconds=4.8, beam_bursts=3, overlap_spills=100,
    h2_spills=2000, signal_decays=120_000, boosts=Boosts(40, 100, 600, 10_000, 40_000),
)  # fmt: skip
