"""Dark photons: decays flat along the tank through the whole chain, weighted for any coupling as the paper does.

Source: CERN-EP-2023-032, eqs. (8) to (10).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.source.propagation import path_curve
from daq.source.signal.sample import SignalSample, SignalSource
from daq.source.streams import Component, stream
from offline.validation.candidates import Candidates
from offline.validation.chain import events_of
from offline.validation.effort import Effort
from offline.validation.measured import Value
from offline.validation.pairs import find
from offline.validation.regions import Family, Places
from streaming.reco.arrays import F64, Flags
from streaming.tally import CHANNELS

SPACING_NS = 1000.0
"""Decays this far apart never share an event."""

REFERENCE_EPSILON = 1.0e-6


@dataclass(frozen=True, slots=True)
class SelectedSignal:
    """Decays of one mass, and the candidates among them.

    pairs, row : candidates of all regions; decay of each
    in_sr : bool, by candidate
    """

    sample: SignalSample
    pairs: Candidates
    row: NDArray[np.int64]
    in_sr: Flags

    def probability(self, epsilon: float) -> F64:
        """Probability of each decay to be in the range, for another coupling than that of the sample."""
        truth = self.sample.truth
        length = truth.decay_length_mm * (self.sample.coupling / epsilon) ** 2
        flown = np.linalg.norm(truth.vertex - truth.origin, axis=1)
        weight = np.where(self.sample.weight > 0, np.exp(-flown / length) / length, 0.0)
        result: F64 = weight * self.sample.range_mm
        return result

    def events(self, epsilon: float) -> Value:
        """Expected candidates in the signal region for the 2021 sample."""
        scale = SAMPLE_POT * self.sample.per_pot * (epsilon / self.sample.coupling) ** 2 / len(self.sample.weight)
        chosen = self.probability(epsilon)[self.row[self.in_sr]]
        return Value(float(chosen.sum()) * scale, float(np.sqrt(np.sum(chosen**2))) * scale)

    def efficiency(self, epsilon: float) -> Value:
        """Selected part of the decays in 102 < Z < 180 m, weighted. Source: eq. (9)."""
        probability = self.probability(epsilon)
        # far above the couplings that reach the tank all are tiny, and their squares would vanish
        share = probability / probability.sum()
        chosen = share[self.row[self.in_sr]]
        return Value(float(chosen.sum()), float(np.sqrt(np.sum(chosen**2))))


class SignalRuns:
    """Samples of bremsstrahlung to mu mu by mass, each made once."""

    def __init__(self, config: Config, effort: Effort, seed: int) -> None:
        self.config, self._decays, self._seed = config, effort.signal_decays, seed
        self._made: dict[int, SelectedSignal] = {}

    def at(self, mass_mev: int) -> SelectedSignal:
        """Decays of one mass [MeV/c2]."""
        if mass_mev not in self._made:
            self._made[mass_mev] = self._make(mass_mev)
        return self._made[mass_mev]

    def _make(self, mass_mev: int) -> SelectedSignal:
        config, n = self.config, self._decays
        rng = stream(self._seed, mass_mev, Component.SIGNAL)
        curve = path_curve(config.detector.straw.kick_sign)
        time = SPACING_NS * np.arange(1, n + 1, dtype=np.float64)
        sample = SignalSource(config.signal, curve).draw(
            rng, n, mass_mev * 1e-3, REFERENCE_EPSILON, "brems", "mumu", time
        )
        pairs = find(events_of(sample.particles, rng, config), config.reco).candidates
        pairs = pairs.where(pairs.channel == CHANNELS.index("mumu_os"))
        places = Places(config.regions, Family.MUMU, pairs.z_tax_m, pairs.cda_tax_mm, pairs.mass_pipi_gev)
        row = np.rint(pairs.time_ns / SPACING_NS).astype(np.int64) - 1
        return SelectedSignal(sample, pairs, row, places.sr)
