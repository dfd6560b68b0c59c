"""Final states beyond mu mu: photons, electrons, hadrons, vetoes, side samples."""

from __future__ import annotations

from typing import Literal

from daq.config.base import Section, assumed, known


class ChannelsConfig(Section):
    """Selections of e e and of the seven hadronic final states. Source, where not said otherwise: talks 2024 and 2025."""

    photon_min_energy_gev: float = assumed(1.0, "neutral LKr cluster above this [GeV]", gt=0)
    photon_window_ns: float = assumed(5.0, "neutral cluster within this of the reference time [ns]", gt=0)
    photon_track_mm: float = assumed(150.0, "neutral cluster further than this from every impact point [mm]", gt=0)
    pi0_half_width_gev: float = assumed(0.015, "half width of the pi0 mass window [GeV/c2]", gt=0)
    eta_half_width_gev: float = assumed(0.040, "half width of the eta mass window [GeV/c2]", gt=0)
    hadron_min_probability: float = known(0.8, "probability of a hadron above this", gt=0, lt=1)
    hadron_radius_mm: float = assumed(200.0, "MUV1 and MUV2 clusters within this of the impact point [mm]", gt=0)
    hadron_window_ns: float = assumed(15.0, "MUV1 and MUV2 clusters within this of the track time [ns]", gt=0)
    ee_formula: Literal["printed", "falling"] = assumed(
        "printed",
        "lower edge of E/p: 1 - 0.0013 max(p - 100, 50) as printed; falling: 1 - 0.0013 max(p - 100, 0) - 0.05",
    )
    ee_max_ep: float = known(1.05, "E/p of an electron in e e below this", gt=0)
    ee_direct_mm: float = assumed(30.0, "radius of a direct cluster at infinite momentum [mm]", gt=0)
    ee_direct_mm_gev: float = assumed(400.0, "and what 1/p adds to it [mm GeV/c]", ge=0)
    ee_cone1_z_m: float = known(152.393, "base of the first cone of the e e fiducial volume [m]")
    ee_cone1_r_mm: float = known(536.5, "radius of its base [mm]", gt=0)
    ee_cone2_z_m: float = known(180.923, "base of the second cone [m]")
    ee_cone2_r_mm: float = known(767.5, "radius of its base [mm]", gt=0)
    ee_cone_rule: Literal["union", "narrow first"] = assumed(
        "narrow first", "narrow cone up to its base and the wide one behind it; union: the wide one everywhere"
    )
    anti0_radius_mm: float = known(200.0, "ANTI0 hit within this of the extrapolated track vetoes [mm]", gt=0)
    anti0_window_ns: float = known(5.0, "and within this of the track time [ns]", gt=0)
    anti0_hole_mm: float = assumed(
        145.0, "a hadron that crosses ANTI0 within this radius is in its hole, so its pair is not in the acceptance [mm]; "
        "the same number as detector.veto.anti0_hole_mm", ge=0
    )  # fmt: skip
    sav_window_ns: float = assumed(10.0, "IRC or SAC hit within this of the reference time vetoes [ns]", gt=0)
    upstream_min_z_m: float = assumed(102.4, "upstream sample: vertex behind this, the ANTI0 [m]")
