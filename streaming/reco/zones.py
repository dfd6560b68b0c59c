"""Where a vertex lies: fiducial volume, upstream of it, and the cones of the e e selection."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from daq.geometry.planes import P0_X_MM, P0_Y_MM, P0_Z_MM
from daq.jit import kernel
from daq.units import MM_PER_M
from streaming.reco.arrays import F64, I64
from streaming.reco.channels import Zone


class Cones(NamedTuple):
    """Tip of both cones [mm], and base and tangent of each; whether the wide one counts everywhere."""

    x: float
    y: float
    z: float
    z1: float
    tan1: float
    z2: float
    tan2: float
    union: bool


def zones(vertex: F64, cuts: RecoConfig, channels: ChannelsConfig) -> I64:
    """Bits of `Zone` of each vertex, int64 (k,); 0 for one that is nowhere, NaN included.

    vertex : float64 (k, 4)    x, y, z [mm]; as in `streaming.reco.vertex.Vertices`

    Source: cones from the LDMA talk 2025 (physics notes E.3); the narrow one reaches the back of LAV5, the wide one
    that of LAV8. The talk does not say which holds before LAV5: `channels.ee_cone_rule`.
    """
    z1, z2 = channels.ee_cone1_z_m * MM_PER_M, channels.ee_cone2_z_m * MM_PER_M
    tangents = channels.ee_cone1_r_mm / (z1 - P0_Z_MM), channels.ee_cone2_r_mm / (z2 - P0_Z_MM)
    union = channels.ee_cone_rule == "union"
    cones = Cones(P0_X_MM, P0_Y_MM, P0_Z_MM, z1, tangents[0], z2, tangents[1], union)
    limits = (channels.upstream_min_z_m * MM_PER_M, cuts.vertex_min_z_m * MM_PER_M, cuts.vertex_max_z_m * MM_PER_M)
    out = np.zeros(len(vertex), np.int64)
    _zones(vertex, *limits, cones, int(Zone.FIDUCIAL), int(Zone.UPSTREAM), int(Zone.CONES), out)
    return out


@kernel
def _zones(
    vertex: F64, upstream: float, low: float, high: float, cone: Cones, fiducial_bit: int, upstream_bit: int,
    cones_bit: int, out: I64,
) -> None:  # fmt: skip
    for k in range(vertex.shape[0]):
        z = vertex[k, 2]
        if upstream < z < low:
            out[k] |= upstream_bit
        if not low < z < high:
            continue
        out[k] |= fiducial_bit
        dx, dy, depth = vertex[k, 0] - cone.x, vertex[k, 1] - cone.y, z - cone.z
        wide = cone.union or z >= cone.z1
        tangent = cone.tan2 if wide and cone.tan2 > cone.tan1 else cone.tan1
        if (z < cone.z2 or not wide) and dx * dx + dy * dy < (depth * tangent) ** 2:
            out[k] |= cones_bit
