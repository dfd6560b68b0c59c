"""The line and the mass of a candidate: two tracks and its photons together."""

from __future__ import annotations

import math

import numpy as np

from daq.geometry.planes import P0_X_MM, P0_Y_MM
from daq.jit import kernel
from streaming.reco.arrays import F64, I64


def candidate_lines(pair: I64, vertex: F64, slopes: F64, p_first: F64, p_second: F64, photons: F64) -> F64:
    """Z_TAX and CDA_TAX [mm] of the summed momenta of tracks and photons, float64 (m, 2); NaN without a pair.

    Parameters
    ----------
    pair : int64 (m,)             pair of each event, -1 without
    vertex, slopes : (k, 4)       of every pair, as in `streaming.reco.vertex.Vertices`
    p_first, p_second : (k,)      momenta [GeV/c]
    photons : float64 (m, 3)      summed momentum of the photons of each event [GeV/c]

    Without photons this is `streaming.reco.tax.point_back` of the pair. Source: physics notes E.4.
    """
    out = np.full((len(pair), 2), np.nan)
    _lines(pair, vertex, slopes, p_first, p_second, photons, P0_X_MM, P0_Y_MM, out)
    return out


@kernel
def _lines(
    pair: I64, vertex: F64, slopes: F64, p_first: F64, p_second: F64, photons: F64, beam_x: float, beam_y: float,
    out: F64,
) -> None:  # fmt: skip
    for e in range(pair.shape[0]):
        k = pair[e]
        if k < 0:
            continue
        a1, b1, a2, b2 = slopes[k, 0], slopes[k, 1], slopes[k, 2], slopes[k, 3]
        k1 = p_first[k] / math.sqrt(1.0 + a1 * a1 + b1 * b1)
        k2 = p_second[k] / math.sqrt(1.0 + a2 * a2 + b2 * b2)
        px = k1 * a1 + k2 * a2 + photons[e, 0]
        py = k1 * b1 + k2 * b2 + photons[e, 1]
        pz = k1 + k2 + photons[e, 2]
        dx, dy = vertex[k, 0] - beam_x, vertex[k, 1] - beam_y
        pt2 = px * px + py * py
        if pt2 == 0.0:
            out[e, 0], out[e, 1] = math.nan, math.sqrt(dx * dx + dy * dy)
        else:
            out[e, 0] = vertex[k, 2] - pz * ((dx * px + dy * py) / pt2)
            out[e, 1] = abs(dx * py - dy * px) / math.sqrt(pt2)
