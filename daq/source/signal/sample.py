"""Samples of signal decays: particles, weights, truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from daq.config.signal import SignalConfig
from daq.errors import ConfigError
from daq.source.particles import F64, Particles
from daq.source.propagation import PathCurve
from daq.source.signal.constants import HBAR_C_GEV_MM
from daq.source.signal.final_states import daughters, photon_branching
from daq.source.signal.production import draw_momenta, draw_origins, model_of, yield_per_pot
from daq.source.signal.widths import MODELS, total_width


@dataclass(frozen=True, slots=True)
class SignalTruth:
    """What n hidden particles were: float64 of shape (n, 3) [mm], [mm], [GeV/c], and (n,) [mm]."""

    origin: F64
    vertex: F64
    momentum: F64
    decay_length_mm: F64


@dataclass(frozen=True, slots=True)
class SignalSample:
    """n decays, flat in Z. A particle that flies upstream has weight 0, and its daughters exist nowhere.

    particles : daughters; row i of a block belongs to event i modulo n; companions hold the photons
    weight : float64 (n,)    exp(-D/lambda)/lambda [1/mm]. Source: CERN-EP-2023-032 eq. (10)
    range_mm : float64 (n,)    path inside the decay range, so that `weight * range_mm` is the decay probability
    per_pot : particles made per proton, times the branching fraction to the final state and of pi0, eta to photons
    """

    mass_gev: float
    coupling: float
    mode: str
    final_state: str
    particles: Particles
    weight: F64
    range_mm: F64
    per_pot: float
    truth: SignalTruth

    def expected(self, n_protons: float, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]] | None = None) -> float:
        """Expected decays in the range for `n_protons`; those of the events in `chosen` (bool, (n,)) if given."""
        probability = self.weight * self.range_mm
        kept = probability if chosen is None else probability[chosen]
        return n_protons * self.per_pot * float(kept.sum()) / max(1, len(probability))


class SignalSource:
    """Draws samples for one configuration."""

    def __init__(self, signal: SignalConfig, curve: PathCurve) -> None:
        self.signal, self.curve = signal, curve

    def draw(
        self,
        rng: np.random.Generator,
        n: int,
        mass_gev: float,
        coupling: float,
        mode: str,
        final_state: str,
        time: F64 | None = None,
    ) -> SignalSample:
        """Draw n decays.

        Parameters
        ----------
        mass_gev, coupling
            Mass [GeV/c2]; epsilon, sin theta, or coupling of the ALP [1/GeV].
        mode, final_state
            Keys of `daq.config.signal.Mode` and of `FINAL_STATES`.
        time : float64, shape (n,)
            [ns since SOB]; zero, if left out.

        Raises
        ------
        ConfigError
            Unknown mode or final state, impossible mass, coupling not positive.
        """
        width = total_width(model_of(mode), mass_gev, coupling)
        if n < 0:
            msg = f"signal: {n} decays asked for; wanted 0 or more"
            raise ConfigError(msg)
        origin = draw_origins(rng, n, self.signal)
        momentum = draw_momenta(rng, n, mass_gev, mode, self.signal)
        low, high = self.signal.decay_z_mm
        z = low + (high - low) * rng.random(n)
        truth = _truth(origin, momentum, z, mass_gev, width)
        when = np.zeros(n) if time is None else time
        particles = daughters(rng, when, truth.vertex, momentum, mass_gev, final_state, self.curve)
        flown = np.linalg.norm(truth.vertex - origin, axis=1)
        arrives = momentum[:, 2] > 0.0
        weight = np.where(arrives, np.exp(-flown / truth.decay_length_mm) / truth.decay_length_mm, 0.0)
        # path over its part along Z
        per_z = np.where(arrives, flown / (z - origin[:, 2]), 1.0)
        per_pot = yield_per_pot(mode, mass_gev, coupling, self.signal)
        per_pot *= branching(mode, mass_gev, coupling, final_state) * photon_branching(final_state)
        identity = (mass_gev, coupling, mode, final_state)
        return SignalSample(*identity, particles, weight, (high - low) * per_z, per_pot, truth)


def branching(mode: str, mass_gev: float, coupling: float, final_state: str) -> float:
    """Branching fraction to a final state; 1 where the model has no width for it, so that it stays free."""
    widths = MODELS[model_of(mode)](mass_gev, coupling)
    if final_state not in widths:
        return 1.0
    return widths[final_state] / total_width(model_of(mode), mass_gev, coupling)


def _truth(origin: F64, momentum: F64, z: F64, mass_gev: float, width_gev: float) -> SignalTruth:
    pz = np.where(momentum[:, 2] > 0.0, momentum[:, 2], np.inf)
    slopes = momentum[:, :2] / pz[:, None]
    xy = origin[:, :2] + slopes * (z - origin[:, 2])[:, None]
    length = np.linalg.norm(momentum, axis=1) / mass_gev * HBAR_C_GEV_MM / width_gev
    return SignalTruth(origin, np.column_stack((xy, z)), momentum, length)
