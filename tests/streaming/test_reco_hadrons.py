"""Hadrons and kaons: for each cut one event just inside and one just outside; the upstream sample."""

from __future__ import annotations

import pytest

from daq.config.channels import ChannelsConfig
from tests.reference.channels_slow import hadron_probability
from tests.reference.tracks_slow import impact
from tests.strategies import event_of, muv3_hits, pair_of_tracks, response
from tests.strategies_neutral import hadron_shower, photon
from tests.streaming.judge import CUTS, along, channel, final_state, hadrons, photons_of


def with_shower(*shares, dx=0.0, dt=0.0, detector="muv12"):
    """Two hadrons; the first has these shares of its momentum, its clusters in one detector moved."""
    event = hadrons()
    track = event["straw"][0]
    own = hadron_shower(track, CUTS, shares)
    for row in own[detector]:
        row["x"] += dx
        row["time"] += dt
    other = hadron_shower(event["straw"][1], CUTS)
    return event | {name: own[name] + other[name] for name in own}


def with_muv3(time):
    event = hadrons()
    x, y = impact(event["straw"][0], 246800.0, CUTS)
    return event | {"muv3": muv3_hits(x, y, time)}


MUV1_ONLY = (0.3, 0.6, None)
MUV2_ONLY = (0.3, None, 0.6)

HADRON_CUTS = {
    "no MUV3 hit": (with_muv3(5.01), with_muv3(4.99)),
    "no MUV3 hit, before": (with_muv3(-5.01), with_muv3(-4.99)),
    "MUV1 radius": (with_shower(*MUV1_ONLY, dx=199.0), with_shower(*MUV1_ONLY, dx=201.0)),
    "MUV1 window": (with_shower(*MUV1_ONLY, dt=14.9), with_shower(*MUV1_ONLY, dt=15.1)),
    "MUV2 radius": (with_shower(*MUV2_ONLY, dx=-199.0), with_shower(*MUV2_ONLY, dx=-201.0)),
    "MUV2 window": (with_shower(*MUV2_ONLY, dt=-14.9), with_shower(*MUV2_ONLY, dt=-15.1)),
    "not the E/p of an electron": (with_shower(0.949, 0.1, 0.1), with_shower(0.951, 0.1, 0.1)),
}


@pytest.mark.parametrize("name", HADRON_CUTS)
def test_hadron(name):
    inside, outside = HADRON_CUTS[name]
    assert channel(inside) == "pipi_os"
    assert channel(outside) is None


def test_hadron_probability():
    event = hadrons()
    values = [hadron_probability((0.5, 0.3, 0.2, track["p"])) for track in event["straw"]]
    assert channel(event, channels=ChannelsConfig(hadron_min_probability=min(values) - 1e-4)) == "pipi_os"
    assert channel(event, channels=ChannelsConfig(hadron_min_probability=min(values) + 1e-5)) is None


def test_hadron_without_any_cluster_is_none():
    assert channel(with_shower(None, None, None)) is None


def test_hadron_with_two_clusters_is_none():
    event = hadrons()
    extra = dict(event["lkr"][0])
    for dx, wanted in ((49.0, None), (51.0, "pipi_os")):
        extra |= {"x": event["lkr"][0]["x"] + dx, "energy": 0.5}
        assert channel(event | {"lkr": [*event["lkr"], dict(extra)]}) == wanted


KAON_TAGS = {
    "neither is a kaon": ((0, 0), (1, -1), "pipi_os"),
    "positive is a kaon": ((1, 0), (1, -1), "kk"),
    "negative is a kaon": ((0, 1), (1, -1), "pipi_os"),
    "positive second is a kaon": ((0, 1), (-1, 1), "kk"),
    "both are kaons": ((1, 1), (1, -1), "kk"),
    "the tag is one, not more": ((2, 0), (1, -1), "pipi_os"),
    "same sign has no kaon channel": ((1, 1), (1, 1), "pipi_ss"),
    "same sign, negative": ((0, 0), (-1, -1), "pipi_ss"),
}


@pytest.mark.parametrize("name", KAON_TAGS)
def test_kaon_tag(name):
    tags, charge, wanted = KAON_TAGS[name]
    event = hadrons(charge=charge)
    for track, tag in zip(event["straw"], tags, strict=True):
        track["kaon"] = tag
    assert channel(event) == wanted


@pytest.mark.parametrize(
    ("photons", "wanted"),
    [("pipi", "kk"), ("pipi_gamma", None), ("pipi_pi0", "kk_pi0"), ("pipi_2pi0", None), ("pipi_eta", None)],
)
def test_kaons_with_photons(photons, wanted):
    assert channel(hadrons(*photons_of(photons), kaon=1)) == wanted


def test_same_sign_hadrons_with_a_photon_are_none():
    assert channel(hadrons(photon(*along()), charge=(1, 1))) is None


@pytest.mark.parametrize(
    ("kinds", "charge", "wanted"),
    [
        ("mp", (1, -1), "mupi_os"), ("pm", (1, -1), "mupi_os"), ("mp", (1, 1), "mupi_ss"), ("pm", (-1, -1), "mupi_ss"),
        ("ep", (1, -1), None), ("p?", (1, -1), None),
    ],
)  # fmt: skip
def test_pairs_with_one_hadron(kinds, charge, wanted):
    assert channel(event_of(kinds, charge=charge)) == wanted


UPSTREAM = [(102.39, None), (102.41, "upstream"), (104.99, "upstream"), (105.01, "pipi_os"), (179.99, "pipi_os")]


@pytest.mark.parametrize(("z", "wanted"), UPSTREAM)
def test_upstream_edges(z, wanted):
    assert channel(hadrons(z_vtx_m=z)) == wanted


@pytest.mark.parametrize("name", ["mumu", "ee"])
def test_upstream_sample_is_of_hadrons(name):
    assert channel(final_state(name, z_vtx_m=104.0)) is None


def test_upstream_sample_is_of_opposite_charges_and_takes_whatever_is_around():
    assert channel(hadrons(z_vtx_m=104.0, charge=(1, 1))) is None
    event = hadrons(photon(*along(z_vtx_m=104.0)), z_vtx_m=104.0, kaon=1)
    assert channel(event | {"lav": [{"time": 0.0, "station": 1}], "sav": [{"time": 0.0}]}) == "upstream"


def test_two_vertices_upstream_are_none_and_one_in_the_volume_comes_first():
    """A second good pair upstream does not spoil a vertex in the fiducial volume; a second one there does."""
    inside = pair_of_tracks(z_tax_m=100.0, cda_tax_mm=350.0, opening=(0.0, 4e-3))
    for z, wanted in ((104.0, "mumu_os"), (106.0, None)):
        more = pair_of_tracks(z_vtx_m=z, z_tax_m=-90.0, cda_tax_mm=350.0, phi=3.1416, opening=(0.0, 4e-3))
        event = response([*inside, *more], CUTS, "mmmm", (0.0,) * 4)
        assert channel(event) == wanted


def test_an_upstream_vertex_does_not_count_beside_two_in_the_volume():
    one = pair_of_tracks(z_tax_m=100.0, cda_tax_mm=350.0, opening=(0.0, 4e-3))
    two = pair_of_tracks(z_vtx_m=106.0, z_tax_m=-90.0, cda_tax_mm=350.0, phi=3.1416, opening=(0.0, 4e-3))
    before = pair_of_tracks(z_vtx_m=104.0, z_tax_m=-90.0, cda_tax_mm=300.0, phi=1.5708, opening=(3e-3, 1e-3))
    for pairs, wanted in (([before], "upstream"), ([one, before], "mumu_os"), ([one, two, before], None)):
        tracks = [track for pair in pairs for track in pair]
        kinds = "mm" * (len(pairs) - 1) + "pp"
        assert channel(response(tracks, CUTS, kinds, (0.0,) * len(tracks))) == wanted
