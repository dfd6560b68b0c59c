"""The whole analysis of a frame in plain Python, one event at a time, written from the published selection.

Returns plain dictionaries. Shares the configuration, the geometry tables, the trees of the classifier and the names
of what is counted with the program, and nothing else.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter

from daq.config.channels import ChannelsConfig
from daq.geometry.field import residual_field
from daq.geometry.muv3 import muv3_geometry
from daq.units import FINE_NS, PION_MASS_GEV
from tests.reference import channels_slow, regions_slow, vertex_slow
from tests.reference.tracks_slow import assign_muv3, impact, is_good, is_sound, track_time

__all__ = ["analyse", "analyse_event", "event_lists", "impact"]


def event_lists(frame, i):
    """Hits of event i: detector -> list of dictionaries."""
    out = {}
    for name, part in frame.detectors.items():
        rows = range(part.offsets[i], part.offsets[i + 1])
        out[name] = [{key: values[r].item() for key, values in part.fields.items()} for r in rows]
    return out


def pair_kinematics(one, two, cuts):
    """Vertex, and (Z_TAX [m], CDA_TAX [mm], pi pi mass); NaN where there is none."""
    nothing = (math.nan, math.nan, math.nan)
    if not (is_sound(one) and is_sound(two)):
        return vertex_slow.SlowVertex(3), nothing
    states = [(t["x"], t["y"], 180000.0, t["tx"], t["ty"], t["p"], t["charge"]) for t in (one, two)]
    found = vertex_slow.vertex(*states, residual_field() if cuts.residual_field else None)
    if found.status != 0:
        return found, nothing
    z, cda = vertex_slow.tax_point(found, one["p"], two["p"])
    m = vertex_slow.mass(found, one["p"], two["p"], PION_MASS_GEV, PION_MASS_GEV)
    return found, (float(z) / 1000.0, float(cda), float(m))


def with_photons(found, one, two, photons):
    """Z_TAX [m] and CDA_TAX [mm] of the line through the vertex along the momenta of tracks and photons."""
    momenta = [vertex_slow.momentum(*found.slopes[:2], one["p"]), vertex_slow.momentum(*found.slopes[2:], two["p"])]
    px, py, pz = (sum(float(p[i]) for p in momenta) + sum(g[i + 1] for g in photons) for i in range(3))
    x, y, z = (float(v) for v in found.point)
    pt = math.hypot(px, py)
    if not pt > 0 or not math.isfinite(pt):
        return math.nan, math.nan
    dx, dy = x - channels_slow.P0[0], y - channels_slow.P0[1]
    along = (dx * px + dy * py) / pt
    return (z - along * pz / pt) / 1000.0, abs(dx * py - dy * px) / pt


def find_vertex(tracks, kinematics, cuts, more):
    """Tracks of the one vertex of good tracks: in the fiducial volume, or with none there upstream of it; or None."""
    good = [i for i in range(len(tracks)) if is_good(tracks, i, cuts)]
    inside, upstream = [], []
    for pair in itertools.combinations(good, 2):
        found = kinematics[pair][0]
        if found.status != 0 or not found.cda < cuts.vertex_max_cda_mm:
            continue
        z = found.point[2] / 1000
        if cuts.vertex_min_z_m < z < cuts.vertex_max_z_m:
            inside.append(pair)
        elif more.upstream_min_z_m < z < cuts.vertex_min_z_m:
            upstream.append(pair)
    chosen = inside or upstream
    return chosen[0] if len(chosen) == 1 else None


def candidate_of(tracks, pair, kinematics, hits, cuts, more):
    """Channel or None, kinematics of the candidate in its regions, and kinematics with whatever photons there are."""
    one, two = (tracks[i] for i in pair)
    found, own = kinematics[pair]
    photons = channels_slow.photons(
        tracks, [float(v) for v in found.point], (one["time"] + two["time"]) / 2, hits, cuts, more
    )
    seen = channels_slow.active(one, two, hits, cuts, more)
    neutral = channels_slow.neutrals(photons, more)
    upstream = found.point[2] / 1000 <= cuts.vertex_min_z_m
    channel = channels_slow.channel_of(one, two, found.point, upstream, seen, neutral, more)
    together = (*with_photons(found, one, two, photons), own[2])
    return channel, together if channel in channels_slow.WITH_PHOTONS else own, together


def analyse_event(flags, hits, cuts, regions, gate, more):
    """Counts of one event: (public Counter, masked Counter, histogram entries [(name, value)])."""
    tracks = hits["straw"]
    public, masked = Counter(events=1, not_selected=1), Counter()
    if len(tracks) < 2:
        return open_counts(public, tracks, hits)[0], masked, open_counts(Counter(), tracks, hits)[1]
    public["two_track"] += 1
    if len(tracks) > gate.max_tracks:
        return public, masked, []
    for track in tracks:
        track["time"] = track_time(track, hits, cuts) if is_sound(track) else None
    owners = assign_muv3(tracks, hits, cuts)
    for i, track in enumerate(tracks):
        track["pid"] = channels_slow.identify(track, i in owners, hits, cuts, more)
        track["ee"] = channels_slow.is_ee_electron(track, i in owners, hits, cuts, more)
    kinematics = {
        (a, b): pair_kinematics(tracks[a], tracks[b], cuts) for a, b in itertools.combinations(range(len(tracks)), 2)
    }
    hide = any(regions_slow.is_masked(tracks[a], tracks[b], k[1], regions, gate) for (a, b), k in kinematics.items())
    pair = find_vertex(tracks, kinematics, cuts, more)
    if pair is None:
        return public, masked, []
    one, two = (tracks[i] for i in pair)
    channel, place, together = candidate_of(tracks, pair, kinematics, hits, cuts, more)
    if not flags >> cuts.h2_flag_bit & 1:
        channel = None
    region = regions_slow.region_of(channel, place, regions) if channel else ("", "")
    if hide or regions_slow.is_masked(one, two, together, regions, gate):
        if channel in channels_slow.SEALED and region[0]:
            masked[channels_slow.SEALED[channel], region[0]] += 1
        return public, masked, []
    public, entries = open_counts(public, tracks, hits)
    public["vertices"] += 1
    sign = 1 if one["charge"] >= two["charge"] else -1
    entries.append(("z_vtx", float(kinematics[pair][0].point[2]) / 1000))
    entries.append(("delta_t", (one["time"] - two["time"]) * sign))
    entries.append(("ztax_cda", kinematics[pair][1][:2]))
    if channel:
        public.update({"selected": 1, "not_selected": -1})
        public[channel, "INSIDE" if region[0] in ("SR", "CR") else region[1]] += 1
    return public, masked, entries


def open_counts(public, tracks, hits):
    """What an event that is not stripped adds, whatever it is."""
    public["tracks"] += len(tracks)
    entries = [("momentum", t["p"]) for t in tracks]
    entries += [("chod_tiles", chod_tile(hit["id"])) for hit in hits["chod"]]
    entries += [("muv3_tiles", muv3_tile(hit["id"])) for hit in hits["muv3"]]
    return public, entries


def chod_tile(channel):
    """Dense index of a published channel 100 q + t or 100 q + t + 50; far outside for others."""
    quadrant, number = divmod(channel, 100)
    number -= 50 if number > 50 else 0
    return 38 * (quadrant - 1) + number - 1 if 1 <= quadrant <= 4 and 1 <= number <= 38 else math.inf


def muv3_tile(channel):
    tile = channel - 200 if channel >= 200 else channel
    return tile if 0 <= tile < 152 and muv3_geometry().exists[tile] else math.inf


def analyse(frame, cuts, regions, gate, more=None):
    """Sum over a frame: (public Counter, masked Counter, histogram entries)."""
    public, masked, entries = Counter(), Counter(), []
    more = more or ChannelsConfig()
    for i in range(frame.n_events):
        flags, hits = int(frame.header["trigger_flags"][i]), event_lists(frame, i)
        one = analyse_event(flags, hits, cuts, regions, gate, more)
        public.update(one[0])
        masked.update(one[1])
        fine = int(frame.header["timestamp"][i]) * 256 + int(frame.header["fine_time"][i])
        entries += [*one[2], ("time_profile", fine * FINE_NS * 1e-9)]
    return public, masked, entries
