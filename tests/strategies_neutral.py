"""Photons, hadron showers and hits of the vetoes for the hand-made events of `tests.strategies`."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from daq.config.reco import RecoConfig
from daq.geometry.planes import planes
from tests.reference.tracks_slow import impact

LKR_Z, PI0_GEV, ETA_GEV = 241093.0, 0.1349768, 0.547862

MILLI = st.integers(-1000, 1000).map(lambda n: (n + 0.5) / 1000.0)
"""Numbers in -1..1 that keep off zero, and sums with them off the edges of bins and regions."""


def vertex_of(z_vtx_m=150.0, z_tax_m=100.0, cda_tax_mm=300.0, phi=0.0, tilt=1e-3, **_) -> tuple[float, float, float]:
    """Vertex of `strategies.pair_of_tracks` with the same arguments [mm]."""
    ux, uy, length = -math.sin(phi) * tilt, math.cos(phi) * tilt, (z_vtx_m - z_tax_m) * 1000.0
    return (
        cda_tax_mm * math.cos(phi) + ux * length,
        -22.0 + cda_tax_mm * math.sin(phi) + uy * length,
        z_vtx_m * 1000.0,
    )


def photon(x: float, y: float, energy=5.0, time=0.0) -> dict:
    """Neutral cluster."""
    return {"time": time, "x": x, "y": y, "energy": energy}


def two_photon_mass(vertex, one: dict, two: dict) -> float:
    """Mass of two clusters that come from a vertex, by the law of cosines."""
    flights = [(c["x"] - vertex[0], c["y"] - vertex[1], LKR_Z - vertex[2]) for c in (one, two)]
    lengths = [math.hypot(*flight) for flight in flights]
    cosine = sum(a * b for a, b in zip(*flights, strict=True)) / (lengths[0] * lengths[1])
    return math.sqrt(2 * one["energy"] * two["energy"] * (1 - cosine))


def photon_pair(vertex, mass: float, centre=(0.0, -700.0), energy=(6.0, 4.0), time=0.0) -> list[dict]:
    """Two clusters left and right of `centre` at the LKr whose mass from the vertex is `mass` [GeV]."""

    def pair(gap):
        x, y = centre
        return [photon(x - gap / 2, y, energy[0], time), photon(x + gap / 2, y, energy[1], time)]

    low, high = 0.0, 20000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if two_photon_mass(vertex, *pair(middle)) < mass else (low, middle)
    return pair((low + high) / 2)


def tax_target(vertex, z_tax_m: float, cda_tax_mm: float, side=1) -> tuple[float, float, float]:
    """Point that is the nearest of the line from it to the vertex to the beam line; two sides can be chosen."""
    x, y = vertex[0], vertex[1] + 22.0
    angle = math.atan2(y, x) + side * math.acos(cda_tax_mm / math.hypot(x, y))
    return cda_tax_mm * math.cos(angle), -22.0 + cda_tax_mm * math.sin(angle), z_tax_m * 1000.0


def aimed_photon(vertex, tracks: list[dict], energy: float, target: tuple[float, float, float], time=0.0) -> dict:
    """Cluster of a photon that makes the sum of tracks (no field) and photon point back to `target` [mm]."""
    total = [0.0, 0.0, 0.0]
    for t in tracks:
        scale = t["p"] / math.sqrt(1 + t["tx"] ** 2 + t["ty"] ** 2)
        total = [a + scale * b for a, b in zip(total, (t["tx"], t["ty"], 1.0), strict=True)]
    wanted = [(vertex[i] - target[i]) / (vertex[2] - target[2]) for i in (0, 1)]
    slope = [0.0, 0.0]
    for _ in range(50):
        kz = energy / math.sqrt(1 + slope[0] ** 2 + slope[1] ** 2)
        slope = [(wanted[i] * (total[2] + kz) - total[i]) / kz for i in (0, 1)]
    lever = LKR_Z - vertex[2]
    return photon(vertex[0] + slope[0] * lever, vertex[1] + slope[1] * lever, energy, time)


def hadron_shower(track: dict, cuts, shares=(0.5, 0.3, 0.2), time=0.0) -> dict[str, list[dict]]:
    """LKr, MUV1 and MUV2 clusters of a hadron with these shares of its momentum; a share of None: no cluster."""
    found: dict[str, list[dict]] = {"lkr": [], "muv12": []}
    for number, share in enumerate(shares):
        if share is None:
            continue
        plane = "LKr_front" if number == 0 else f"MUV{number}"
        x, y = impact(track, planes()[plane].z_mm, cuts)
        row = {"time": time, "x": x, "y": y, "energy": share * track["p"], "detector": number}
        found["lkr" if number == 0 else "muv12"].append(row)
    return found


def anti0_hit(track: dict, cuts, dx=0.0, time=0.0) -> dict:
    """ANTI0 hit so far from where a track crossed it."""
    x, y = impact(track, planes()["ANTI0"].z_mm, cuts)
    return {"time": time, "x": x + dx, "y": y}


def surround(draw, event: dict, pair: dict) -> None:
    """Add photons, a kaon tag and hits of ANTI0 and SAV to an event with the pair made of `pair`, in place."""
    vertex = vertex_of(**pair)
    event["lkr"] += draw(photons(vertex, event["straw"]))
    for track in event["straw"]:
        track["kaon"] = draw(st.sampled_from([0, 0, 1]))
    if draw(st.integers(0, 5)) == 0:
        track, cuts = draw(st.sampled_from(event["straw"])), RecoConfig(residual_field=False)
        event["anti0"] = [anti0_hit(track, cuts, dx=draw(MILLI) * 400.0, time=draw(MILLI) * 10.0)]
    if draw(st.integers(0, 5)) == 0:
        event["sav"] = [{"time": draw(MILLI) * 20.0, "detector": draw(st.integers(0, 1))}]


@st.composite
def photons(draw, vertex, tracks) -> list[dict]:
    """Clusters of none to five photons, as the final states have them, or aimed so that the sum is in the mask."""
    kind = draw(st.sampled_from(["none", "none", "one", "pi0", "pi0", "eta", "two pi0", "many", "aimed"]))
    time, spread = draw(MILLI) * 5.5, draw(st.sampled_from([0.9, 1.0, 1.0, 1.0, 1.13]))
    low, high = photon(70.0, -800.0, 4.0, time), photon(-400.0, 650.0, draw(st.sampled_from([0.95, 3.0])), time)
    pi0 = photon_pair(vertex, PI0_GEV * spread, (draw(MILLI) * 300.0, -700.0), (6.0, 4.0), time)
    second = photon_pair(vertex, PI0_GEV, (draw(MILLI) * 300.0, 750.0), (3.0, 5.0), time)
    if kind == "aimed":
        target = (30.0 * draw(MILLI), -22.0 + 30.0 * draw(MILLI), 23000.0 + 70000.0 * draw(MILLI))
        return [aimed_photon(vertex, tracks, 30.0, target)]
    choices = {
        "none": [], "one": [low], "pi0": pi0, "eta": photon_pair(vertex, ETA_GEV * spread, (50.0, -700.0)),
        "two pi0": pi0 + second, "many": [low, high, *pi0, *second],
    }  # fmt: skip
    return draw(st.permutations(choices[kind]))
