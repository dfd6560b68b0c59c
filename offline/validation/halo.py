"""Pairs of halo muons: in the regions by mixing, and as they overlap naturally."""

from __future__ import annotations

import math

import numpy as np

from daq.config import Config
from daq.config.processes import SAMPLE_POT
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from offline.overlay.mix import Mixed, Pool, mix
from offline.validation.candidates import Candidates, Found, GoodPairs, joined
from offline.validation.chain import Burst
from offline.validation.effort import SPILLS_PER_BURST, Effort
from offline.validation.measured import Measured, Value, average, counted, fraction, ratio
from offline.validation.pairs import find
from offline.validation.regions import Family, Places
from streaming.reco.arrays import Flags
from streaming.tally import CHANNELS

SIGNS = {"pp": (2.0, "mumu_pp"), "mm": (-2.0, "mumu_mm"), "os": (0.0, "mumu_os")}


def measure_halo(config: Config, effort: Effort, seed: int) -> Measured:
    """Make two-track bursts without processes, count natural pairs, mix their muons."""
    source = EmulatedDetector(config.beam, hard_halo(config).detector, seed, mode=RunMode.TWO_TRACK)
    found = joined([find(Burst(source, number, config), config.reco) for number in range(effort.halo_bursts)])
    pot = effort.halo_bursts * SPILLS_PER_BURST * config.beam.pot_per_spill
    mixed = mix(pool_of(found.good), config.reco, np.random.default_rng([seed, 1]), effort.mixed_pairs)
    out = _regions(mixed, config, SAMPLE_POT / pot, len(found.good))
    out.add(_natural(found, mixed, config, SAMPLE_POT / pot))
    out.add(_muons(found))
    return out


def pool_of(good: GoodPairs) -> Pool:
    """The muons of natural pairs, to be mixed with those of other events."""
    n = 2 * len(good)
    points = (good.straw1_mm.reshape(n, 2), good.lkr_mm.reshape(n, 2))
    return Pool(good.state.reshape(n, 7), *points, np.repeat(np.arange(len(good)), 2))


def hard_halo(config: Config) -> Config:
    """The same halo without its soft part, which is below the momentum cut, and without noise of the processes."""
    halo = config.detector.halo
    hard = halo.model_copy(update={"soft_fraction": 0.0, "per_pot": halo.per_pot * (1.0 - halo.soft_fraction)})
    modes = config.detector.modes.model_copy(update={"spills_per_burst": SPILLS_PER_BURST})
    detector = config.detector.model_copy(update={"halo": hard, "modes": modes})
    return config.model_copy(update={"detector": detector})


def _regions(mixed: Mixed, config: Config, scale: float, n_good: int) -> Measured:
    places = Places(config.regions, Family.MUMU, mixed.z_tax_m, mixed.cda_tax_mm, mixed.mass_pipi_gev)

    def expected(mask: Flags) -> Value:
        value, error = (n_good * x for x in mixed.part(mask))
        # the number of good pairs is common to all
        return Value(value, math.hypot(error, value / math.sqrt(n_good))).scaled(scale)

    values = {}
    for name, (charge, _) in SIGNS.items():
        of = mixed.charge == charge
        values[f"{name}_outside"] = expected(of & places.outside)
        values[f"{name}_vr"], values[f"{name}_sr"] = expected(of & places.cr), expected(of & places.sr)
    for number in (1, 2, 3):
        values[f"os_cr{number}"] = expected((mixed.charge == 0) & places.ring(number))
    values["sr_over_vr"] = ratio(expected(places.sr), expected(places.cr))
    plus, minus, opposite = (values[f"{name}_outside"] for name in SIGNS)
    values["sign_ratio"] = ratio(plus, minus)
    relative = math.sqrt((opposite.error / opposite.value) ** 2 + (plus.error / plus.value / 2) ** 2
                         + (minus.error / minus.value / 2) ** 2)  # fmt: skip
    factor = opposite.value / (2.0 * math.sqrt(plus.value * minus.value))
    values["os_over_ss"] = Value(factor, factor * relative)
    values["same_sign"] = Value(plus.value + minus.value, math.hypot(plus.error, minus.error))
    shown = {
        "mixed_charge": mixed.charge, "mixed_z_tax_m": mixed.z_tax_m, "mixed_cda_tax_mm": mixed.cda_tax_mm,
        "mixed_z_vertex_m": mixed.z_vertex_m, "mixed_p_gev": mixed.p_gev.ravel(),
    }  # fmt: skip
    return Measured(values, shown)


def _natural(found: Found, mixed: Mixed, config: Config, scale: float) -> Measured:
    """Pairs that overlap by themselves, through the whole selection."""
    candidates = found.candidates
    places = _places(candidates, config)
    values, n_all, mixed_all = {}, 0, Value(0.0)
    for name, (_, channel) in SIGNS.items():
        of = candidates.channel == CHANNELS.index(channel)
        n = int(np.count_nonzero(of & places.outside))
        values[f"natural_{name}"] = counted(n, scale)
        n_all += n
    part = mixed.part(Places(config.regions, Family.MUMU, mixed.z_tax_m, mixed.cda_tax_mm, mixed.mass_pipi_gev).outside)
    mixed_all = Value(*part).scaled(len(found.good))
    values["natural_over_mixed"] = ratio(counted(n_all), mixed_all)
    muons = (candidates.channel >= 0) & (candidates.channel < 3)
    values["natural_vr_sr"] = counted(int(np.count_nonzero(muons & ~places.outside)), scale)
    shown = {
        "natural_delta_t_ns": candidates.delta_t_ns[muons], "natural_z_vertex_m": candidates.z_vertex_m[muons],
    }  # fmt: skip
    return Measured(values, shown)


def _muons(found: Found) -> Measured:
    """Single muons that pass the selection."""
    state = found.good.state.reshape(-1, 7)
    n_plus = int(np.count_nonzero(state[:, 6] > 0))
    plus = fraction(n_plus, len(state))
    charge_ratio = plus.value / (1.0 - plus.value)
    values = {
        "muon_momentum": average(state[:, 5]),
        "muon_charge_ratio": Value(charge_ratio, plus.error / (1.0 - plus.value) ** 2),
    }
    return Measured(values, {"muon_p_gev": state[:, 5], "muon_charge": state[:, 6]})


def _places(candidates: Candidates, config: Config) -> Places:
    columns = (candidates.z_tax_m, candidates.cda_tax_mm, candidates.mass_pipi_gev)
    return Places(config.regions, Family.MUMU, *columns)
