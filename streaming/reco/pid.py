"""Muon, electron or pion, from E/p and MUV3; anything doubtful stays unknown."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from daq.config.reco import RecoConfig
from daq.jit import kernel
from streaming.reco.arrays import F64, I8, I64, Flags
from streaming.reco.association import Associations
from streaming.reco.channels import Pid


class PidCuts(NamedTuple):
    """Windows of E/p, and the codes of the three particles."""

    muon_max: float
    electron_min: float
    electron_max: float
    pion_min: float
    pion_max: float
    muon: int
    electron: int
    pion: int


def identify(momentum: F64, times: F64, found: Associations, cuts: RecoConfig) -> I8:
    """`Pid` of tracks, int8, shape (n,). Source: CERN-EP-2023-032, section 4.

    mu: MUV3 and at most one cluster with E/p < 0.2. e, pi: one cluster, no MUV3, E/p of 0.95-1.05 or 0.2-0.9.
    A track without time or momentum is unknown.
    """
    limits = PidCuts(
        cuts.muon_max_ep, cuts.electron_min_ep, cuts.electron_max_ep, cuts.pion_min_ep, cuts.pion_max_ep,
        int(Pid.MUON), int(Pid.ELECTRON), int(Pid.PION),
    )  # fmt: skip
    out = np.zeros(len(momentum), np.int8)
    _identify(momentum, times, found.n_clusters, found.energy, found.muv3, limits, out)
    return out


@kernel
def _identify(
    momentum: F64, times: F64, n_clusters: I64, energy: F64, muv3: Flags, cut: PidCuts,
    out: I8,
) -> None:  # fmt: skip
    for t in range(momentum.shape[0]):
        ep = energy[t] / momentum[t]
        if math.isnan(times[t]) or not math.isfinite(ep):
            continue
        if muv3[t]:
            if n_clusters[t] <= 1 and ep < cut.muon_max:
                out[t] = cut.muon
        elif n_clusters[t] == 1:
            if cut.electron_min < ep < cut.electron_max:
                out[t] = cut.electron
            elif cut.pion_min < ep < cut.pion_max:
                out[t] = cut.pion
