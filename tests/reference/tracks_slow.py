"""Tracks of an event in plain Python: impact points, acceptance, isolation, times, MUV3 hits."""

from __future__ import annotations

import math

from daq.geometry.chod import chod_geometry
from daq.geometry.field import no_field, residual_field
from daq.geometry.muv3 import muv3_geometry
from daq.geometry.planes import planes

KICK, MAGNET = 0.270, 197000.0


def impact(track, z, cuts):
    """Position of a track at a plane [mm]."""
    field = residual_field() if cuts.residual_field else no_field()
    (x, y, _), _ = vertex_slow_tangent(track, z, field)
    return x + cuts.magnet_polarity * track["charge"] / track["p"] * KICK * max(0.0, z - MAGNET), y


def vertex_slow_tangent(track, z, field):
    cell = min(max(math.floor((z - 95000.0) / 250.0), 0), 349)
    k = track["charge"] / track["p"]
    bend = field.displacement[cell] + (z - 95000.0 - 250.0 * cell) * field.slope[cell]
    x = track["x"] + track["tx"] * (z - 180000.0) + k * bend[0]
    y = track["y"] + track["ty"] * (z - 180000.0) + k * bend[1]
    return (float(x), float(y), z), None


def is_sound(track):
    numbers = (track["x"], track["y"], track["tx"], track["ty"], track["p"])
    return all(map(math.isfinite, numbers)) and track["p"] > 0 and track["charge"] in (-1, 1)


def in_acceptance(track, cuts):
    p = planes()
    for name in ("CHOD_tiles_centre", "NA48CHOD_V", "NA48CHOD_H"):
        if not p[name].inner_mm < math.hypot(*impact(track, p[name].z_mm, cuts)) < p[name].outer_mm:
            return False
    for name in ("LKr_front", "MUV1", "MUV2", "MUV3"):
        x, y = impact(track, p[name].z_mm, cuts)
        half = p[name].outer_mm
        if not (math.hypot(x, y) > p[name].inner_mm and max(abs(x), abs(y)) < half):
            return False
        if name == "LKr_front" and not abs(x) + abs(y) < math.sqrt(2) * half:
            return False
    if any(not math.hypot(*impact(track, z, cuts)) < 1070.0 for z in (238313.0, 238783.0)):
        return False
    r = math.hypot(*impact(track, p["ANTI0"].z_mm, cuts))
    return (r > cuts.anti0_inner_mm or cuts.anti0_inner_mm == 0) and r < cuts.anti0_outer_mm


def is_isolated(track, others, cuts):
    for z, distance in ((183508.0, cuts.straw1_isolation_mm), (241093.0, cuts.lkr_isolation_mm)):
        for other in others:
            if not is_sound(other) or not math.dist(impact(track, z, cuts), impact(other, z, cuts)) > distance:
                return False
    return True


def track_time(track, hits, cuts):
    """NA48-CHOD time if there is one, else CHOD time; None without CHOD."""
    geometry, margin = chod_geometry(), cuts.chod_margin_mm
    x, y = impact(track, 238131.5, cuts)
    found = {}
    for hit in hits["chod"]:
        quadrant, number = divmod(hit["id"], 100)
        second, tile = number > 50, number - 50 if number > 50 else number
        if not (1 <= quadrant <= 4 and 1 <= tile <= 38):
            continue
        index = 38 * (quadrant - 1) + tile - 1
        bricks = [b for b in geometry.bricks[index] if b[0] == b[0]]
        inside = any(b[0] - margin <= x <= b[1] + margin and b[2] - margin <= y <= b[3] + margin for b in bricks)
        if inside and abs(hit["time"]) < cuts.chod_window_ns:
            found.setdefault((index, second), [])
        if (index, second) in found or inside:
            found.setdefault((index, second), []).append(hit["time"])
    if not any(abs(t) < cuts.chod_window_ns for times in found.values() for t in times):
        return None
    _, index, second, time = min(
        ((abs(t), k[0], k[1], t) for k, times in found.items() for t in times if abs(t) < cuts.chod_window_ns),
        key=lambda item: item[0],
    )
    partners = [t for t in found.get((index, not second), []) if abs(t - time) < cuts.chod_pmt_window_ns]
    if partners:
        time = (time + min(partners, key=lambda t: abs(t - time))) / 2
    planes_times = [slab_time(track, hits, plane, time, cuts) for plane in (0, 1)]
    planes_times = [t for t in planes_times if t is not None]
    return sum(planes_times) / len(planes_times) if planes_times else time


def slab_time(track, hits, plane, time, cuts):
    x, y = impact(track, (239009.0, 239389.0)[plane], cuts)
    near = []
    for hit in hits["na48chod"]:
        if not 64 * plane <= hit["id"] < 64 * (plane + 1) or not abs(hit["time"] - time) < cuts.na48chod_window_ns:
            continue
        quadrant, strip = divmod(hit["id"] - 64 * plane, 16)
        sx, sy = ((1, 1), (1, -1), (-1, -1), (-1, 1))[quadrant]
        along, across = (sx * x, sy * y) if plane == 0 else (sy * y, sx * x)
        low, high, m = strip * cuts.na48chod_slab_mm, (strip + 1) * cuts.na48chod_slab_mm, cuts.na48chod_margin_mm
        if across >= -m and low - m <= along <= high + m:
            near.append(hit["time"])
    return min(near, key=lambda t: abs(t - time)) if near else None


def assign_muv3(tracks, hits, cuts):
    """Numbers of the tracks that get a MUV3 hit: nearest first, each hit once, the PMTs of a tile as one hit."""
    tiles, free, owners = muv3_geometry(), dict(enumerate(hits["muv3"])), set()
    while True:
        choices = []
        for i, track in enumerate(tracks):
            if i in owners or track["time"] is None:
                continue
            x, y = impact(track, 246800.0, cuts)
            for h, hit in free.items():
                tile = hit["id"] % 200
                if hit["id"] >= 400 or tile > 151 or not tiles.exists[tile]:
                    continue
                dx = max(abs(x - tiles.x_mm[tile]) - tiles.half_mm[tile], 0.0)
                dy = max(abs(y - tiles.y_mm[tile]) - tiles.half_mm[tile], 0.0)
                d, dt = math.hypot(dx, dy), abs(hit["time"] - track["time"])
                if dt < cuts.muv3_window_ns and d <= cuts.muv3_n_sigma * cuts.muv3_scattering_mm_gev / track["p"]:
                    choices.append((d, dt, i, h))
        if not choices:
            return owners
        _, _, i, h = min(choices)
        owners.add(i)
        taken = hits["muv3"][h]
        for other, hit in list(free.items()):
            same = hit["id"] % 200 == taken["id"] % 200 and hit["id"] < 400
            if other == h or (same and abs(hit["time"] - taken["time"]) < cuts.muv3_pmt_window_ns):
                del free[other]


def is_good(tracks, i, cuts):
    track = tracks[i]
    fit = (
        track["p"] > cuts.min_momentum_gev and track["chi2"] < cuts.max_chi2 and track["chambers"] >= cuts.min_chambers
    )
    if not (is_sound(track) and fit and track["time"] is not None and abs(track["time"]) < cuts.track_window_ns):
        return False
    return in_acceptance(track, cuts) and is_isolated(track, tracks[:i] + tracks[i + 1 :], cuts)
