"""Physics processes beside the halo: how many, and their kinematics.

A yield is a number of *selected* pairs per POT, as published: two opposite-sign tracks above 10 GeV/c in the
acceptance of all detectors with their vertex in the fiducial volume, before vetoes and regions. The emulator makes as
many as give this after acceptance, tracking, trigger and selection; hadrons are not identified.
"""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known
from daq.config.quantities import Fraction, Momentum, MomentumSpread, Position, Shape, Slope, SlopeSpread, check_order

SAMPLE_POT = 1.4e17
"""POT of the published sample (CERN-EP-2023-032)."""

MOST_PER_POT = 1e-6
"""More pairs than this would be more than all halo muons."""

FOUND = (
    "part of the pairs in the acceptance that the selection finds: isolation, vertex and, for leptons, identification; "
    "measured with this program"
)

VERTICES_MM = (0.0, 183_000.0)
"""Where vertices can be: behind T10, before the spectrometer."""


def _in_tank(name: str, *z_mm: float) -> None:
    if min(z_mm) < VERTICES_MM[0] or max(z_mm) > VERTICES_MM[1]:
        msg = f"{name}: vertices outside {VERTICES_MM} mm, inside the spectrometer, are not emulated, got {z_mm}"
        raise ValueError(msg)


class InteractionConfig(Section):
    """A muon or hadron interacts and makes secondaries. Emulator model: no publication prints these shapes."""

    upstream_fraction: float = assumed(0.35, "part of the interactions in `upstream_z_mm`", ge=0, le=1)
    upstream_z_mm: tuple[Position, Position] = assumed(
        (101000.0, 104500.0), "GTK3, ANTI0 and the last collimator, uniform [mm]"
    )
    z_mm: tuple[Position, Position] = assumed((105000.0, 182000.0), "tank, uniform [mm]")
    transfer: tuple[Fraction, Fraction] = assumed(
        (0.05, 0.9), "energy transfer over parent momentum, density 1/transfer"
    )
    share_shape: tuple[Shape, Shape] = assumed((1.2, 3.0), "share of a secondary in the transfer: shapes of a Beta")
    least_energy_gev: float = assumed(
        10.0, "only secondaries above this are made: below it no track is selected [GeV]", ge=1, le=390
    )
    pt_shape: float = assumed(2.0, "shape of the Gamma of pT", ge=0.05, le=100)
    pt_scale_gev: float = assumed(0.17, "scale of the Gamma of pT [GeV/c]", ge=1e-3, le=10)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("upstream_z_mm", "z_mm", "transfer"):
            check_order(f"interaction.{name}", getattr(self, name))
        if self.transfer[0] < 1e-3:
            msg = (
                f"interaction: transfer inside 0.001..1 wanted, got {self.transfer}; density 1/transfer has no end at 0"
            )
            raise ValueError(msg)
        _in_tank("interaction", *self.upstream_z_mm, *self.z_mm)
        return self


class PromptMuMuConfig(Section):
    """A halo muon interacts, a pion of the shower decays: two muons of one time."""

    selected_per_pot: float = known(
        270.0 / SAMPLE_POT,
        "mu mu outside VR before LAV, per POT. Source: CERN-EP-2023-032 sect. 5.1",
        ge=0,
        le=MOST_PER_POT,
    )
    found_fraction: float = assumed(0.54, FOUND, ge=0.01, le=1)
    lav_survival: float = known(
        0.28 / 270.0, "part of them without a LAV hit. Source: CERN-EP-2023-032 table 1", ge=0, le=1
    )
    interaction: InteractionConfig = InteractionConfig()


class PromptEEConfig(Section):
    """A halo muon interacts, two photons of the shower convert: an electron and a positron."""

    selected_per_pot: float = known(
        59.9 / SAMPLE_POT,
        "e e pairs after PID, before LAV and ANTI0, per POT. Source: 2023 talk on A' -> e e",
        ge=0,
        le=MOST_PER_POT,
    )
    found_fraction: float = assumed(0.90, FOUND, ge=0.01, le=1)
    lav_survival: float = known(
        0.012, "part of them without a LAV (or ANTI0) hit; of one MC event. Source: as above", ge=0, le=1
    )
    interaction: InteractionConfig = InteractionConfig()


class UpstreamConfig(Section):
    """Hadrons of the achromat interact just upstream of the tank: pi pi pairs near the beam axis."""

    selected_per_pot: float = known(
        19.0 / SAMPLE_POT,
        "pi pi pairs with the vertex upstream of 105 m, per POT. Source: Vulcano talk 2024",
        ge=0,
        le=MOST_PER_POT,
    )
    found_fraction: float = assumed(0.81, FOUND, ge=0.01, le=1)
    parent_gev: tuple[Momentum, MomentumSpread] = assumed(
        (75.0, 14.0), "momentum of the hadron: mean and spread [GeV/c]"
    )
    spot_mm: float = assumed(50.0, "Gaussian spread of the interactions in x and y [mm]", gt=0, le=2000)
    interaction: InteractionConfig = InteractionConfig(upstream_fraction=1.0)


class KShortConfig(Section):
    """K_S of upstream interactions, to pi+ pi-."""

    selected_per_pot: float = known(
        2.0 / SAMPLE_POT, "pi pi pairs of the K_S mass, per POT. Source: Vulcano talk 2024", ge=0, le=MOST_PER_POT
    )
    found_fraction: float = assumed(0.90, FOUND, ge=0.01, le=1)
    momentum_gev: tuple[Momentum, MomentumSpread] = assumed(
        (20.0, 30.0), "momentum = first + exponential of mean second [GeV/c]"
    )
    z_mm: tuple[Position, Position] = assumed((101000.0, 104500.0), "origin, uniform [mm]")
    spot_mm: float = assumed(50.0, "Gaussian spread of the origin in x and y [mm]", gt=0, le=2000)
    divergence_rad: float = assumed(2.0e-3, "Gaussian spread of the slopes [rad]", ge=0, le=0.1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order("k_short.z_mm", self.z_mm)
        _in_tank("k_short.z_mm", *self.z_mm)
        return self


class KPlusConfig(Section):
    """K+ that come through the hole of ANTI0 and decay in the tank; one charged daughter is lost."""

    selected_per_pot: float = known(
        8.0 / SAMPLE_POT,
        "K+ -> 3 pi with one pion lost, before the ANTI0 cut, per POT. Source: Vulcano talk 2024 (expected 5.6 + 2.4)",
        ge=0,
        le=MOST_PER_POT,
    )
    found_fraction: float = assumed(0.88, FOUND, ge=0.01, le=1)
    photon_fraction: float = known(
        0.25, "part of them seen as pi pi gamma: 2 of 8. Source: Vulcano talk 2024", ge=0, le=1
    )
    momentum_gev: tuple[Momentum, MomentumSpread] = assumed((75.0, 14.0), "momentum: mean and spread [GeV/c]")
    slope_x_rad: tuple[Slope, SlopeSpread] = assumed((0.9e-3, 0.4e-3), "slope in x: mean and spread [rad]")
    slope_y_rad: tuple[Slope, SlopeSpread] = assumed((0.0, 0.4e-3), "slope in y: mean and spread [rad]")
    spot_mm: float = assumed(28.0, "Gaussian spread at ANTI0 in x and y [mm]", ge=0, le=2000)
    z_mm: tuple[Position, Position] = assumed((105000.0, 180000.0), "decay vertex, uniform [mm]")
    branching_3pi: float = known(0.05583, "BR(K+ -> pi+ pi+ pi-). Source: PDG", ge=1e-4, le=1)
    branching_ke4: float = known(4.247e-5, "BR(K+ -> pi+ pi- e+ nu). Source: PDG", ge=0, le=1)
    branching_kmu4: float = known(1.4e-5, "BR(K+ -> pi+ pi- mu+ nu). Source: PDG", ge=0, le=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_order("k_plus.z_mm", self.z_mm)
        _in_tank("k_plus.z_mm", *self.z_mm)
        if self.branching_3pi + self.branching_ke4 + self.branching_kmu4 > 1:
            msg = "k_plus: branching fractions add up to more than 1; mend them"
            raise ValueError(msg)
        return self


class ProcessesConfig(Section):
    """All of them."""

    trigger_efficiency: float = known(0.98, "of H2 for a pair. Source: CERN-EP-2023-032 sect. 6", ge=0.01, le=1)
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
