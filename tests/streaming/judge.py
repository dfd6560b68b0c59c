"""What the reconstruction makes of one hand-made event, and how such events are made."""

from __future__ import annotations

import numpy as np

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS
from streaming.reco.pipeline import Reconstruction
from streaming.tally import CHANNELS, OPEN_REGIONS
from tests.strategies import event_of, make_frame
from tests.strategies_neutral import ETA_GEV, LKR_Z, PI0_GEV, anti0_hit, photon, photon_pair, vertex_of

CUTS = RecoConfig(residual_field=False)


def cuts_with(**keys) -> RecoConfig:
    return RecoConfig(residual_field=False, **keys)


def found(event, cuts=CUTS, gate=None, channels=None):
    """(channel, region) of an event's candidate, ('masked NAME', compartment), or None."""
    result = Reconstruction(cuts, RegionsConfig(), gate or GateConfig(), channels).analyse(make_frame([event]))
    masked = result.masked.hand_over(lambda counts, _: counts)
    places = [(CHANNELS[i], OPEN_REGIONS[j]) for i, j in np.argwhere(result.tally.candidates)]
    places += [("masked " + SEALED_CHANNELS[i], COMPARTMENTS[j]) for i, j in np.argwhere(masked)]
    assert len(places) <= 1
    return places[0] if places else None


def channel(event, **rest):
    """Channel of an event's candidate, or None."""
    place = found(event, **rest)
    return place and place[0]


def change(event, detector, **values):
    """Change the hits of the first track in one detector, in place."""
    rows = event[detector]
    for row in rows[: max(1, len(rows) // 2)]:
        row.update(values)
    return event


def hadrons(*more: dict, kaon=0, **pair) -> dict:
    """Two hadrons of opposite charge, the positive one with a kaon tag or not, and more LKr clusters."""
    event = event_of("pp", **pair)
    event["straw"][0]["kaon"] = kaon
    event["lkr"] += more
    return event


def along(**pair) -> tuple[float, float]:
    """Where the line of the pair crosses the LKr: photons around it leave the line where it is."""
    x, y, z = vertex_of(**pair)
    return x, y + pair.get("tilt", 1e-3) * (LKR_Z - z)


def pi0_photons(mass=PI0_GEV, energy=25.0, axis="x", **pair) -> list[dict]:
    """Two equal photons around the line of the pair."""
    centre = along(**pair)
    one, two = photon_pair(vertex_of(**pair), mass, centre, (energy, energy))
    if axis == "y":
        half = (two["x"] - one["x"]) / 2
        one, two = (photon(centre[0], centre[1] + side * half, energy) for side in (-1, 1))
    return [one, two]


def photons_of(name: str, **pair) -> list[dict]:
    """Photons of a final state."""
    if name.endswith("2pi0"):
        return pi0_photons(**pair) + pi0_photons(axis="y", **pair)
    if name.endswith("pi0"):
        return pi0_photons(**pair)
    if name == "pipi_eta":
        return pi0_photons(mass=ETA_GEV, energy=80.0, **pair)
    return [photon(*along(**pair), 20.0)] if name == "pipi_gamma" else []


SEALED_PLACES = {
    "mumu": "mumu_os", "ee": "ee_os", "pipi": "pipi_os", "pipi_gamma": "pipi_gamma", "pipi_pi0": "pipi_pi0",
    "pipi_2pi0": "pipi_2pi0", "pipi_eta": "pipi_eta", "kk": "kk", "kk_pi0": "kk_pi0",
}  # fmt: skip
"""The nine final states, and the channels that count them."""


def final_state(name: str, **pair) -> dict:
    """Perfect event of one of the nine final states; what its photons add points where its pair does."""
    if name in ("mumu", "ee"):
        return event_of(name[0] * 2, **pair)
    # flat enough that a pair from the TAX crosses ANTI0 on both sides of its hole
    pair = {"tilt": 5e-4} | pair
    return hadrons(*photons_of(name, **pair), kaon=int(name.startswith("kk")), **pair)


def with_hits(event: dict, lav=None, sav=None, anti0=None, anti0_dx=0.0) -> dict:
    """The event with hits of vetoes at these times [ns]; the ANTI0 hit so far [mm] from the first track."""
    more: dict = {}
    if lav is not None:
        more["lav"] = [{"time": lav, "station": 5}]
    if sav is not None:
        more["sav"] = [{"time": sav, "detector": 1}]
    if anti0 is not None:
        more["anti0"] = [anti0_hit(event["straw"][0], CUTS, anti0_dx, anti0)]
    return event | more
