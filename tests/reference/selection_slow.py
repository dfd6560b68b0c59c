"""The whole analysis of a frame in plain Python, one event at a time, written from the published selection.

Returns plain dictionaries. Shares the configuration, the geometry tables and the names of what is counted with the
program, and nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter

from daq.geometry.chod import chod_geometry
from daq.geometry.field import no_field, residual_field
from daq.geometry.muv3 import muv3_geometry
from daq.geometry.planes import planes
from daq.units import FINE_NS, KSHORT_MASS_GEV, PION_MASS_GEV
from tests.reference import vertex_slow

KICK, MAGNET = 0.270, 197000.0


def event_lists(frame, i):
    """Hits of event i: detector -> list of dictionaries."""
    out = {}
    for name, part in frame.detectors.items():
        rows = range(part.offsets[i], part.offsets[i + 1])
        out[name] = [{key: values[r].item() for key, values in part.fields.items()} for r in rows]
    return out


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


def identify(track, has_muv3, hits, cuts):
    """'mu', 'e', 'pi' or ''."""
    if track["time"] is None:
        return ""
    near = []
    for cluster in hits["lkr"]:
        d = math.dist(impact(track, 241093.0, cuts), (cluster["x"], cluster["y"]))
        if d <= cuts.lkr_radius_mm and abs(cluster["time"] - track["time"]) < cuts.lkr_window_ns:
            near.append((d, cluster["energy"]))
    ep = min(near)[1] / track["p"] if near else 0.0
    if has_muv3:
        return "mu" if len(near) <= 1 and ep < cuts.muon_max_ep else ""
    if len(near) != 1:
        return ""
    if cuts.electron_min_ep < ep < cuts.electron_max_ep:
        return "e"
    return "pi" if cuts.pion_min_ep < ep < cuts.pion_max_ep else ""


def pair_kinematics(one, two, cuts):
    """Vertex, Z_TAX [m], CDA_TAX [mm], pi pi mass; NaN where there is none."""
    if not (is_sound(one) and is_sound(two)):
        return vertex_slow.SlowVertex(3), math.nan, math.nan, math.nan
    states = [(t["x"], t["y"], 180000.0, t["tx"], t["ty"], t["p"], t["charge"]) for t in (one, two)]
    found = vertex_slow.vertex(*states, residual_field() if cuts.residual_field else None)
    if found.status != 0:
        return found, math.nan, math.nan, math.nan
    z, cda = vertex_slow.tax_point(found, one["p"], two["p"])
    m = vertex_slow.mass(found, one["p"], two["p"], PION_MASS_GEV, PION_MASS_GEV)
    return found, float(z) / 1000.0, float(cda), float(m)


def is_masked(one, two, kinematics, regions, gate):
    _, z, cda, m = kinematics
    if not all(map(math.isfinite, (z, cda, m))):
        return True
    kinds, charges = sorted((one["pid"], two["pid"])), (one["charge"], two["charge"])
    if abs(m - KSHORT_MASS_GEV) <= gate.ks_half_width_gev:
        if not (gate.open_ks_leptons and set(kinds) <= {"mu", "e"}):
            return True
    boxes = [regions.mumu_cr, regions.ee_cr, regions.hadron_cr, regions.mumu_sr]
    low, high = min(b.z_min_m for b in boxes) - gate.guard_z_m, max(b.z_max_m for b in boxes) + gate.guard_z_m
    inside = low <= z <= high and cda <= max(b.cda_max_mm for b in boxes) + gate.guard_cda_mm
    may_open = kinds == ["e", "mu"] or (kinds == ["mu", "mu"] and charges[0] == charges[1])
    return inside and not (gate.open_same_sign and may_open)


SEALED = {"mumu_os": "mumu"}


def channel_of(one, two):
    kinds, total = sorted((one["pid"], two["pid"])), one["charge"] + two["charge"]
    if kinds == ["mu", "mu"]:
        return {0: "mumu_os", 2: "mumu_pp", -2: "mumu_mm"}[total]
    if kinds == ["e", "mu"]:
        return "emu_os" if total == 0 else "emu_ss"
    return None


def region_of(z, cda, m, regions):
    """SR, CR, KS or ''; and the side region."""
    inner = ""
    if regions.mumu_sr.z_min_m < z < regions.mumu_sr.z_max_m and cda < regions.mumu_sr.cda_max_mm:
        inner = "SR"
    elif regions.mumu_cr.z_min_m < z < regions.mumu_cr.z_max_m and cda < regions.mumu_cr.cda_max_mm:
        inner = "CR"
    elif abs(m - KSHORT_MASS_GEV) < regions.ks_half_width_gev:
        inner = "KS"
    for name in ("ocr1", "ocr2", "ocr3"):
        box = getattr(regions, name)
        if box.z_min_m < z < box.z_max_m and cda < box.cda_max_mm:
            return inner, name.upper()
    return inner, "OUTSIDE"


def analyse_event(flags, hits, cuts, regions, gate):
    """Counts of one event: (public Counter, masked Counter, histogram entries [(name, value)])."""
    tracks = hits["straw"]
    public, masked, entries = Counter(events=1, not_selected=1), Counter(), []
    public["two_track"] += len(tracks) > 1
    if len(tracks) > gate.max_tracks:
        return public, masked, entries
    for track in tracks if len(tracks) > 1 else []:
        track["time"] = track_time(track, hits, cuts) if is_sound(track) else None
    if len(tracks) > 1:
        owners = assign_muv3(tracks, hits, cuts)
        for i, track in enumerate(tracks):
            track["pid"] = identify(track, i in owners, hits, cuts)
    kinematics = {
        (a, b): pair_kinematics(tracks[a], tracks[b], cuts) for a, b in itertools.combinations(range(len(tracks)), 2)
    }
    hide = any(is_masked(tracks[a], tracks[b], k, regions, gate) for (a, b), k in kinematics.items())
    good = [i for i in range(len(tracks)) if len(tracks) > 1 and is_good(tracks, i, cuts)]
    vertices = []
    for pair in itertools.combinations(good, 2):
        found = kinematics[pair][0]
        low, high = cuts.vertex_min_z_m, cuts.vertex_max_z_m
        if found.status == 0 and found.cda < cuts.vertex_max_cda_mm and low < found.point[2] / 1000 < high:
            vertices.append(pair)
    channel, candidate = None, ()
    if len(vertices) == 1:
        one, two = (tracks[i] for i in vertices[0])
        channel, candidate = channel_of(one, two), region_of(*kinematics[vertices[0]][1:], regions)
        reference = (one["time"] + two["time"]) / 2
        quiet = all(abs(hit["time"] - reference) >= cuts.lav_window_ns for hit in hits["lav"])
        if not (flags >> cuts.h2_flag_bit & 1 and quiet):
            channel = None
    if hide or (len(tracks) > 1 and len(vertices) != 1):
        if channel in SEALED and candidate[0]:
            masked[SEALED[channel], candidate[0]] += 1
        return public, masked, entries
    public["tracks"] += len(tracks)
    entries += [("momentum", t["p"]) for t in tracks]
    entries += [("chod_tiles", chod_tile(hit["id"])) for hit in hits["chod"]]
    entries += [("muv3_tiles", muv3_tile(hit["id"])) for hit in hits["muv3"]]
    if len(vertices) == 1:
        public["vertices"] += 1
        found, z, cda, _ = kinematics[vertices[0]]
        plus_first = one["charge"] >= two["charge"]
        entries.append(("z_vtx", float(found.point[2]) / 1000))
        entries.append(("delta_t", (one["time"] - two["time"]) * (1 if plus_first else -1)))
        entries.append(("ztax_cda", (z, cda)))
        if channel:
            public.update({"selected": 1, "not_selected": -1})
            public[channel, "INSIDE" if candidate[0] in ("SR", "CR") else candidate[1]] += 1
    return public, masked, entries


def chod_tile(channel):
    """Dense index of a published channel 100 q + t or 100 q + t + 50; far outside for others."""
    quadrant, number = divmod(channel, 100)
    number -= 50 if number > 50 else 0
    return 38 * (quadrant - 1) + number - 1 if 1 <= quadrant <= 4 and 1 <= number <= 38 else math.inf


def muv3_tile(channel):
    tile = channel - 200 if channel >= 200 else channel
    return tile if 0 <= tile < 152 and muv3_geometry().exists[tile] else math.inf


def is_good(tracks, i, cuts):
    track = tracks[i]
    fit = (
        track["p"] > cuts.min_momentum_gev and track["chi2"] < cuts.max_chi2 and track["chambers"] >= cuts.min_chambers
    )
    if not (is_sound(track) and fit and track["time"] is not None and abs(track["time"]) < cuts.track_window_ns):
        return False
    return in_acceptance(track, cuts) and is_isolated(track, tracks[:i] + tracks[i + 1 :], cuts)


def analyse(frame, cuts, regions, gate):
    """Sum over a frame: (public Counter, masked Counter, histogram entries)."""
    public, masked, entries = Counter(), Counter(), []
    for i in range(frame.n_events):
        one = analyse_event(int(frame.header["trigger_flags"][i]), event_lists(frame, i), cuts, regions, gate)
        public.update(one[0])
        masked.update(one[1])
        fine = int(frame.header["timestamp"][i]) * 256 + int(frame.header["fine_time"][i])
        entries += [*one[2], ("time_profile", fine * FINE_NS * 1e-9)]
    return public, masked, entries
