"""Physics processes beside the halo: how many, and their kinematics.

A yield is a number of *selected* pairs per POT, as published: two opposite-sign tracks above 10 GeV/c in the
acceptance of all detectors with their vertex in the fiducial volume, before vetoes and regions. The emulator makes as
many as give this after acceptance, tracking and trigger; losses in the identification are not corrected for.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known

PAIR = tuple[float, float]
SAMPLE_POT = 1.4e17
"""POT of the published sample (CERN-EP-2023-032)."""


def _ordered(name: str, pair: PAIR) -> None:
    if not pair[0] < pair[1]:
        msg = f"{name}: wanted low < high, got {pair}; exchange or change them"
        raise ValueError(msg)


class InteractionConfig(Section):
    """A muon or hadron interacts and makes secondaries. Emulator model: no publication prints these shapes."""

    upstream_fraction: float = assumed(0.35, "part of the interactions in `upstream_z_mm`", ge=0, le=1)
    upstream_z_mm: PAIR = assumed((101000.0, 104500.0), "GTK3, ANTI0 and the last collimator, uniform [mm]")
    z_mm: PAIR = assumed((105000.0, 182000.0), "tank, uniform [mm]")
    transfer: PAIR = assumed((0.05, 0.9), "energy transfer over parent momentum, density 1/transfer")
    share_shape: PAIR = assumed((1.2, 3.0), "share of a secondary in the transfer: shapes of a Beta")
    least_energy_gev: float = assumed(
        10.0, "only secondaries above this are made: below it no track is selected [GeV]", gt=0.2
    )
    pt_shape: float = assumed(2.0, "shape of the Gamma of pT", gt=0)
    pt_scale_gev: float = assumed(0.17, "scale of the Gamma of pT [GeV/c]", gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("upstream_z_mm", "z_mm", "transfer"):
            _ordered(name, getattr(self, name))
        if min(*self.share_shape, self.transfer[0]) <= 0 or self.transfer[1] > 1:
            msg = (
                f"interaction: shapes above 0 and transfer inside 0..1 wanted, got {self.share_shape}, {self.transfer}"
            )
            raise ValueError(msg)
        if max(self.upstream_z_mm[1], self.z_mm[1]) > 183000.0:
            msg = "interaction: vertices downstream of 183000 mm, inside the spectrometer, are not emulated"
            raise ValueError(msg)
        return self


class PromptMuMuConfig(Section):
    """A halo muon interacts, a pion of the shower decays: two muons of one time."""

    selected_per_pot: float = known(
        270.0 / SAMPLE_POT, "mu mu outside VR before LAV, per POT. Source: CERN-EP-2023-032 sect. 5.1", ge=0
    )
    lav_survival: float = known(
        0.28 / 270.0, "part of them without a LAV hit. Source: CERN-EP-2023-032 table 1", ge=0, le=1
    )
    interaction: InteractionConfig = InteractionConfig()


class PromptEEConfig(Section):
    """A halo muon interacts, two photons of the shower convert: an electron and a positron."""

    selected_per_pot: float = known(
        59.9 / SAMPLE_POT, "e e pairs after PID, before LAV and ANTI0, per POT. Source: 2023 talk on A' -> e e", ge=0
    )
    lav_survival: float = known(
        0.012, "part of them without a LAV (or ANTI0) hit; of one MC event. Source: as above", ge=0, le=1
    )
    interaction: InteractionConfig = InteractionConfig()


class UpstreamConfig(Section):
    """Hadrons of the achromat interact just upstream of the tank: pi pi pairs near the beam axis."""

    selected_per_pot: float = known(
        19.0 / SAMPLE_POT, "pi pi pairs with the vertex upstream of 105 m, per POT. Source: Vulcano talk 2024", ge=0
    )
    parent_gev: PAIR = assumed((75.0, 14.0), "momentum of the hadron: mean and spread [GeV/c]")
    spot_mm: float = assumed(50.0, "Gaussian spread of the interactions in x and y [mm]", gt=0)
    interaction: InteractionConfig = InteractionConfig(upstream_fraction=1.0)


class KShortConfig(Section):
    """K_S of upstream interactions, to pi+ pi-."""

    selected_per_pot: float = known(
        2.0 / SAMPLE_POT, "pi pi pairs of the K_S mass, per POT. Source: Vulcano talk 2024", ge=0
    )
    momentum_gev: PAIR = assumed((20.0, 30.0), "momentum = first + exponential of mean second [GeV/c]")
    z_mm: PAIR = assumed((101000.0, 104500.0), "origin, uniform [mm]")
    spot_mm: float = assumed(50.0, "Gaussian spread of the origin in x and y [mm]", gt=0)
    divergence_rad: float = assumed(2.0e-3, "Gaussian spread of the slopes [rad]", ge=0)


class KPlusConfig(Section):
    """K+ that come through the hole of ANTI0 and decay in the tank; one charged daughter is lost."""

    selected_per_pot: float = known(
        8.0 / SAMPLE_POT,
        "K+ -> 3 pi with one pion lost, before the ANTI0 cut, per POT. Source: Vulcano talk 2024 (expected 5.6 + 2.4)",
        ge=0,
    )
    photon_fraction: float = known(
        0.25, "part of them seen as pi pi gamma: 2 of 8. Source: Vulcano talk 2024", ge=0, le=1
    )
    momentum_gev: PAIR = assumed((75.0, 14.0), "momentum: mean and spread [GeV/c]")
    slope_x_rad: PAIR = assumed((0.9e-3, 0.4e-3), "slope in x: mean and spread [rad]")
    slope_y_rad: PAIR = assumed((0.0, 0.4e-3), "slope in y: mean and spread [rad]")
    spot_mm: float = assumed(28.0, "Gaussian spread at ANTI0 in x and y [mm]", ge=0)
    z_mm: PAIR = assumed((105000.0, 180000.0), "decay vertex, uniform [mm]")
    branching_3pi: float = known(0.05583, "BR(K+ -> pi+ pi+ pi-). Source: PDG", gt=0, le=1)
    branching_ke4: float = known(4.247e-5, "BR(K+ -> pi+ pi- e+ nu). Source: PDG", ge=0, le=1)
    branching_kmu4: float = known(1.4e-5, "BR(K+ -> pi+ pi- mu+ nu). Source: PDG", ge=0, le=1)


class ProcessesConfig(Section):
    """All of them."""

    trigger_efficiency: float = known(0.98, "of H2 for a pair. Source: CERN-EP-2023-032 sect. 6", gt=0, le=1)
    neutrino_per_pot: float = known(
        0.0,
        "neutrino interactions are off and cannot be put on: negligible in all channels by GENIE, PYTHIA and GEANT4. Source: Vulcano talk 2024",
        ge=0,
        le=0,
    )
    prompt_mumu: PromptMuMuConfig = PromptMuMuConfig()
    prompt_ee: PromptEEConfig = PromptEEConfig()
    upstream: UpstreamConfig = UpstreamConfig()
    k_short: KShortConfig = KShortConfig()
    k_plus: KPlusConfig = KPlusConfig()
