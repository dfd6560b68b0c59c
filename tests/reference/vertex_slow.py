"""Vertex, TAX point and masses in 40 digits, from the normal equations instead of cross products."""

from __future__ import annotations

from dataclasses import dataclass

import mpmath as mp

from daq.geometry.field import GRID_CELLS, GRID_START_MM, GRID_STEP_MM, ResidualField

DIGITS = 40


@dataclass(frozen=True)
class SlowVertex:
    """Midpoint, distance and slopes at the vertex; `status` as in the kernel: 0 ok 1 parallel 2 identical 3 invalid.

    edge_mm : how close a refinement came to the edge of a field cell, where rounding decides which tangent is taken
    """

    status: int
    point: tuple = (mp.nan, mp.nan, mp.nan)
    cda: mp.mpf = mp.nan
    slopes: tuple = (mp.nan,) * 4
    edge_mm: float = mp.inf


def lines_meet(first, second):
    """Closest points of two lines ((x, y, z), (tx, ty)): distances along Z and the distance, or None if parallel."""
    (p, (a, b)), (q, (c, d)) = first, second
    u, v = mp.matrix([a, b, 1]), mp.matrix([c, d, 1])
    w = mp.matrix(q) - mp.matrix(p)
    uu, vv, uv = mp.fdot(u, u), mp.fdot(v, v), mp.fdot(u, v)
    wu, wv = mp.fdot(w, u), mp.fdot(w, v)
    determinant = uu * vv - uv * uv
    if (a, b) == (c, d):
        return None, mp.sqrt(abs(mp.fdot(w, w) - wu * wu / uu))
    s = (wu * vv - wv * uv) / determinant
    t = (wu * uv - wv * uu) / determinant
    gap = mp.matrix(p) + s * u - mp.matrix(q) - t * v
    return (s, t), mp.sqrt(mp.fdot(gap, gap))


def tangent(track, z, field: ResidualField):
    """Line that touches the path of a track (x, y, z0, tx, ty, p, charge) in the field cell of `z`."""
    x, y, z0, tx, ty, p, charge = track
    cell = min(max(int(mp.floor((z - GRID_START_MM) / GRID_STEP_MM)), 0), GRID_CELLS - 1)
    edge = mp.mpf(GRID_START_MM + cell * GRID_STEP_MM)
    k = mp.mpf(charge) / p
    bend = [mp.mpf(float(v)) for v in field.displacement[cell]]
    kink = [(mp.mpf(float(v)) - b) / GRID_STEP_MM for v, b in zip(field.displacement[cell + 1], bend, strict=True)]
    at_edge = (x + tx * (edge - z0) + k * bend[0], y + ty * (edge - z0) + k * bend[1], edge)
    return at_edge, (tx + k * kink[0], ty + k * kink[1])


def vertex(first, second, field: ResidualField | None = None) -> SlowVertex:
    """Vertex of two tracks (x, y, z, tx, ty, p, charge); with a field two refinements at the current midpoint."""
    used = 7 if field else 5
    with mp.workdps(DIGITS):
        if not all(mp.isfinite(v) for v in (*first[:used], *second[:used])) or (field and 0 in (first[5], second[5])):
            return SlowVertex(3)
        a, b = ([mp.mpf(float(v)) if mp.isfinite(v) else mp.mpf(0) for v in track] for track in (first, second))
        one, two = ((a[0], a[1], a[2]), (a[3], a[4])), ((b[0], b[1], b[2]), (b[3], b[4]))
        steps, cda = lines_meet(one, two)
        if steps is None:
            return SlowVertex(2 if cda == 0 else 1, cda=cda)
        edge = mp.inf
        for _ in range(2 if field else 0):
            z = (one[0][2] + steps[0] + two[0][2] + steps[1]) / 2
            place = (z - GRID_START_MM) / GRID_STEP_MM
            edge = min(edge, abs(place - mp.nint(place)) * GRID_STEP_MM)
            one, two = tangent(a, z, field), tangent(b, z, field)
            steps, cda = lines_meet(one, two)
            if steps is None:
                return SlowVertex(2 if cda == 0 else 1, cda=cda)
        ends = [(p[0] + s * t[0], p[1] + s * t[1], p[2] + s) for (p, t), s in ((one, steps[0]), (two, steps[1]))]
        return SlowVertex(0, tuple((u + v) / 2 for u, v in zip(*ends, strict=True)), cda, (*one[1], *two[1]), edge)


def momentum(tx, ty, p):
    norm = mp.mpf(float(p)) / mp.sqrt(1 + tx * tx + ty * ty)
    return norm * tx, norm * ty, norm


def tax_point(found: SlowVertex, p_first, p_second, beam=(0.0, -22.0)):
    """Z_TAX and CDA_TAX [mm] of a vertex."""
    with mp.workdps(DIGITS):
        one, two = momentum(*found.slopes[:2], p_first), momentum(*found.slopes[2:], p_second)
        px, py, pz = (u + v for u, v in zip(one, two, strict=True))
        dx, dy = found.point[0] - beam[0], found.point[1] - beam[1]
        if px == 0 and py == 0:
            return mp.nan, mp.hypot(dx, dy)
        step = -(dx * px + dy * py) / (px * px + py * py)
        return found.point[2] + step * pz, mp.hypot(dx + step * px, dy + step * py)


def mass(found: SlowVertex, p_first, p_second, m_first, m_second):
    """Invariant mass [GeV/c2]."""
    with mp.workdps(DIGITS):
        one, two = momentum(*found.slopes[:2], p_first), momentum(*found.slopes[2:], p_second)
        e1, e2 = mp.sqrt(mp.fdot(one, one) + mp.mpf(m_first) ** 2), mp.sqrt(mp.fdot(two, two) + mp.mpf(m_second) ** 2)
        total = mp.fdot([u + v for u, v in zip(one, two, strict=True)], [u + v for u, v in zip(one, two, strict=True)])
        return mp.sqrt((e1 + e2) ** 2 - total)
