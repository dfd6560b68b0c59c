"""Signals: hidden particles made in the TAX that decay in the tank."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from daq.config.base import Section, assumed, known
from daq.config.quantities import Fraction, Position, Width

Mode = Literal[
    "brems", "pi0_gamma", "eta_gamma", "etap_gamma", "rho_pi0", "omega_pi0", "phi_pi0", "rho_eta", "omega_eta",
    "phi_eta", "b_k_scalar", "b_kstar_scalar", "b_k_alp", "b_kstar_alp",
]  # fmt: skip
FinalState = Literal["mumu", "ee", "pipi", "pipigamma", "pipipi0", "pipipi0pi0", "pipieta", "kk", "kkpi0"]


class BremsConfig(Section):
    """Dark photons by proton bremsstrahlung. Source: arXiv:1311.3870."""

    z: tuple[Fraction, Fraction] = known(
        (0.02, 0.95), "part of the proton's energy that they take. Source: emulator notes 1.7"
    )
    max_pt_gev: float = known(1.0, "transverse momentum below this [GeV/c]. Source: arXiv:1311.3870", ge=0.01, le=20)
    s_prime: Literal["2ME(1-z)+2M2", "(M+E)2(1-z)"] = assumed(
        "2ME(1-z)+2M2",
        "energy squared left for the other proton: invariant as of two protons, or as ALPINIST writes it",
    )
    mixed_term: Literal["1+(1-z)^2", "z+(1-z)^2"] = assumed(
        "1+(1-z)^2", "bracket of the M^2 m^2 term: ALPINIST, or as recalled from the paper"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not 0 < self.z[0] < self.z[1] < 1:
            msg = f"brems.z: wanted 0 < low < high < 1, got {self.z}; change them"
            raise ValueError(msg)
        return self


class BMesonConfig(Section):
    """B mesons of 400 GeV protons. No measured spectrum ships: both shapes are assumed."""

    bbbar_nb: float = known(2.63, "b bbar cross-section per nucleon [nb]. Source: ALPINIST, +- 0.76", gt=0, le=1e5)
    inelastic_mb: float = assumed(
        12.1,
        "inelastic cross-section per nucleon that the b cross-section is divided by [mb]: 12.1 for Cu (153 mm), where "
        "hard production goes with all nucleons: 4.3e-7 B per proton; 39.85 for p p (as ALPINIST): 1.3e-7",
        ge=1,
        le=1000,
    )
    xf_power: float = assumed(5.0, "dN/dx_F = (1 - |x_F|)^this in the nucleon-nucleon frame", ge=0, le=100)
    mean_pt2_gev2: float = assumed(4.0, "mean of pT^2, exponential [GeV^2/c^2]", gt=0, le=100)
    alp_branching: float = assumed(
        1.0e-10, "reference BR(B -> K(*) a), free in the model. Source: ALPINIST reference", gt=0, le=1
    )


class InjectionConfig(Section):
    """Signal put into emulated bursts, weight 1."""

    enabled: bool = known(False, "inject it")
    mode: Mode = known("brems", "how it is made")
    final_state: FinalState = known("mumu", "how it decays")
    mass_gev: float = known(0.411, "mass [GeV/c2]", ge=0.00103, le=5)
    coupling: float = known(1.0e-6, "epsilon, sin theta, or coupling of the ALP [1/GeV]", ge=1e-15, le=1)
    yield_factor: float = known(1.0, "times the expected yield, to see more of it", ge=0, le=1e12)
    hepmc: str = known("", "signal bursts: take the events of this HepMC3 ASCII file instead; empty: our own decays")
    hepmc_pot: float = assumed(1.0e17, "protons on target that the events of the file stand for", gt=0, le=1e25)


class SignalConfig(Section):
    """Production, flight, and what is injected."""

    spot_mm: tuple[Width, Width] = known(
        (4.7, 3.2), "spread of the protons on the TAX in x and y [mm]. Source: CERN-EP-2023-032 eq. (4)"
    )
    depth_mm: float = assumed(153.0, "mean depth of the interaction in the TAX, exponential [mm]: Cu", ge=0, le=1500)
    decay_z_mm: tuple[Position, Position] = known(
        (102_000.0, 180_000.0), "decays flat in this range [mm]. Source: CERN-EP-2023-032 sect. 3"
    )
    brems: BremsConfig = BremsConfig()
    b_meson: BMesonConfig = BMesonConfig()
    injection: InjectionConfig = InjectionConfig()

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.decay_z_mm
        if not 30_000.0 < low < high <= 183_000.0:
            msg = f"signal.decay_z_mm: wanted 30000 < low < high <= 183000, got {self.decay_z_mm}; change them"
            raise ValueError(msg)
        return self
