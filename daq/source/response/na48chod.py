"""NA48-CHOD slabs: one plane of 64 vertical slabs, one of 64 horizontal ones.

Slab id: 64 plane + 16 quadrant + place, plane 0 vertical, quadrant counted as in the CHOD, place counted outwards
from the axis. Public sources give id div 64 = plane and id div 16 = quadrant; order inside a quadrant and
the uniform pitch are assumed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import Na48ChodResponse
from daq.geometry.planes import planes
from daq.hits import HitBlock
from daq.jit import kernel
from daq.source.particles import F64
from daq.units import FINE_NS

VERTICAL, HORIZONTAL = "NA48CHOD_V", "NA48CHOD_H"
SLABS_PER_QUADRANT = 16
SLABS_PER_PLANE = 64
N_SLABS = 128


def slab_pitch_mm() -> float:
    """Width of a slab [mm]: 16 from the axis to the outer radius."""
    return planes()[VERTICAL].outer_mm / SLABS_PER_QUADRANT


def na48chod_hits(rng: np.random.Generator, time: F64, x: F64, y: F64, plane: str, slab: Na48ChodResponse) -> HitBlock:
    """Hits of charged particles that cross one plane, `VERTICAL` or `HORIZONTAL`, at (x, y) [mm] at `time` [ns]."""
    limits = planes()[plane]
    hit_time, channel = np.empty(len(time), np.int64), np.empty(len(time), np.uint16)
    shape = (limits.inner_mm, limits.outer_mm, slab_pitch_mm(), SLABS_PER_QUADRANT)
    # the slab is found by x in the vertical plane, by y in the horizontal one
    across, base = (x, 0) if plane == VERTICAL else (y, SLABS_PER_PLANE)
    n = _slab_hits(rng, time, x, y, across, base, *shape, slab.efficiency, slab.time_ns, FINE_NS, hit_time, channel)
    return HitBlock(hit_time[:n], {"id": channel[:n]})


@kernel
def _slab_hits(
    rng: np.random.Generator,
    time: F64,
    x: F64,
    y: F64,
    across: F64,
    base: int,
    inner: float,
    outer: float,
    pitch: float,
    per_quadrant: int,
    efficiency: float,
    sigma: float,
    fine_ns: float,
    hit_time: NDArray[np.int64],
    channel: NDArray[np.uint16],
) -> int:
    n = 0
    for i in range(len(time)):
        r2 = x[i] * x[i] + y[i] * y[i]
        if not (r2 > inner * inner and r2 < outer * outer) or rng.random() >= efficiency:
            continue
        if x[i] >= 0.0:
            quadrant = 0 if y[i] >= 0.0 else 1
        else:
            quadrant = 3 if y[i] >= 0.0 else 2
        hit_time[n] = int(np.floor((time[i] + sigma * rng.standard_normal()) / fine_ns + 0.5))
        channel[n] = base + per_quadrant * quadrant + min(int(abs(across[i]) / pitch), per_quadrant - 1)
        n += 1
    return n
