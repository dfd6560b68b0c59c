"""Acceptance of productions and final states: samples at some masses, curves at all.

`Acceptance` is where samples come from; the grids of yields, the resolution and the report ask it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from daq.config import Config
from daq.source.signal.bmesons import KAONS
from daq.source.signal.constants import B_MASS_GEV, MESON_MASS_GEV
from daq.source.signal.mesons import MESON_MODES
from daq.source.signal.production import model_of
from offline.signal.curves import Curve, Found, between, curve_of
from offline.signal.draw import Wanted, check_mass, spectrum_mode, threshold_gev
from offline.signal.effort import Effort
from offline.signal.samples import Sample
from offline.signal.store import SampleStore
from streaming.reco.arrays import F64

NEAREST_GEV = 2e-4
"""Samples are not made closer to a threshold than this: nothing changes there any more."""

LEAST_SHARE = 0.05
"""A production that makes fewer particles has a smaller sample, down to this part of `Effort.selected`."""


class Acceptance:
    """Samples and curves of one configuration; each is made once."""

    def __init__(self, config: Config, effort: Effort | None = None) -> None:
        self.config, self.effort = config, effort or Effort()
        self._store = SampleStore(config, self.effort.seed, self.effort.cache)
        self._curves: dict[tuple[str, int, float, str], Curve] = {}

    def sample(self, mass_gev: float, production: str, final_state: str, share: float = 1.0) -> Sample:
        """Sample of one mass [GeV/c2], production and final state.

        share : of `Effort.selected`

        Raises
        ------
        ConfigError
            Unknown production or final state, or a mass that one of them does not allow.
        """
        wanted = Wanted(max(1, round(self.effort.selected * share)), self.effort.made)
        return self._store.get(mass_gev, production, final_state, wanted)

    def curves(
        self, masses: Sequence[float], production: str, final_state: str, region: str = "SR", share: float = 1.0
    ) -> list[Curve]:
        """Curves of ascending masses."""
        return [self._curve(self.sample(mass, production, final_state, share), region) for mass in masses]

    def per_particle(self, curves: Sequence[Curve], final_state: str, mass_gev: float, reach: F64) -> Found:
        """P_D A_sel at any mass, from curves of the same final state."""
        return between(curves, threshold_gev(final_state), mass_gev, reach)

    def anchors(self, low_gev: float, high_gev: float, production: str, final_state: str) -> list[float]:
        """Masses between two at which samples are made; none where the production cannot make even the lowest."""
        check_mass(low_gev, final_state)
        threshold = threshold_gev(final_state)
        top = min(high_gev, endpoint_gev(production) * (1.0 - 1e-4))
        if top < low_gev:
            return []
        ends = [max(mass - threshold, NEAREST_GEV) for mass in (low_gev, max(top, low_gev))]
        steps = math.ceil(self.effort.anchors * math.log(ends[1] / ends[0]))
        # to the keV, so that a sample serves every range that asks for nearly the same mass
        return sorted({round(threshold + float(q), 6) for q in np.geomspace(ends[0], ends[1], max(steps, 1) + 1)})

    def _curve(self, sample: Sample, region: str) -> Curve:
        key = (sample.production, sample.made, sample.mass_gev, f"{sample.final_state} {region}")
        if key not in self._curves:
            self._curves[key] = curve_of(sample, region)
        return self._curves[key]


def endpoint_gev(production: str) -> float:
    """Largest mass that a production can make [GeV/c2].

    Raises
    ------
    ConfigError
        There is no such production.
    """
    model_of(spectrum_mode(production))
    if production in MESON_MODES:
        mode = MESON_MODES[production]
        return MESON_MASS_GEV[mode.meson] - mode.partner_gev
    if production.startswith("b_"):
        return B_MASS_GEV - KAONS[production.split("_")[1]]
    return math.inf


def left_out(curves: Sequence[Curve], threshold: float, reach: F64) -> list[Found]:
    """How far each inner curve is from what its neighbours say of it: relative difference, and its error."""
    return [_difference(curves, k, threshold, reach) for k in range(1, len(curves) - 1)]


def _difference(curves: Sequence[Curve], k: int, threshold: float, reach: F64) -> Found:
    own = between([curves[k]], threshold, curves[k].mass_gev, reach)
    others = between([curves[k - 1], curves[k + 1]], threshold, curves[k].mass_gev, reach)
    return Found(others.value / own.value - 1.0, np.hypot(others.error / others.value, own.error / own.value))
