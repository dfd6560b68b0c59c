"""Accidental pairs in numbers: good muons of different events put together, as the published background estimate does.

Two muons of an accidental pair know nothing of each other. So the number of accidental pairs, which is large, times the
part of all possible pairs that has a vertex in a region, is the expected number there: 1e5 muons make 1e10 pairs.
Source of the method: CERN-EP-2023-032, section 5.2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from daq.config.reco import RecoConfig
from daq.errors import DataError
from daq.geometry.planes import Z_REFERENCE_MM
from daq.jit import kernel
from daq.units import MM_PER_M, PION_MASS_GEV
from streaming.reco.arrays import F64, I64, Flags
from streaming.reco.tax import pair_mass, point_back
from streaming.reco.vertex import default_cells, find_vertices

N_GROUPS = 20
FEWEST = 4
"""Tracks that a group needs for its pairs to differ."""
AT_ONCE = 2_000_000
FIELD_MM = 20.0
"""The residual field moves the tracks of a pair by less than this against each other, above 10 GeV/c: 6 mm each."""


class Limits(NamedTuple):
    """What a pair must pass before its vertex is found [mm]."""

    straw1: float
    lkr: float
    cda: float
    low: float
    high: float
    field: float


@dataclass(frozen=True, slots=True)
class Pool:
    """Good tracks, t of them.

    state : float64 (t, 7)          columns of `streaming.reco.vertex.STATE`
    straw1_mm, lkr_mm : (t, 2)      impact points
    owner : int64 (t,)              event of each track; two tracks of one event are never mixed
    """

    state: F64
    straw1_mm: F64
    lkr_mm: F64
    owner: I64

    def __len__(self) -> int:
        return len(self.state)


@dataclass(frozen=True, slots=True)
class Mixed:
    """Mixed pairs with a vertex, n of them, in groups of tracks of their own.

    group : int64 (n,)
    charge : (n,)    total charge: 2, 0, -2
    z_tax_m, cda_tax_mm, z_vertex_m, mass_pipi_gev : (n,)
    p_gev : (n, 2)
    n_pairs : pairs of different events that were drawn
    """

    group: I64
    charge: F64
    z_tax_m: F64
    cda_tax_mm: F64
    z_vertex_m: F64
    mass_pipi_gev: F64
    p_gev: F64
    n_pairs: int

    def part(self, chosen: Flags) -> tuple[float, float]:
        """Part of all possible pairs that has a vertex and is chosen, and its error from the spread of the groups.

        The error is never below that of the count, which is the larger one where a group has a few pairs only.
        """
        by_group = np.bincount(self.group[chosen], minlength=N_GROUPS) * N_GROUPS / self.n_pairs
        # N. Gehrels, ApJ 303 (1986) 336, eq. (7): the root is too short where few are counted
        counted = (1.0 + math.sqrt(np.count_nonzero(chosen) + 0.75)) / self.n_pairs
        return float(by_group.mean()), max(float(by_group.std(ddof=1)) / math.sqrt(N_GROUPS), counted)


def mix(pool: Pool, cuts: RecoConfig, rng: np.random.Generator, n_pairs: int) -> Mixed:
    """Draw `n_pairs` pairs of tracks of different events and keep those with a vertex.

    Raises
    ------
    DataError
        Fewer than two tracks for each of the groups.
    """
    # an even number, so that the tracks of an event with two stay together
    size, rows = len(pool) // N_GROUPS // 2 * 2, []
    if size < FEWEST:
        msg = (
            f"overlay: {len(pool)} tracks, wanted {FEWEST * N_GROUPS} or more to mix; give more spills of single tracks"
        )
        raise DataError(msg)
    limits = Limits(
        cuts.straw1_isolation_mm, cuts.lkr_isolation_mm, cuts.vertex_max_cda_mm + FIELD_MM,
        cuts.vertex_min_z_m * MM_PER_M - Z_REFERENCE_MM, cuts.vertex_max_z_m * MM_PER_M - Z_REFERENCE_MM, FIELD_MM,
    )  # fmt: skip
    n_different = 0
    for group in range(N_GROUPS):
        own = slice(group * size, (group + 1) * size)
        state, near, far = (np.ascontiguousarray(part[own]) for part in (pool.state, pool.straw1_mm, pool.lkr_mm))
        for start in range(0, n_pairs // N_GROUPS, AT_ONCE):
            m = min(AT_ONCE, n_pairs // N_GROUPS - start)
            a, b = np.empty(m, np.int64), np.empty(m, np.int64)
            n, different = _close(rng, m, state, near, far, pool.owner[own], limits, a, b)
            n_different += different
            rows.append(_vertices(state, a[:n], b[:n], cuts, group))
    names = [field.name for field in fields(Mixed)][:-1]
    columns = {name: np.concatenate(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    return Mixed(**columns, n_pairs=n_different)


@kernel
def _close(
    rng: np.random.Generator, m: int, state: F64, near: F64, far: F64, owner: I64, limit: Limits, a: I64, b: I64
) -> tuple[int, int]:
    """Draw m pairs, fill those that may have a vertex; number of these, and of pairs of different events.

    Straight lines, with room for the field: what is left out here has no vertex with it either.
    """
    n, n_different = 0, 0
    for _ in range(m):
        i, j = rng.integers(0, state.shape[0]), rng.integers(0, state.shape[0])
        if owner[i] == owner[j]:
            continue
        n_different += 1
        dx, dy = state[j, 0] - state[i, 0], state[j, 1] - state[i, 1]
        da, db = state[j, 3] - state[i, 3], state[j, 4] - state[i, 4]
        angle2 = da * da + db * db
        z = -(dx * da + dy * db) / angle2
        room = limit.field / np.sqrt(angle2)
        if not (limit.low - room < z < limit.high + room):
            continue
        if not abs(dx * db - dy * da) < limit.cda * np.sqrt(angle2):
            continue
        near2 = (near[i, 0] - near[j, 0]) ** 2 + (near[i, 1] - near[j, 1]) ** 2
        far2 = (far[i, 0] - far[j, 0]) ** 2 + (far[i, 1] - far[j, 1]) ** 2
        if near2 > limit.straw1**2 and far2 > limit.lkr**2:
            a[n], b[n] = i, j
            n += 1
    return n, n_different


def _vertices(state: F64, a: I64, b: I64, cuts: RecoConfig, group: int) -> tuple[NDArray[np.generic], ...]:
    first, second = state[a], state[b]
    found = find_vertices(first, second, default_cells() if cuts.residual_field else None)
    z = found.vertex[:, 2] / MM_PER_M
    good = (found.vertex[:, 3] < cuts.vertex_max_cda_mm) & (cuts.vertex_min_z_m < z) & (z < cuts.vertex_max_z_m)
    first, second, slopes = first[good], second[good], found.slopes[good]
    tax = point_back(found.vertex[good], slopes, first[:, 5], second[:, 5])
    mass = pair_mass(slopes, first[:, 5], second[:, 5], PION_MASS_GEV, PION_MASS_GEV)
    p = np.stack((first[:, 5], second[:, 5]), axis=1)
    return np.full(len(mass), group), first[:, 6] + second[:, 6], tax[:, 0] / MM_PER_M, tax[:, 1], z[good], mass, p
