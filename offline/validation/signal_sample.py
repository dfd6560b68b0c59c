"""Dark photons: the acceptance samples of the analysis, of bremsstrahlung to mu mu, for any coupling.

Source: CERN-EP-2023-032, eqs. (8) to (10).
"""

from __future__ import annotations

from dataclasses import dataclass

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.source.signal.production import yield_per_pot
from daq.source.signal.sample import branching
from daq.source.signal.widths import total_width
from offline.signal.chain import SignalChain
from offline.signal.draw import Wanted, draw_sample
from offline.signal.paths import reach_of_width
from offline.signal.samples import Sample
from offline.validation.effort import Effort
from offline.validation.measured import Value


@dataclass(frozen=True, slots=True)
class SelectedSignal:
    """Decays of one mass, and the candidates among them.

    per_epsilon2 : decays to mu mu per proton and epsilon^2, wherever they are
    """

    sample: Sample
    per_epsilon2: float

    def reach(self, epsilon: float) -> float:
        """Mean decay length over momentum [mm/(GeV/c)]."""
        mass = self.sample.mass_gev
        return float(reach_of_width(mass, total_width("photon", mass, epsilon)))

    def events(self, epsilon: float) -> Value:
        """Expected candidates in the signal region for the 2021 sample. Source: eq. (8)."""
        found = self.sample.per_particle(self.reach(epsilon))
        return found.scaled(SAMPLE_POT * self.per_epsilon2 * epsilon**2)

    def efficiency(self, epsilon: float) -> Value:
        """Selected part of the decays in 102 < Z < 180 m, weighted. Source: eq. (9)."""
        return self.sample.acceptance(self.reach(epsilon))


class SignalRuns:
    """Samples of bremsstrahlung to mu mu by mass, each made once."""

    def __init__(self, config: Config, effort: Effort, seed: int) -> None:
        self._chain, self._signal, self._seed = SignalChain(config), config.signal, seed
        self._decays = effort.signal_decays
        self._made: dict[int, SelectedSignal] = {}

    def at(self, mass_mev: int) -> SelectedSignal:
        """Decays of one mass [MeV/c2]."""
        if mass_mev not in self._made:
            self._made[mass_mev] = self._make(mass_mev * 1e-3)
        return self._made[mass_mev]

    def _make(self, mass_gev: float) -> SelectedSignal:
        # all decays, however many of them are selected
        wanted = Wanted(selected=self._decays + 1, made=self._decays)
        sample = draw_sample(self._chain, self._seed, mass_gev, "brems", "mumu", wanted)
        made = yield_per_pot("brems", mass_gev, 1.0, self._signal)
        return SelectedSignal(sample, made * branching("brems", mass_gev, 1.0, "mumu"))
