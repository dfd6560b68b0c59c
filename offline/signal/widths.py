"""Widths and branching fractions of the models as one table, hadrons included.

`alp_photon` is an ALP that couples to photons alone; the formulas of the other models are those of the emulator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from daq.errors import ConfigError
from daq.source.signal.constants import ALPHA, HBAR_C_GEV_MM
from daq.source.signal.widths import MODELS as DETECTOR_MODELS
from daq.source.signal.widths import Widths
from daq.units import MM_PER_M
from streaming.reco.arrays import F64


def alp_photon_widths(mass_gev: float, coupling_per_gev: float) -> Widths:
    """Width to two photons, e^4 g^2 m^3 / (4 pi). Source: ALPINIST, arXiv:2201.05170; its coupling convention."""
    width = (4.0 * math.pi * ALPHA) ** 2 * coupling_per_gev**2 * mass_gev**3 / (4.0 * math.pi)
    return {"gammagamma": width, "total": width}


MODELS: dict[str, Callable[[float, float], Widths]] = {**DETECTOR_MODELS, "alp_photon": alp_photon_widths}


@dataclass(frozen=True, slots=True, eq=False)
class WidthTable:
    """Widths of one model and coupling.

    mass_gev : float64 (n,)
    partial_gev : final state -> float64 (n,)    [GeV]
    total_gev : float64 (n,)    all that is known, also what no final state of ours is
    """

    model: str
    coupling: float
    mass_gev: F64
    partial_gev: dict[str, F64]
    total_gev: F64

    def branching(self, final_state: str) -> F64:
        """Branching fraction; 0 where nothing is open.

        Raises
        ------
        ConfigError
            The model has no width for it.
        """
        check_width(self.model, final_state)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.total_gev > 0.0, self.partial_gev[final_state] / self.total_gev, 0.0)

    @property
    def ctau_m(self) -> F64:
        """Mean proper decay length [m]; infinite where nothing is open."""
        with np.errstate(divide="ignore"):
            return HBAR_C_GEV_MM / MM_PER_M / self.total_gev


def width_table(model: str, masses_gev: Sequence[float] | F64, coupling: float = 1.0) -> WidthTable:
    """Widths for each mass.

    Parameters
    ----------
    model
        photon, scalar, alp (leptons), alp_photon.
    coupling
        epsilon, sin theta, or coupling of the ALP [1/GeV].

    Raises
    ------
    ConfigError
        Unknown model, a mass or coupling that is not positive, a mass above what is known of hadrons.
    """
    check_model(model)
    masses = np.atleast_1d(np.asarray(masses_gev, np.float64))
    if not (np.all(np.isfinite(masses) & (masses > 0.0)) and math.isfinite(coupling) and coupling > 0.0):
        msg = f"signal: widths of masses {masses_gev} GeV at coupling {coupling}: wanted all above 0; change them"
        raise ConfigError(msg)
    rows = [MODELS[model](float(mass), coupling) for mass in masses]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]} if rows else {"total": masses}
    total = columns.pop("total")
    return WidthTable(model, coupling, masses, columns, total)


def check_model(model: str) -> None:
    """Refuse a model that there is not."""
    if model not in MODELS:
        msg = f"signal: no model '{model}'; wanted one of {', '.join(MODELS)}; change it"
        raise ConfigError(msg)


def check_width(model: str, final_state: str) -> None:
    """Refuse a final state that a model has no width for: a branching fraction of it would be made up."""
    check_model(model)
    known = [name for name in MODELS[model](1.0, 1.0) if name != "total"]
    if final_state not in known:
        msg = f"signal: no width of a dark {model} to {final_state} is known; wanted one of {', '.join(known)}"
        raise ConfigError(msg + ", or leave the branching fraction free (lifetime_grid)")
