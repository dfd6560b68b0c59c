"""What an analyst would write first: two-track muon pairs of a recording with awkward and vector, array by array.

Simplified, and so faster than the real selection can be in this way: straight tracks, no isolation, one time window,
no LKr, no photons, no ANTI0, LAV and SAV, no K_S window and nothing of the gate but its box. It is a reference for
speed, never a result: `vector` is a test requirement, and is imported only here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from daq.units import MM_PER_M

PLANE_MM = 180_000.0
"""Z at which tracks are given."""
TAX_AXIS_MM = (0.0, -22.0)
MAX_CDA_MM = 20.0
VERTEX_M = (105.0, 180.0)
WINDOW_NS = 5.0
BOX_M, BOX_MM = (-12.0, 58.0), 180.0
"""The published SR and CR with the guard band: pairs inside are left out."""


def plain_selection(path: Path) -> int:
    """Count muon pairs outside the box."""
    import awkward as ak
    import vector

    vector.register_awkward()
    with pa.memory_map(str(path)) as file, pa.ipc.open_stream(file) as stream:
        table = stream.read_all()
        return _count(ak, {name: ak.from_arrow(table.column(name)) for name in ("straw", "chod", "muv3")})


def _count(ak: Any, lists: dict[str, Any]) -> int:  # noqa: ANN401 - awkward arrays have no types
    two = ak.num(lists["straw"]) == 2
    tracks = lists["straw"][two]
    tracks = tracks[(tracks.p > 10.0) & (tracks.chi2 < 20.0)]
    good = ak.num(tracks) == 2
    tracks = tracks[good]
    in_time = _in_time(ak, lists["chod"][two][good]) & _in_time(ak, lists["muv3"][two][good])
    first, second = tracks[:, 0], tracks[:, 1]
    chosen = in_time & (first.charge * second.charge < 0)
    # closest approach cancels: single precision is not enough
    first, second = (ak.values_astype(track[chosen], np.float64) for track in (first, second))
    where = [_point(ak, track) for track in (first, second)]
    along = [_slope(ak, track) for track in (first, second)]
    vertex, cda = _closest(where[0], along[0], where[1], along[1])
    total = along[0].unit() * first.p + along[1].unit() * second.p
    axis = ak.zip({"x": 0 * cda + TAX_AXIS_MM[0], "y": 0 * cda + TAX_AXIS_MM[1], "z": 0 * cda}, with_name="Vector3D")
    beam = ak.zip({"x": 0 * cda, "y": 0 * cda, "z": 0 * cda + 1.0}, with_name="Vector3D")
    tax, cda_tax = _closest(vertex, total, axis, beam)
    z, z_tax = vertex.z / MM_PER_M, tax.z / MM_PER_M
    inside = (z_tax > BOX_M[0]) & (z_tax < BOX_M[1]) & (cda_tax < BOX_MM)
    return int(ak.sum((cda < MAX_CDA_MM) & (z > VERTEX_M[0]) & (z < VERTEX_M[1]) & ~inside))


def _in_time(ak: Any, hits: Any) -> Any:  # noqa: ANN401
    return ak.sum(np.abs(hits.time) < WINDOW_NS, axis=1) >= 2


def _point(ak: Any, track: Any) -> Any:  # noqa: ANN401
    return ak.zip({"x": track.x, "y": track.y, "z": 0 * track.x + PLANE_MM}, with_name="Vector3D")


def _slope(ak: Any, track: Any) -> Any:  # noqa: ANN401
    return ak.zip({"x": track.tx, "y": track.ty, "z": 0 * track.tx + 1.0}, with_name="Vector3D")


def _closest(p: Any, u: Any, q: Any, v: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Midpoint and distance of the closest approach of two lines."""
    between, uu, vv, uv = p - q, u.dot(u), v.dot(v), u.dot(v)
    den = uu * vv - uv * uv
    s = (uv * v.dot(between) - vv * u.dot(between)) / den
    t = (uu * v.dot(between) - uv * u.dot(between)) / den
    a, b = p + u * s, q + v * t
    return (a + b) * 0.5, (a - b).mag
