"""What is known of the dark photon: where it points, how sharp its mass is, how many there would be."""

from __future__ import annotations

import numpy as np

from daq.config import Config
from daq.config.signal import SignalConfig
from daq.source.signal.production import draw_momenta, yield_per_pot
from daq.source.streams import Component, stream
from offline.validation.effort import Effort
from offline.validation.measured import Measured, Value, average, core_width, fraction, ratio, spread
from offline.validation.signal_sample import SignalRuns
from streaming.reco.arrays import F64

MASSES_MEV = (215, 250, 300, 350, 411, 450, 500, 550, 600, 650, 700)
EPSILONS = np.geomspace(1.0e-8, 2.0e-5, 67)

REACH = 2.3
"""Events that are excluded at 90 % CL without background. Source: CERN-EP-2023-032, fig. 13."""

TAX_M, NARROW_M, WIDE_M = 23.0, 40.0, 125.0
"""Centre of the range in which the spread of Z_TAX is taken, and its half widths: as the prototype, and wide [m]."""


def measure_signal(config: Config, effort: Effort, seed: int) -> Measured:
    """Make decays of each mass and measure them all."""
    runs = SignalRuns(config, effort, seed)
    out = _pointing(runs)
    out.add(_resolution(runs))
    out.add(_reach(runs))
    out.add(_efficiency(runs))
    out.values |= {f"brems_{mass}": made_above_10_gev(config.signal, mass, seed) for mass in (215, 500)}
    return out


def made_above_10_gev(signal: SignalConfig, mass_mev: int, seed: int, n: int = 100_000) -> Value:
    """Dark photons of more than 10 GeV/c per proton and epsilon^2 by bremsstrahlung."""
    momenta = draw_momenta(stream(seed, mass_mev, Component.CALIBRATION), n, mass_mev * 1e-3, "brems", signal)
    above = int(np.count_nonzero(np.linalg.norm(momenta, axis=1) > 10.0))
    return fraction(above, n).scaled(yield_per_pot("brems", mass_mev * 1e-3, 1.0, signal))


def _pointing(runs: SignalRuns) -> Measured:
    """Z_TAX, CDA_TAX and Delta T of the candidates of all masses together, decays flat along the tank."""
    z, cda, dt = (_candidates(runs, name) for name in ("z_tax_m", "cda_tax_mm", "delta_t_ns"))
    narrow, wide = (z[np.abs(z - TAX_M) < half] for half in (NARROW_M, WIDE_M))
    square = average(cda[cda < 100.0] ** 2)
    root = float(np.sqrt(square.value))
    values = {
        "z_tax_mean": average(narrow), "z_tax_rms": spread(wide), "z_tax_rms_40": spread(narrow),
        "cda_tax_rms": Value(root, square.error / (2.0 * root)), "delta_t_rms": spread(dt),
    }  # fmt: skip
    shown = {"signal_z_tax_m": z, "signal_cda_tax_mm": cda, "signal_delta_t_ns": dt, "range_m": np.array(RANGES_M)}
    shown["range_rms_m"] = np.array([spread(z[np.abs(z - TAX_M) < half]).value for half in RANGES_M])
    angle = np.concatenate([_angles_mrad(runs, mass) for mass in MASSES_MEV])
    bands = [(angle >= low) & (angle < high) & (np.abs(z - TAX_M) < WIDE_M) for low, high in ANGLES_MRAD]
    shown["angle_share"] = np.array([np.count_nonzero(band) / len(z) for band in bands])
    shown["angle_rms_m"] = np.array([spread(z[band]).value for band in bands])
    return Measured(values, shown)


RANGES_M = (17.0, 27.0, 40.0, 60.0, 125.0, np.inf)
ANGLES_MRAD = ((0.0, 1.0), (1.0, 1.5), (1.5, 2.0), (2.0, 3.0), (3.0, np.inf))
"""Where the spread of Z_TAX is looked at: half widths of its range, angles of the dark photon to the beam."""


def _candidates(runs: SignalRuns, name: str) -> F64:
    return np.concatenate([getattr(runs.at(mass).sample.selected, name) for mass in MASSES_MEV])


def _angles_mrad(runs: SignalRuns, mass: int) -> F64:
    angle: F64 = runs.at(mass).sample.taken.angle_rad.astype(np.float64) * 1e3
    return angle


def _resolution(runs: SignalRuns) -> Measured:
    values, core = {}, []
    for mass in MASSES_MEV:
        off = (runs.at(mass).sample.selected.mass_gev - mass * 1e-3) * 1e3
        # a fit to the mass peak has no use for what is far outside
        values[f"mass_rms_{mass}"] = spread(off[np.abs(off) < 50.0])
        core.append(core_width(off).value)
    kept = {f"mass_rms_{mass}": values[f"mass_rms_{mass}"] for mass in (215, 500)}
    every = [values[f"mass_rms_{mass}"].value for mass in MASSES_MEV]
    shown = {"mass_mev": np.array(MASSES_MEV, float), "mass_rms_mev": np.array(every), "mass_core_mev": np.array(core)}
    return Measured(kept, shown)


def _reach(runs: SignalRuns) -> Measured:
    """Expected events against mass and epsilon, and the masses and couplings that they exclude."""
    table = [[runs.at(mass).events(epsilon) for epsilon in EPSILONS] for mass in MASSES_MEV]
    best = [max(row) for row in table]
    events = np.array([[cell.value for cell in row] for row in table])
    excluded = EPSILONS[np.any(events > REACH, axis=0)]
    centre = float(np.sqrt(excluded[0] * excluded[-1])) * 1e6 if len(excluded) else np.nan
    values = {f"events_{mass}": best[MASSES_MEV.index(mass)] for mass in (250, 411, 500)}
    values["excluded_from"] = Value(next((m for m, b in zip(MASSES_MEV, best, strict=True) if b.value > REACH), np.nan))
    values["excluded_to"] = _last_mass(best)
    values["excluded_epsilon"] = Value(centre)
    return Measured(values, {"epsilon": EPSILONS, "signal_events": events})


def _last_mass(best: list[Value]) -> Value:
    """Mass at which the largest yield falls through the reach, between the masses in logarithm; its error."""
    above = [k for k, value in enumerate(best) if value.value > REACH]
    if not above or above[-1] == len(best) - 1:
        return Value(np.nan)
    k = above[-1]
    step, fall = MASSES_MEV[k + 1] - MASSES_MEV[k], np.log(best[k].value / best[k + 1].value)
    error = step / fall * best[k].error / best[k].value
    return Value(MASSES_MEV[k] + step * float(np.log(best[k].value / REACH) / fall), float(error))


def _efficiency(runs: SignalRuns) -> Measured:
    """Efficiency against epsilon. Published is that it has a maximum at one epsilon and falls to both sides."""
    shown = {}
    values = {}
    for mass in EFFICIENCY_MASSES_MEV:
        curve = [runs.at(mass).efficiency(epsilon) for epsilon in EPSILONS]
        shown[f"efficiency_{mass}"] = np.array([value.value for value in curve])
        # where a few decays carry all the weight, the largest value says nothing
        firm = [value if value.error < 0.1 * value.value else Value(0.0) for value in curve]
        best = int(np.argmax([value.value for value in firm]))
        values[f"efficiency_{mass}"] = firm[best]
        if mass == SHAPE_MASS_MEV:
            like_best = EPSILONS[[value.value > firm[best].value - firm[best].error for value in firm]]
            values["efficiency_epsilon"] = Value(EPSILONS[best], np.ptp(like_best) / 4.0).scaled(1e6)
            for name, epsilon in SIDES.items():
                values[name] = ratio(runs.at(mass).efficiency(epsilon), firm[best])
    return Measured(values, shown)


EFFICIENCY_MASSES_MEV, SHAPE_MASS_MEV = (215, 250, 411), 250
SIDES = {"efficiency_low": 1.0e-7, "efficiency_high": 5.0e-6}
"""Epsilons well below and well above the maximum at 250 MeV/c2."""
