"""Frames of events: by hand, and drawn by hypothesis.

An event is a dictionary: header columns by name (missing ones are 0), detectors by name as lists of dictionaries.
"""

from __future__ import annotations

import copy
import math

import numpy as np
from hypothesis import strategies as st

from daq.config.reco import RecoConfig
from daq.frame import EventFrame, Jagged
from daq.geometry.chod import chod_geometry
from daq.geometry.muv3 import muv3_geometry
from daq.geometry.planes import planes
from daq.model import DETECTORS, HEADER
from tests.reference.tracks_slow import impact
from tests.strategies_neutral import MILLI, hadron_shower, surround

Q1, H2 = 1, 2

QUADRANTS = ((1, 1), (1, -1), (-1, -1), (-1, 1))

_NOTHING = {**dict.fromkeys(("x", "y", "tx", "ty", "p", "chi2"), math.nan), "charge": 0, "chambers": 0, "kaon": 0}
REJECT = {"straw": [_NOTHING, _NOTHING]}
"""What stands for a masked event: its header, and two tracks that say nothing."""


def make_frame(events: list[dict]) -> EventFrame:
    """Columns of a list of events."""
    header = {c.name: np.array([e.get(c.name, 0) for e in events], np.dtype(c.dtype)) for c in HEADER}
    lists = {}
    for name, columns in DETECTORS.items():
        offsets = np.cumsum([0, *(len(e.get(name, ())) for e in events)]).astype(np.int32)
        rows = [row for e in events for row in e.get(name, ())]
        lists[name] = Jagged(
            offsets, {c.name: np.array([r.get(c.name, 0) for r in rows], np.dtype(c.dtype)) for c in columns}
        )
    return EventFrame(header, lists)


def pair_of_tracks(
    z_vtx_m=150.0,
    z_tax_m=100.0,
    cda_tax_mm=300.0,
    opening=(0.0, 4e-3),
    p=(40.0, 40.0),
    charge=(1, -1),
    phi=0.0,
    tilt=1e-3,
) -> list[dict]:
    """Two tracks (no field) that meet at a vertex and whose sum points back to (z_tax, cda_tax).

    opening : slope of the first track relative to the sum; the second balances it
    phi : azimuth of the TAX point; tilt : slope of the sum
    """
    ux, uy = -math.sin(phi) * tilt, math.cos(phi) * tilt
    z_vtx, z_tax = z_vtx_m * 1000.0, z_tax_m * 1000.0
    x = cda_tax_mm * math.cos(phi) + ux * (z_vtx - z_tax)
    y = -22.0 + cda_tax_mm * math.sin(phi) + uy * (z_vtx - z_tax)
    tracks = []
    for share, p_track, q in ((1.0, p[0], charge[0]), (-p[0] / p[1], p[1], charge[1])):
        tx, ty = ux + share * opening[0], uy + share * opening[1]
        lever = 180000.0 - z_vtx
        tracks.append(
            {
                "x": x + tx * lever,
                "y": y + ty * lever,
                "tx": tx,
                "ty": ty,
                "p": p_track,
                "charge": q,
                "chi2": 2.0,
                "chambers": 4,
            }
        )
    return tracks


def crossing_anti0_at(x: float, y: float) -> dict:
    """Arguments of `pair_of_tracks`: the first track crosses ANTI0 there [mm], the other far from its hole."""
    anti0_z = planes()["ANTI0"].z_mm
    line = {"cda_tax_mm": 250.0, "z_tax_m": 100.0, "tilt": 2e-3, "z_vtx_m": 165.0, "phi": math.pi}
    at_anti0, lever = (-250.0, -22.0 - 2e-3 * (anti0_z - 100e3)), 165e3 - anti0_z
    return line | {"opening": ((at_anti0[0] - x) / lever, (at_anti0[1] - y) / lever)}


def response(tracks: list[dict], cuts: RecoConfig, kinds="mm", times=(0.0, 0.0)) -> dict:
    """An H2 event with every hit the tracks make: kinds m muon, e electron, p hadron, ? nothing behind the CHOD."""
    event: dict = {
        "trigger_flags": H2,
        "straw": tracks,
        **{n: [] for n in ("chod", "na48chod", "muv3", "lkr", "muv12")},
    }
    for track, kind, time in zip(tracks, kinds, times, strict=True):
        event["chod"] += chod_hits(*impact(track, 238131.5, cuts), time)
        for plane, name in enumerate(("NA48CHOD_V", "NA48CHOD_H")):
            event["na48chod"].append({"time": time, "id": slab(plane, *impact(track, planes()[name].z_mm, cuts))})
        x, y = impact(track, 241093.0, cuts)
        ep = {"m": 0.5 / track["p"], "e": 1.0}.get(kind)
        if ep is not None:
            event["lkr"].append({"time": time, "x": x, "y": y, "energy": ep * track["p"]})
        for name, clusters in (hadron_shower(track, cuts, time=time) if kind == "p" else {}).items():
            event[name] += clusters
        if kind == "m":
            event["muv3"] += muv3_hits(*impact(track, 246800.0, cuts), time)
    return event


def chod_hits(x, y, time) -> list[dict]:
    """Both PMTs of the tile at a point."""
    geometry = chod_geometry()
    for tile in range(152):
        for b in geometry.bricks[tile]:
            if b[0] <= x <= b[1] and b[2] <= y <= b[3]:
                return [
                    {"time": time, "id": int(geometry.tile_id[tile])},
                    {"time": time, "id": int(geometry.tile_id[tile]) + 50},
                ]
    return []


def slab(plane, x, y) -> int:
    quadrant = QUADRANTS.index((1 if x >= 0 else -1, 1 if y >= 0 else -1))
    return 64 * plane + 16 * quadrant + min(int(abs((x, y)[plane]) / 68.75), 15)


def muv3_hits(x, y, time) -> list[dict]:
    """Both PMTs of the nearest tile."""
    tiles = muv3_geometry()
    distance = np.maximum(np.abs(tiles.x_mm - x), np.abs(tiles.y_mm - y)) - tiles.half_mm
    tile = int(np.nanargmin(distance))
    return [{"time": time, "id": tile}, {"time": time, "id": tile + 200}]


def event_of(kinds="mm", times=(0.0, 0.0), cuts=None, **pair) -> dict:
    """An event with one pair; `cuts` as the reconstruction will have them (magnet polarity)."""
    cuts = cuts or RecoConfig(residual_field=False)
    return response(pair_of_tracks(**pair), cuts, kinds, times)


ODD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e38, 1e-45])


@st.composite
def pair_events(draw) -> dict:
    """Events that look like two particles from one vertex; half of them with one thing spoilt."""
    pair = {
        "z_vtx_m": draw(st.sampled_from([106.0, 120.0, 140.0, 165.0, 178.0])) + draw(MILLI),
        "z_tax_m": draw(st.sampled_from([-150.0, -50.0, -20.0, 5.0, 23.0, 45.0, 70.0, 100.0])) + draw(MILLI),
        "cda_tax_mm": draw(st.sampled_from([5.0, 35.0, 100.0, 200.0, 400.0, 900.0])) + draw(MILLI),
        "opening": (draw(MILLI) * 1e-3, draw(st.sampled_from([-4e-3, 4e-3, 2.5e-3]))),
        "p": draw(st.sampled_from([(30.0, 30.0), (20.0, 45.0), (60.0, 30.0)])),
        "charge": draw(st.sampled_from([(1, -1), (-1, 1), (1, 1), (-1, -1)])),
        "phi": draw(MILLI) * 3.0,
        "tilt": draw(MILLI) * 1e-3,
    }
    kinds = draw(st.sampled_from(["mm", "mm", "me", "em", "ee", "ee", "pp", "pp", "pp", "pp", "mp", "m?"]))
    times = (draw(MILLI) * 3.0, draw(MILLI) * 3.0)
    fault = draw(st.sampled_from([None] * 7 + ["soft", "early", "late", "narrow", "trigger", "lav", "crowd", "odd"]))
    changes = {"soft": {"p": (9.5, 30.0)}, "narrow": {"opening": (1e-3, 5e-4)}}
    changes["early"] = {"z_vtx_m": draw(st.sampled_from([101.9, 102.9, 104.1]))}
    pair |= changes.get(fault, {})
    event = event_of(kinds, (7.0, 6.0) if fault == "late" else times, **pair)
    if kinds != "mm" or draw(st.booleans()):
        surround(draw, event, pair)
    if fault == "trigger":
        event["trigger_flags"] = Q1
    if fault == "lav":
        event["lav"] = [{"time": draw(MILLI) * 15.0, "station": 3}]
    if fault == "crowd":
        more = pair_of_tracks(p=(20.0, 20.0), z_tax_m=-90.0, opening=(2e-3, -3e-3))
        event["straw"] = event["straw"] + more[: draw(st.integers(1, 2))]
    if fault == "odd":
        spoil(draw, event)
    return event


@st.composite
def hadron_events(draw) -> dict:
    """Two hadrons of opposite charge, good in all but what surrounds them: all hadronic channels and side samples."""
    pair = {
        "z_vtx_m": 160.0 + 15.0 * draw(MILLI) if draw(st.integers(0, 7)) else 103.0,
        "z_tax_m": draw(st.sampled_from([23.0, 45.0, 100.0, 100.0])) + draw(MILLI),
        "cda_tax_mm": draw(st.sampled_from([5.0, 35.0, 100.0, 300.0, 500.0])) + draw(MILLI),
        "charge": draw(st.sampled_from([(1, -1), (-1, 1)])),
        "p": draw(st.sampled_from([(30.0, 30.0), (60.0, 30.0)])),
        "opening": (draw(MILLI) * 1e-3, draw(st.sampled_from([-4e-3, 5e-3]))),
        # flat pairs from the TAX cross ANTI0 beside its hole, the others mostly through it
        "tilt": draw(st.sampled_from([5e-4, 5e-4, 1e-3])),
    }
    event = event_of("pp", (draw(MILLI) * 2.0, draw(MILLI) * 2.0), **pair)
    surround(draw, event, pair)
    return event


def spoil(draw, event: dict) -> None:
    """Put one impossible number into the event, in place."""
    name = draw(st.sampled_from([n for n in DETECTORS if event.get(n)]))
    row = draw(st.sampled_from(event[name]))
    floats = [c.name for c in DETECTORS[name] if c.dtype == "<f4" and c.name in row]
    row[draw(st.sampled_from(floats))] = draw(ODD)


@st.composite
def simple_events(draw) -> dict:
    """Events with no or one track, and hits of any kind, ids that do not exist included."""
    tracks = pair_of_tracks(p=(draw(st.sampled_from([5.0, 50.0])), 30.0))[: draw(st.integers(0, 1))]
    hits = {"trigger_flags": draw(st.integers(0, 3)), "straw": tracks}
    for name in ("chod", "na48chod", "muv3"):
        ids = draw(st.lists(st.sampled_from([0, 5, 101, 138, 151, 188, 200, 351, 438, 500, 65535]), max_size=3))
        hits[name] = [{"time": draw(MILLI) * 20.0, "id": i} for i in ids]
    return hits


@st.composite
def event_lists(draw, min_size=0, max_size=6) -> list[dict]:
    """Lists of events in time order."""
    chosen = draw(
        st.lists(
            st.one_of(simple_events(), pair_events(), pair_events(), hadron_events()),
            min_size=min_size,
            max_size=max_size,
        )
    )
    events = copy.deepcopy(chosen)
    for i, event in enumerate(events):
        event |= {"event_number": i, "timestamp": draw(st.integers(0, 1 << 28)), "fine_time": draw(st.integers(0, 255))}
    return events
