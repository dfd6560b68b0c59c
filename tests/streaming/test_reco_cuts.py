"""Hand-made events for each cut that all channels share, and of muons and electrons: just inside, just outside."""

from __future__ import annotations

import numpy as np
import pytest

from daq.geometry.muv3 import muv3_geometry
from tests.reference.selection_slow import impact
from tests.strategies import H2, Q1, event_of, pair_of_tracks, response
from tests.streaming.judge import CUTS, change, cuts_with, found


def moved_track(dx):
    tracks = pair_of_tracks()
    tracks[1]["x"] += dx
    return response(tracks, CUTS)


def with_quality(**values):
    tracks = pair_of_tracks()
    tracks[0].update(values)
    return response(tracks, CUTS)


def at_momentum(p):
    return event_of(p=(p, 40.0), opening=(8e-3, 2e-3))


def at_times(time, chod=None):
    event = event_of(times=(time, 0.0))
    return event if chod is None else change(event, "chod", time=chod)


def electron_at(dx=0.0, dt=0.0, ep=1.0):
    event = event_of("em")
    cluster, p = event["lkr"][0], event["straw"][0]["p"]
    return change(event, "lkr", x=cluster["x"] + dx, time=dt, energy=ep * p)


def muon_with(ep):
    event = event_of()
    return change(event, "lkr", energy=ep * event["straw"][0]["p"])


LKR_OPENING = 100.0 / (241093.0 - 150000.0)
STRAW1_OPENING = 10.0 / (183508.0 - 150000.0)

EVENT_CUTS = {
    "H2 trigger": (event_of() | {"trigger_flags": H2 | Q1}, event_of() | {"trigger_flags": Q1}),
    "momentum": (at_momentum(10.01), at_momentum(9.99)),
    "chi2": (with_quality(chi2=19.9), with_quality(chi2=20.1)),
    "chambers": (with_quality(chambers=4), with_quality(chambers=3)),
    "LKr isolation": tuple(
        event_of(opening=(0.0, f * LKR_OPENING), charge=(-1, -1), p=(30.0, 30.0)) for f in (1.003, 0.997)
    ),
    "STRAW1 isolation": tuple(event_of(opening=(0.0, f * STRAW1_OPENING), p=(30.0, 30.0)) for f in (1.003, 0.997)),
    "CHOD hit": (event_of(), change(event_of(), "chod", id=138)),
    "track time": (at_times(4.99), at_times(5.01)),
    "track time, early": (at_times(-4.99), at_times(-5.01)),
    "NA48-CHOD time rules": (at_times(4.99, chod=6.0), at_times(5.01, chod=4.0)),
    "vertex CDA": (moved_track(9.9), moved_track(10.1)),
    "vertex Z, start": (event_of(z_vtx_m=105.01), event_of(z_vtx_m=104.99)),
    "vertex Z, end": (event_of(z_vtx_m=179.99), event_of(z_vtx_m=180.01)),
    "LKr radius": (electron_at(dx=49.9), electron_at(dx=50.1)),
    "LKr time": (electron_at(dt=5.99), electron_at(dt=6.01)),
    "electron E/p, low": (electron_at(ep=0.951), electron_at(ep=0.949)),
    "electron E/p, high": (electron_at(ep=1.049), electron_at(ep=1.051)),
    "muon E/p": (muon_with(0.199), muon_with(0.201)),
    "muon MUV3": (event_of(), event_of("?m")),
    "MUV3 time": (change(event_of(), "muv3", time=4.99), change(event_of(), "muv3", time=5.01)),
    "muon without a cluster": (event_of() | {"lkr": []}, event_of("??")),
}


@pytest.mark.parametrize("name", EVENT_CUTS)
def test_cut_inside(name):
    place = found(EVENT_CUTS[name][0])
    assert place is not None
    assert not place[0].startswith("masked")


@pytest.mark.parametrize("name", EVENT_CUTS)
def test_cut_outside(name):
    assert found(EVENT_CUTS[name][1]) is None


@pytest.mark.parametrize("kinds", ["mm", "em"])
def test_second_cluster_spoils_the_identification(kinds):
    event = event_of(kinds)
    extra = dict(event["lkr"][0], x=event["lkr"][0]["x"] + 40.0)
    assert found(event)
    assert found(event | {"lkr": [*event["lkr"], extra]}) is None
    assert found(event | {"lkr": [*event["lkr"], dict(extra, time=7.0)]})


def test_muv3_radius_falls_with_momentum():
    """A hit in the neighbouring tile is taken when n sigma 530 mm GeV/p reaches the tile's edge."""
    event, tiles = event_of(), muv3_geometry()
    x, y = impact(event["straw"][0], 246800.0, CUTS)
    neighbour = event["muv3"][0]["id"] + 1
    d = np.hypot(
        max(abs(x - tiles.x_mm[neighbour]) - tiles.half_mm[neighbour], 0.0),
        max(abs(y - tiles.y_mm[neighbour]) - tiles.half_mm[neighbour], 0.0),
    )
    change(event, "muv3", id=neighbour)
    p = event["straw"][0]["p"]
    assert found(event, cuts_with(muv3_n_sigma=(d + 0.1) * p / 530.0))
    assert found(event, cuts_with(muv3_n_sigma=(d - 0.1) * p / 530.0)) is None


def test_muv3_hit_belongs_to_one_track():
    event = event_of()
    event["muv3"] = event["muv3"][:2]
    assert found(event, cuts_with(muv3_n_sigma=400.0)) is None
    assert found(event_of(), cuts_with(muv3_n_sigma=400.0)) is not None


def test_two_pmts_of_a_muv3_tile_are_one_hit():
    event = event_of()
    event["muv3"] = [event["muv3"][0], {"id": event["muv3"][0]["id"], "time": 1.0}]
    wide = {"muv3_n_sigma": 400.0}
    assert found(event, cuts_with(muv3_pmt_window_ns=1.1, **wide)) is None
    assert found(event, cuts_with(muv3_pmt_window_ns=0.9, **wide))


def test_exactly_one_vertex():
    tracks = pair_of_tracks()
    third = dict(tracks[0], tx=tracks[0]["tx"] + 3e-3, x=tracks[0]["x"] + 3e-3 * 30000.0)
    event = response([*tracks, third], CUTS, "mmm", (0.0, 0.0, 0.0))
    assert found(event) is None
    soft = dict(third, p=9.0)
    assert found(response([*tracks, soft], CUTS, "mmm", (0.0, 0.0, 0.0)))


@pytest.mark.parametrize(
    ("kinds", "charge", "channel"),
    [
        ("mm", (1, -1), "mumu_os"), ("mm", (1, 1), "mumu_pp"), ("mm", (-1, -1), "mumu_mm"), ("em", (-1, 1), "emu_os"),
        ("me", (-1, 1), "emu_os"), ("em", (1, 1), "emu_ss"), ("me", (-1, -1), "emu_ss"), ("ee", (1, -1), "ee_os"),
        ("pp", (1, -1), "pipi_os"), ("mp", (1, -1), "mupi_os"), ("m?", (1, -1), None), ("e?", (1, -1), None),
    ],
)  # fmt: skip
def test_channel(kinds, charge, channel):
    place = found(event_of(kinds, charge=charge))
    assert (place and place[0]) == channel


def test_a_track_out_of_acceptance_makes_no_candidate():
    event = event_of(p=(150.0, 40.0), opening=(0.0, 1e-4), cda_tax_mm=20.0, z_tax_m=100.0)
    assert found(event) is None
