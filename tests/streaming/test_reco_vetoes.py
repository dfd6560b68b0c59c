"""The veto matrix: which detector rejects which channel, just inside and just outside its window."""

from __future__ import annotations

import math
from functools import partial

import pytest

from daq.config.channels import ChannelsConfig
from daq.config.reco import GateConfig, RegionsConfig
from daq.geometry.planes import planes
from streaming.reco.channels import Veto
from streaming.reco.extrapolation import At
from streaming.reco.find import Selection
from streaming.reco.pipeline import Reconstruction
from streaming.reco.vetoes import active_vetoes
from tests.reference.tracks_slow import impact
from tests.strategies import crossing_anti0_at, event_of, make_frame
from tests.streaming.judge import CUTS, SEALED_PLACES, channel, final_state, hadrons, with_hits

EVENTS = {counted: partial(final_state, name) for name, counted in SEALED_PLACES.items()} | {
    "mumu_pp": partial(event_of, "mm", charge=(1, 1)),
    "mumu_mm": partial(event_of, "mm", charge=(-1, -1)),
    "emu_os": partial(event_of, "em"),
    "emu_ss": partial(event_of, "em", charge=(1, 1)),
    "ee_ss": partial(event_of, "ee", charge=(1, 1)),
    "pipi_ss": partial(hadrons, charge=(1, 1)),
    "mupi_os": partial(event_of, "mp"),
    "mupi_ss": partial(event_of, "mp", charge=(1, 1)),
}

HADRONS = ("pipi_os", "pipi_ss", "pipi_gamma", "pipi_pi0", "pipi_2pi0", "pipi_eta", "kk", "kk_pi0")
MATRIX = {
    "LAV": tuple(EVENTS),
    "ANTI0": ("ee_os", "ee_ss", *HADRONS),
    "SAV": HADRONS,
}
"""Source: LDMA talk 2025. For e mu and mu pi, which no search uses, as for mu mu."""

ANTI0_Z = planes()["ANTI0"].z_mm

SIDE_SAMPLES = {("LAV", "mumu_os"): "lav_inverted"} | {("ANTI0", name): "anti0_inverted" for name in HADRONS}
SIDE_SAMPLES["ANTI0", "pipi_ss"] = None

HITS = {
    "LAV": ({"lav": 9.99}, {"lav": 10.01}),
    "LAV, before": ({"lav": -9.99}, {"lav": -10.01}),
    "ANTI0 time": ({"anti0": 4.99}, {"anti0": 5.01}),
    "ANTI0 time, before": ({"anti0": -4.99}, {"anti0": -5.01}),
    "ANTI0 radius": ({"anti0": 0.0, "anti0_dx": 199.9}, {"anti0": 0.0, "anti0_dx": 200.1}),
    "ANTI0 radius, other side": ({"anti0": 0.0, "anti0_dx": -199.9}, {"anti0": 0.0, "anti0_dx": -200.1}),
    "SAV": ({"sav": 9.99}, {"sav": 10.01}),
    "SAV, before": ({"sav": -9.99}, {"sav": -10.01}),
}


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("cut", HITS)
def test_veto_matrix(cut, name):
    event, detector = EVENTS[name](), cut.split()[0].rstrip(",")
    inside, outside = HITS[cut]
    wanted = SIDE_SAMPLES.get((detector, name)) if name in MATRIX[detector] else name
    assert channel(with_hits(event, **inside)) == wanted
    # the two tracks are less than 400 mm apart at ANTI0, so only a hit on the far side is away from both
    if not cut.startswith("ANTI0 radius") or hit_is_far_from_both(event, outside):
        assert channel(with_hits(event, **outside)) == name


def hit_is_far_from_both(event, outside):
    hit = with_hits(event, **outside)["anti0"][0]
    return all(math.dist(impact(t, 102400.0, CUTS), (hit["x"], hit["y"])) > 200.0 for t in event["straw"])


@pytest.mark.parametrize("detector", ["lav", "sav", "anti0"])
def test_a_hit_without_a_time_vetoes(detector):
    assert channel(with_hits(hadrons(), **{detector: math.nan})) != "pipi_os"


def test_an_anti0_hit_without_a_place_vetoes():
    event = with_hits(hadrons(), anti0=0.0)
    event["anti0"][0]["x"] = math.nan
    assert channel(event) == "anti0_inverted"


def test_lav_and_sav_look_at_the_mean_time_and_anti0_at_the_time_of_the_track():
    for detector, edge in (("lav", 12.0), ("sav", 12.0), ("anti0", 9.0)):
        for shift, vetoed in ((-0.01, True), (0.01, False)):
            event = with_hits(hadrons(times=(4.0, 0.0)), **{detector: edge + shift})
            assert (channel(event) != "pipi_os") == vetoed, detector


def test_anti0_looks_at_both_tracks():
    event = with_hits(hadrons(), anti0=0.0)
    event["straw"].reverse()
    assert channel(event) == "anti0_inverted"


@pytest.mark.parametrize("also", [{}, {"lav": 0.0}, {"sav": 0.0}])
def test_anti0_inverted_takes_whatever_else_fired(also):
    assert channel(with_hits(hadrons(), anti0=0.0, **also)) == "anti0_inverted"


def test_lav_inverted_is_of_opposite_signs():
    assert channel(with_hits(event_of("mm"), lav=0.0)) == "lav_inverted"
    assert channel(with_hits(event_of("mm", charge=(1, 1)), lav=0.0)) is None


def lost_in_the_hole(name):
    """Channel of an event that loses its own to the hole of ANTI0."""
    return SIDE_SAMPLES["ANTI0", name] if name in HADRONS else name


@pytest.mark.parametrize("name", EVENTS)
@pytest.mark.parametrize("place", [(1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (-0.6, 0.8)])
def test_hole_of_anti0(place, name):
    """Tracks of hadrons are wanted outside 145 mm, either of them; those of leptons and of mu pi may be anywhere."""
    for radius, wanted in ((145.1, name), (144.9, lost_in_the_hole(name))):
        event = EVENTS[name](**crossing_anti0_at(radius * place[0], radius * place[1]))
        assert math.hypot(*impact(event["straw"][0], ANTI0_Z, CUTS)) == pytest.approx(radius, abs=1e-6)
        assert math.hypot(*impact(event["straw"][1], ANTI0_Z, CUTS)) > 200.0
        assert channel(event) == wanted
        event["straw"].reverse()
        assert channel(event) == wanted


@pytest.mark.parametrize("also", [{}, {"lav": 0.0}, {"sav": 0.0}, {"anti0": 0.0}])
def test_anti0_inverted_takes_tracks_through_the_hole_whatever_else_fired(also):
    assert channel(with_hits(hadrons(**crossing_anti0_at(100.0, 0.0)), **also)) == "anti0_inverted"


def test_a_muon_pair_with_a_lav_hit_through_the_hole_is_lav_inverted():
    assert channel(with_hits(event_of("mm", **crossing_anti0_at(100.0, 0.0)), lav=0.0)) == "lav_inverted"


def test_the_upstream_sample_does_not_ask_where_anti0_is_crossed():
    assert channel(hadrons(z_vtx_m=104.0), channels=ChannelsConfig(anti0_hole_mm=1000.0)) == "upstream"


@pytest.mark.parametrize("track", [0, 1])
@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(145.0, 0.0, True), (0.0, 145.001, False), (math.nan, 300.0, True), (300.0, math.nan, True), (0.0, 0.0, True)],
)
def test_a_track_is_in_the_hole_unless_it_is_proven_outside(x, y, inside, track):
    frame, selection = make_frame([hadrons()]), Selection(CUTS)
    found = selection.find(frame, 2)
    xy = found.tracks.xy.copy()
    xy[track, At.ANTI0] = x, y
    active = active_vetoes(frame, found.pairs, found.chosen.pair, xy, found.tracks.times, CUTS, selection.channels)
    assert found.active.tolist() == [0]
    assert active.tolist() == [int(Veto.ANTI0_HOLE) if inside else 0]


def test_the_hole_is_no_cut_on_what_is_masked():
    """Pairs inside the mask are stripped, and those outside are shown, wherever they cross ANTI0."""
    for hole in (0.0, 145.0, 1000.0):
        chain = Reconstruction(CUTS, RegionsConfig(), GateConfig(), ChannelsConfig(anti0_hole_mm=hole))
        inside, outside = ({"z_tax_m": 23.0, "cda_tax_mm": 5.0}, {"z_tax_m": 100.0, "cda_tax_mm": 300.0})
        frame = make_frame([event_of(kinds, **pair) for kinds in ("mm", "ee", "pp") for pair in (inside, outside)])
        assert chain.stripped(frame).tolist() == [True, False] * 3


def test_windows_come_from_the_configuration():
    more = ChannelsConfig(anti0_radius_mm=50.0, anti0_window_ns=1.0, sav_window_ns=2.0, anti0_hole_mm=60.0)
    assert channel(hadrons(**crossing_anti0_at(60.1, 0.0)), channels=more) == "pipi_os"
    assert channel(hadrons(**crossing_anti0_at(59.9, 0.0)), channels=more) == "anti0_inverted"
    assert channel(with_hits(hadrons(), anti0=0.0, anti0_dx=60.0), channels=more) == "pipi_os"
    assert channel(with_hits(hadrons(), anti0=1.1), channels=more) == "pipi_os"
    assert channel(with_hits(hadrons(), sav=2.1), channels=more) == "pipi_os"
