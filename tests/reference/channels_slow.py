"""What an event with one vertex is, in plain Python: particles, photons, vetoes, final state.

Written from the published selections and from the descriptions of the configuration keys.
"""

from __future__ import annotations

import itertools
import json
import math
from functools import cache
from importlib.resources import files

from daq.geometry.planes import planes
from tests.reference.tracks_slow import impact, is_sound

PI0_GEV, ETA_GEV = 0.1349768, 0.547862
P0 = (0.0, -22.0, 23070.0)

SEALED = {
    "mumu_os": "mumu", "ee_os": "ee", "pipi_os": "pipi", "pipi_gamma": "pipi_gamma", "pipi_pi0": "pipi_pi0",
    "pipi_2pi0": "pipi_2pi0", "pipi_eta": "pipi_eta", "kk": "kk", "kk_pi0": "kk_pi0",
}  # fmt: skip
"""The nine searches: channel that is counted -> name under which it is sealed."""

WITH_PHOTONS = ("pipi_gamma", "pipi_pi0", "pipi_2pi0", "pipi_eta", "kk_pi0")


@cache
def trees():
    """Trees of the classifier: lists of (feature, threshold, left, right, value), and the log odds before them."""
    content = json.loads(files("streaming.reco").joinpath("data/hadron_id-1.json").read_text(encoding="utf-8"))
    nodes = list(zip(*(content[k] for k in ("feature", "threshold", "left", "right", "value")), strict=True))
    return [nodes[a:b] for a, b in itertools.pairwise(content["first"])], content["start"]


def hadron_probability(features):
    """Probability by the trees, one node at a time; None for features that are not all numbers."""
    if not all(map(math.isfinite, features)):
        return None
    forest, log_odds = trees()
    for tree in forest:
        node = tree[0]
        while node[0] >= 0:
            node = tree[node[2] if features[node[0]] <= node[1] else node[3]]
        log_odds += node[4]
    return 1.0 / (1.0 + math.exp(-log_odds))


def clusters_near(track, hits, radius, window, z=241093.0, *, cuts):
    """Clusters within a radius of the impact point of a track and within a window of its time."""
    x, y = impact(track, z, cuts)
    return [c for c in hits if math.hypot(c["x"] - x, c["y"] - y) <= radius and abs(c["time"] - track["time"]) < window]


def identify(track, has_muv3, hits, cuts, more):
    """'mu', 'e', 'had' or ''."""
    if track["time"] is None:
        return ""
    near = clusters_near(track, hits["lkr"], cuts.lkr_radius_mm, cuts.lkr_window_ns, cuts=cuts)
    if len(near) > 1:
        return ""
    ep = near[0]["energy"] / track["p"] if near else 0.0
    if not math.isfinite(ep):
        return ""
    if has_muv3:
        return "mu" if ep < cuts.muon_max_ep else ""
    if near and cuts.electron_min_ep < ep < cuts.electron_max_ep:
        return "e"
    behind = []
    for number in (1, 2):
        block = [c for c in hits["muv12"] if c["detector"] == number]
        where = (more.hadron_radius_mm, more.hadron_window_ns, planes()[f"MUV{number}"].z_mm)
        behind.append(sum(c["energy"] for c in clusters_near(track, block, *where, cuts=cuts)) / track["p"])
    probability = hadron_probability((ep, *behind, track["p"]))
    return "had" if probability is not None and probability > more.hadron_min_probability else ""


def is_ee_electron(track, has_muv3, hits, cuts, more):
    """Electron of the e e channel: one direct cluster, no MUV3, E/p in a window whose lower edge falls with p."""
    if track["time"] is None or has_muv3:
        return False
    p = track["p"]
    radius = more.ee_direct_mm + more.ee_direct_mm_gev / p
    direct = clusters_near(track, hits["lkr"], radius, cuts.lkr_window_ns, cuts=cuts)
    low = 1 - 0.0013 * max(p - 100, 50) if more.ee_formula == "printed" else 0.95 - 0.0013 * max(p - 100, 0)
    return len(direct) == 1 and low < direct[0]["energy"] / p < more.ee_max_ep


def photons(tracks, vertex, reference, hits, cuts, more):
    """Photons as four-momenta (E, px, py, pz): neutral clusters in time, taken to come from the vertex."""
    found = []
    for c in hits["lkr"]:
        if not (c["energy"] > more.photon_min_energy_gev and abs(c["time"] - reference) < more.photon_window_ns):
            continue
        if not all(
            is_sound(t) and math.dist(impact(t, 241093.0, cuts), (c["x"], c["y"])) > more.photon_track_mm
            for t in tracks
        ):
            continue
        flight = [c["x"] - vertex[0], c["y"] - vertex[1], 241093.0 - vertex[2]]
        length = math.hypot(*flight)
        found.append((c["energy"], *(c["energy"] * u / length for u in flight)))
    return found


def two_photon_mass(one, two):
    """Mass from energies and opening angle; the sine of half of it keeps its digits for small angles."""
    directions = [[component / g[0] for component in g[1:]] for g in (one, two)]
    return math.sqrt(one[0] * two[0]) * math.dist(*directions)


def neutrals(found, more):
    """'', 'gamma', 'pi0', 'eta', '2pi0', or 'other'."""

    def is_pi0(pair):
        return abs(two_photon_mass(*pair) - PI0_GEV) < more.pi0_half_width_gev

    if len(found) < 2:
        return ("", "gamma")[len(found)]
    if len(found) == 2:
        if is_pi0(found):
            return "pi0"
        return "eta" if abs(two_photon_mass(*found) - ETA_GEV) < more.eta_half_width_gev else "other"
    if len(found) == 4:
        for order in itertools.permutations(found):
            if is_pi0(order[:2]) and is_pi0(order[2:]):
                return "2pi0"
    return "other"


def in_cones(point, more):
    """Vertex in the cones with tips at the TAX, to the backs of LAV5 and LAV8."""
    x, y, z = (float(v) for v in point)
    bases = [
        (more.ee_cone1_z_m * 1000, more.ee_cone1_r_mm),
        (more.ee_cone2_z_m * 1000, more.ee_cone2_r_mm),
    ]
    inside = [
        z < base and math.hypot(x - P0[0], y - P0[1]) < radius * (z - P0[2]) / (base - P0[2]) for base, radius in bases
    ]
    if more.ee_cone_rule == "union":
        return any(inside)
    return inside[0] if z < bases[0][0] else inside[1]


def active(one, two, hits, cuts, more):
    """Which vetoes see something, and HOLE for a track through the hole of ANTI0.

    A hit without a time or place counts as one that is seen, a track without an impact point as one through the hole.
    """
    reference, seen = (one["time"] + two["time"]) / 2, set()
    if any(not abs(h["time"] - reference) >= cuts.lav_window_ns for h in hits["lav"]):
        seen.add("LAV")
    if any(not abs(h["time"] - reference) >= more.sav_window_ns for h in hits["sav"]):
        seen.add("SAV")
    for track in (one, two):
        x, y = impact(track, planes()["ANTI0"].z_mm, cuts)
        if not math.hypot(x, y) > more.anti0_hole_mm:
            seen.add("HOLE")
        for h in hits["anti0"]:
            away = math.hypot(h["x"] - x, h["y"] - y) >= more.anti0_radius_mm
            if not (away or abs(h["time"] - track["time"]) >= more.anti0_window_ns):
                seen.add("ANTI0")
    return seen


def channel_of(one, two, point, upstream, seen, neutral, more):
    """Name of the final state or side sample, None for neither; the trigger is not looked at."""
    kinds, total = sorted((one["pid"], two["pid"])), one["charge"] + two["charge"]
    hadrons = kinds == ["had", "had"]
    if upstream:
        return "upstream" if hadrons and total == 0 else None
    if kinds == ["mu", "mu"]:
        if "LAV" in seen:
            return "lav_inverted" if total == 0 else None
        return {0: "mumu_os", 2: "mumu_pp", -2: "mumu_mm"}[total]
    if "LAV" in seen and not (hadrons and seen & {"ANTI0", "HOLE"}):
        return None
    if kinds == ["e", "mu"]:
        return "emu_os" if total == 0 else "emu_ss"
    if one["ee"] and two["ee"] and not seen & {"LAV", "ANTI0"} and in_cones(point, more):
        return "ee_os" if total == 0 else "ee_ss"
    if kinds == ["had", "mu"]:
        return "mupi_os" if total == 0 else "mupi_ss"
    return hadrons_of(one, two, total, seen, neutral) if hadrons else None


def hadrons_of(one, two, total, seen, neutral):
    """Two hadrons in the fiducial volume."""
    if seen:
        return "anti0_inverted" if seen & {"ANTI0", "HOLE"} and total == 0 else None
    if total != 0:
        return "pipi_ss" if neutral == "" else None
    positive = one if one["charge"] > 0 else two
    if positive["kaon"] == 1:
        return {"": "kk", "pi0": "kk_pi0"}.get(neutral)
    names = {"": "pipi_os", "gamma": "pipi_gamma", "pi0": "pipi_pi0", "2pi0": "pipi_2pi0", "eta": "pipi_eta"}
    return names.get(neutral)
