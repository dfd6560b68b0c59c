"""Constants of the signal models. Source: PDG, where not said otherwise."""

from __future__ import annotations

ALPHA = 1.0 / 137.035999084
HBAR_C_GEV_MM = 1.973269804e-13
HBAR_GEV_S = 6.582119569e-25
PROTON_MASS_GEV = 0.93827208816
BEAM_MOMENTUM_GEV = 400.0
"""Source: SPS, CERN-EP-2023-032."""

PI0_MASS_GEV = 0.1349768
HIGGS_VEV_GEV = 246.220
TOP_MASS_GEV = 173.0
VTS_VTB = 0.0404
B_QUARK_GEV, S_QUARK_GEV = 4.18, 0.093
"""Running masses at m_b and at 2 GeV."""

B_MASS_GEV, B_LIFETIME_S = 5.27934, 1.638e-12
KSTAR_MASS_GEV = 0.89167

MESON_MASS_GEV = {
    "pi0": PI0_MASS_GEV,
    "eta": 0.547862,
    "etap": 0.95778,
    "rho": 0.77526,
    "omega": 0.78266,
    "phi": 1.019461,
}
