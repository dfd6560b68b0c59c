"""Muon, electron or hadron, from the calorimeters and MUV3; anything doubtful stays unknown."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from daq.jit import kernel
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.association import Associations
from streaming.reco.calorimeters import Showers
from streaming.reco.channels import Pid
from streaming.reco.hadron_id import hadron_forest, hadron_probability


class PidCuts(NamedTuple):
    """Windows of E/p, and the codes of the three particles."""

    muon_max: float
    electron_min: float
    electron_max: float
    hadron_min: float
    muon: int
    electron: int
    hadron: int


class EeCuts(NamedTuple):
    """E/p window of an electron in e e: its lower edge falls with momentum."""

    slope: float
    reference: float
    least: float
    offset: float
    max: float


EE_WINDOWS = {"printed": (0.0013, 100.0, 50.0, 0.0), "falling": (0.0013, 100.0, 0.0, 0.05)}
"""Slope [c/GeV], reference momentum and least excess over it [GeV/c], offset: 1 - slope max(p - ref, least) - offset.
Source: backup of the LDMA talk 2025, as printed (physics notes E.3); `falling` is a plausible other reading."""


def identify(
    momentum: F64, times: F64, found: Associations, showers: Showers, cuts: RecoConfig, more: ChannelsConfig
) -> I8:
    """`Pid` of tracks, int8, shape (n,).

    mu: MUV3 and at most one cluster with E/p < 0.2. e: one cluster, no MUV3, E/p of 0.95-1.05. Hadron: no MUV3, at
    most one cluster, and a probability above 0.8. A track without time or momentum is unknown.
    Source: CERN-EP-2023-032, section 4; hadrons from the talks 2024 and 2025.
    """
    limits = PidCuts(
        cuts.muon_max_ep, cuts.electron_min_ep, cuts.electron_max_ep, more.hadron_min_probability,
        int(Pid.MUON), int(Pid.ELECTRON), int(Pid.HADRON),
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):  # a momentum of nothing gives no probability
        features = np.stack(
            (found.energy / momentum, showers.muv1 / momentum, showers.muv2 / momentum, momentum), axis=1
        )
    probability = hadron_probability(hadron_forest(), features)
    out = np.zeros(len(momentum), np.int8)
    _identify(momentum, times, found.n_clusters, found.energy, found.muv3, probability, limits, out)
    return out


@kernel
def _identify(
    momentum: F64, times: F64, n_clusters: I64, energy: F64, muv3: Flags, hadron: F64, cut: PidCuts,
    out: I8,
) -> None:  # fmt: skip
    for t in range(momentum.shape[0]):
        ep = energy[t] / momentum[t]
        if math.isnan(times[t]) or not math.isfinite(ep) or n_clusters[t] > 1:
            continue
        if muv3[t]:
            if ep < cut.muon_max:
                out[t] = cut.muon
        elif n_clusters[t] == 1 and cut.electron_min < ep < cut.electron_max:
            out[t] = cut.electron
        elif hadron[t] > cut.hadron_min:
            out[t] = cut.hadron


def identify_ee(momentum: F64, times: F64, found: Associations, showers: Showers, more: ChannelsConfig) -> Flags:
    """Electrons of the e e selection, bool (n,): one direct cluster, no MUV3, E/p in the window."""
    out = np.zeros(len(momentum), np.bool_)
    window = EeCuts(*EE_WINDOWS[more.ee_formula], more.ee_max_ep)
    _identify_ee(momentum, times, showers.n_direct, showers.direct, found.muv3, window, out)
    return out


@kernel
def _identify_ee(momentum: F64, times: F64, n_direct: I64, direct: F64, muv3: Flags, cut: EeCuts, out: Flags) -> None:
    for t in range(momentum.shape[0]):
        ep, excess = direct[t] / momentum[t], max(momentum[t] - cut.reference, cut.least)
        low = 1.0 - cut.slope * excess - cut.offset
        out[t] = not math.isnan(times[t]) and not muv3[t] and n_direct[t] == 1 and low < ep < cut.max
