"""Hand-made events for each cut of the selection: one just inside, one just outside, named after the cut."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.geometry.muv3 import muv3_geometry
from streaming.masked import COMPARTMENTS, COUNT_BYTES, SEALED_CHANNELS, SHAPE
from streaming.reco.pipeline import Reconstruction
from streaming.tally import CHANNELS, OPEN_REGIONS
from tests.reference.selection_slow import impact
from tests.strategies import H2, Q1, event_of, make_frame, pair_of_tracks, response

CUTS = RecoConfig(residual_field=False)


def cuts_with(**keys) -> RecoConfig:
    return RecoConfig(residual_field=False, **keys)


def found(event, cuts=CUTS, gate=None):
    """(channel, region) of an event's candidate, ('masked', compartment), or None."""
    result = Reconstruction(cuts, RegionsConfig(), gate or GateConfig()).analyse(make_frame([event]))
    masked = np.frombuffer(result.masked.pack()[:COUNT_BYTES], "<i8").reshape(SHAPE)
    places = [(CHANNELS[i], OPEN_REGIONS[j]) for i, j in np.argwhere(result.tally.candidates)]
    places += [("masked " + SEALED_CHANNELS[i], COMPARTMENTS[j]) for i, j in np.argwhere(masked)]
    assert len(places) <= 1
    return places[0] if places else None


def change(event, detector, **values):
    """Change the hits of the first track in one detector, in place."""
    rows = event[detector]
    for row in rows[: max(1, len(rows) // 2)]:
        row.update(values)
    return event


def moved_track(dx):
    tracks = pair_of_tracks()
    tracks[1]["x"] += dx
    return response(tracks, CUTS)


def with_quality(**values):
    tracks = pair_of_tracks()
    tracks[0].update(values)
    return response(tracks, CUTS)


def with_lav(time):
    return event_of() | {"lav": [{"time": time, "station": 5}]}


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
    "LAV veto": (with_lav(10.01), with_lav(9.99)),
    "LAV veto, before": (with_lav(-10.01), with_lav(-9.99)),
    "LAV hit without a time": (event_of(), with_lav(np.nan)),
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


def test_reference_time_is_the_mean_of_both_tracks():
    event = event_of(times=(4.0, 0.0))
    assert found(event | {"lav": [{"time": 12.01, "station": 1}]})
    assert found(event | {"lav": [{"time": 11.99, "station": 1}]}) is None


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
        ("me", (-1, 1), "emu_os"), ("em", (1, 1), "emu_ss"), ("me", (-1, -1), "emu_ss"), ("ee", (1, -1), None),
        ("pp", (1, -1), None), ("mp", (1, -1), None), ("m?", (1, -1), None),
    ],
)  # fmt: skip
def test_channel(kinds, charge, channel):
    place = found(event_of(kinds, charge=charge))
    assert (place and place[0]) == channel


SIDES = {
    ("OCR1", "OCR2"): [
        {"cda_tax_mm": (254.9, 255.1), "z_tax_m": 23.0}, {"z_tax_m": (60.99, 61.01)}, {"z_tax_m": (-14.99, -15.01)},
    ],
    ("OCR2", "OCR3"): [
        {"cda_tax_mm": (429.9, 430.1), "z_tax_m": 23.0}, {"z_tax_m": (77.99, 78.01)}, {"z_tax_m": (-31.99, -32.01)},
    ],
    ("OCR3", "OUTSIDE"): [
        {"cda_tax_mm": (859.9, 860.1), "z_tax_m": 23.0}, {"z_tax_m": (137.9, 138.1)}, {"z_tax_m": (-91.9, -92.1)},
    ],
}  # fmt: skip
BORDERS = [(pair, i) for pair in SIDES for i in range(3)]


@pytest.mark.parametrize(("pair", "i"), BORDERS)
def test_border_of_side_region(pair, i):
    for side, region in enumerate(pair):
        values = {k: v[side] if isinstance(v, tuple) else v for k, v in SIDES[pair][i].items()}
        far = {"phi": -1.5708, "opening": (-1e-3, 0.0)} if values.get("cda_tax_mm", 0) > 800 else {}
        event = event_of(**({"cda_tax_mm": 100.0} | far | values))
        assert found(event) == ("mumu_os", region)


@pytest.mark.parametrize(
    ("point", "place"),
    [
        ((23.0, 19.9), "SR"), ((23.0, 20.1), "CR"), ((6.05, 5.0), "SR"), ((5.95, 5.0), "CR"), ((39.95, 5.0), "SR"),
        ((40.05, 5.0), "CR"), ((23.0, 149.9), "CR"), ((-3.95, 5.0), "CR"), ((49.95, 5.0), "CR"),
        ((23.0, 150.1), None), ((-4.05, 5.0), None), ((50.05, 5.0), None),
    ],
)  # fmt: skip
def test_masked_region(point, place):
    event = event_of(z_tax_m=point[0], cda_tax_mm=point[1], phi=0.3)
    assert found(event) == (place and ("masked mumu", place))


@pytest.mark.parametrize(
    ("inside", "outside"),
    [((23.0, 179.9), (23.0, 180.1)), ((-11.95, 20.0), (-12.05, 20.0)), ((57.95, 20.0), (58.05, 20.0))],
)
def test_guard_band(inside, outside):
    for point, region in ((inside, None), (outside, "OCR1")):
        event = event_of(z_tax_m=point[0], cda_tax_mm=point[1])
        assert found(event) == (region and ("mumu_os", region))


def test_same_sign_inside_opens_only_by_configuration():
    # same-sign and e mu pairs are no search channel: they are not shown there, and nothing is sealed
    for charge, kinds, channel in (((1, 1), "mm", "mumu_pp"), ((1, -1), "em", "emu_os"), ((-1, -1), "em", "emu_ss")):
        event = event_of(kinds, charge=charge, z_tax_m=23.0, cda_tax_mm=5.0)
        assert found(event) is None
        assert found(event, gate=GateConfig(open_same_sign=True)) == (channel, "INSIDE")
    opposite = event_of(z_tax_m=23.0, cda_tax_mm=5.0)
    assert found(opposite, gate=GateConfig(open_same_sign=True, open_ks_leptons=True)) == ("masked mumu", "SR")


def test_any_masked_pair_masks_the_event():
    tracks = pair_of_tracks()
    third = pair_of_tracks(z_tax_m=23.0, cda_tax_mm=5.0)
    event = response([*tracks, *third], CUTS, "mm??", (0.0,) * 4)
    result = Reconstruction(CUTS, RegionsConfig(), GateConfig()).analyse(make_frame([event]))
    assert result.tally.count("tracks") == 0
    assert found(event) is None


def test_a_track_out_of_acceptance_makes_no_candidate():
    event = event_of(p=(150.0, 40.0), opening=(0.0, 1e-4), cda_tax_mm=20.0, z_tax_m=100.0)
    assert found(event) is None
