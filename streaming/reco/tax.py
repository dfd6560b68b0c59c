"""Where a pair points back to: closest approach of (vertex, summed momenta) to the beam line, and invariant mass."""

from __future__ import annotations

import math

import numpy as np

from daq.geometry.planes import P0_X_MM, P0_Y_MM
from daq.jit import kernel
from streaming.reco.arrays import F64


def point_back(vertex: F64, slopes: F64, p_first: F64, p_second: F64) -> F64:
    """Z_TAX and CDA_TAX of pairs.

    Parameters
    ----------
    vertex, slopes : float64, shape (n, 4)
        As in `streaming.reco.vertex.Vertices`.
    p_first, p_second : float64, shape (n,)
        Momenta [GeV/c]; negative for a track that flies towards -Z.

    Returns
    -------
    float64, shape (n, 2)
        Z of the point on the line of the summed momenta [mm] and its distance from the beam line through
        (0, -22, 23070) along Z, perpendicular to Z [mm]. NaN without a vertex; Z is NaN for a momentum exactly
        along the beam. Source: CERN-EP-2023-032, section 4; physics notes E.1.
    """
    out = np.empty((len(vertex), 2))
    tax_points(vertex, slopes, p_first, p_second, P0_X_MM, P0_Y_MM, out)
    return out


def pair_mass(slopes: F64, p_first: F64, p_second: F64, m_first: float, m_second: float) -> F64:
    """Invariant mass of pairs under a mass hypothesis [GeV/c2], shape (n,); NaN without a vertex."""
    out = np.empty(len(slopes))
    masses(slopes, p_first, p_second, m_first, m_second, out)
    return out


@kernel
def tax_points(vertex: F64, slopes: F64, p_first: F64, p_second: F64, beam_x: float, beam_y: float, out: F64) -> None:
    """`point_back` with the beam line as arguments [mm]."""
    for i in range(vertex.shape[0]):
        a1, b1, a2, b2 = slopes[i, 0], slopes[i, 1], slopes[i, 2], slopes[i, 3]
        k1 = p_first[i] / math.sqrt(1.0 + a1 * a1 + b1 * b1)
        k2 = p_second[i] / math.sqrt(1.0 + a2 * a2 + b2 * b2)
        px, py, pz = k1 * a1 + k2 * a2, k1 * b1 + k2 * b2, k1 + k2
        dx, dy = vertex[i, 0] - beam_x, vertex[i, 1] - beam_y
        pt2 = px * px + py * py
        if pt2 == 0.0:
            out[i, 0], out[i, 1] = math.nan, math.sqrt(dx * dx + dy * dy)
        else:
            out[i, 0] = vertex[i, 2] - pz * ((dx * px + dy * py) / pt2)
            out[i, 1] = abs(dx * py - dy * px) / math.sqrt(pt2)


@kernel
def masses(slopes: F64, p_first: F64, p_second: F64, m1: float, m2: float, out: F64) -> None:
    """`pair_mass`. E1 E2 - p1.p2 is split in two positive terms, so that no digits cancel at small angles."""
    for i in range(slopes.shape[0]):
        a1, b1, a2, b2 = slopes[i, 0], slopes[i, 1], slopes[i, 2], slopes[i, 3]
        g1, g2 = 1.0 + a1 * a1 + b1 * b1, 1.0 + a2 * a2 + b2 * b2
        p1, p2 = abs(p_first[i]), abs(p_second[i])
        cosine = (1.0 + a1 * a2 + b1 * b2) / math.sqrt(g1 * g2)
        nx, ny = b1 - b2, a2 - a1
        nz = -a1 * nx - b1 * ny
        sine2 = (nx * nx + ny * ny + nz * nz) / (g1 * g2)
        if p_first[i] * p_second[i] < 0.0:
            cosine = -cosine
        versine = sine2 / (1.0 + cosine) if cosine > 0.0 else 1.0 - cosine
        e1, e2 = math.sqrt(p1 * p1 + m1 * m1), math.sqrt(p2 * p2 + m2 * m2)
        collinear = (m1 * m1 * e2 * e2 + m2 * m2 * p1 * p1) / (e1 * e2 + p1 * p2)
        out[i] = math.sqrt(m1 * m1 + m2 * m2 + 2.0 * (collinear + p1 * p2 * versine))
