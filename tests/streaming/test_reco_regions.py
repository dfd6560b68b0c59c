"""Regions of each final state, and the mask of the pair and of the candidate with its photons, at their edges."""

from __future__ import annotations

import math

import numpy as np
import pytest

from daq.config.reco import GateConfig, RegionsConfig
from daq.units import KSHORT_MASS_GEV, PION_MASS_GEV
from streaming.reco.pipeline import Reconstruction
from tests.strategies import event_of, make_frame, pair_of_tracks, response
from tests.strategies_neutral import aimed_photon, tax_target, vertex_of
from tests.streaming.judge import CUTS, SEALED_PLACES, final_state, found, hadrons

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


BOX = [
    ((23.0, 19.9), "SR"), ((23.0, 20.1), "CR"), ((6.05, 5.0), "SR"), ((5.95, 5.0), "CR"), ((39.95, 5.0), "SR"),
    ((40.05, 5.0), "CR"), ((23.0, 149.9), "CR"), ((-3.95, 5.0), "CR"), ((49.95, 5.0), "CR"), ((23.0, 150.1), None),
    ((-4.05, 5.0), None), ((50.05, 5.0), None),
]  # fmt: skip
"""Source: CERN-EP-2023-032, equations (11) and (12)."""

DIAGONAL = math.sqrt(0.5)
ELLIPSE = [
    ((23.0, 39.9), "SR"), ((23.0, 40.1), "CR"), ((0.1, 0.5), "SR"), ((-0.1, 0.5), "CR"), ((45.9, 0.5), "SR"),
    ((46.1, 0.5), "CR"), ((23.0 + 23.0 * DIAGONAL, 40.0 * DIAGONAL - 0.2), "SR"),
    ((23.0 + 23.0 * DIAGONAL, 40.0 * DIAGONAL + 0.2), "CR"), ((23.0 - 23.0 * DIAGONAL, 40.0 * DIAGONAL - 0.2), "SR"),
    ((23.0 - 23.0 * DIAGONAL, 40.0 * DIAGONAL + 0.2), "CR"), ((23.0, 149.9), "CR"), ((-6.95, 5.0), "CR"),
    ((52.95, 5.0), "CR"), ((23.0, 150.1), None), ((-7.05, 5.0), None), ((53.05, 5.0), None),
]  # fmt: skip
"""Source: Vulcano talk 2024; for e e assumed to be the same."""

PLACES = [(name, *row) for name in SEALED_PLACES for row in (BOX if name == "mumu" else ELLIPSE)]


@pytest.mark.parametrize(("name", "point", "place"), PLACES)
def test_masked_region(name, point, place):
    event = final_state(name, z_tax_m=point[0], cda_tax_mm=point[1])
    assert found(event) == (place and ("masked " + name, place))


@pytest.mark.parametrize("name", SEALED_PLACES)
@pytest.mark.parametrize(
    ("inside", "outside"),
    [((23.0, 179.9), (23.0, 180.1)), ((-11.95, 20.0), (-12.05, 20.0)), ((57.95, 20.0), (58.05, 20.0))],
)
def test_guard_band(name, inside, outside):
    for point, region in ((inside, None), (outside, "OCR1")):
        event = final_state(name, z_tax_m=point[0], cda_tax_mm=point[1])
        assert found(event) == (region and (SEALED_PLACES[name], region))


def with_mass(name, delta, **pair):
    """Final state whose tracks have a pi pi mass so far from that of a K_S [GeV/c2]."""
    p = 40.0
    half = math.sqrt((KSHORT_MASS_GEV + delta) ** 2 / 4 - PION_MASS_GEV**2)
    return final_state(name, opening=(0.0, math.tan(math.asin(half / p))), p=(p, p), tilt=1e-6, **pair)


@pytest.mark.parametrize("name", SEALED_PLACES)
@pytest.mark.parametrize("sign", [1, -1])
def test_ks_window(name, sign):
    """The window of the region, then the guard band around it, which is masked and no region, then nothing."""
    assert found(with_mass(name, sign * 0.0056)) == ("masked " + name, "KS")
    assert found(with_mass(name, sign * 0.0058)) is None
    assert found(with_mass(name, sign * 0.0079)) is None
    assert found(with_mass(name, sign * 0.0081))[0] == SEALED_PLACES[name]


@pytest.mark.parametrize("name", SEALED_PLACES)
def test_region_comes_before_the_ks_window(name):
    for cda, place in ((5.0, "SR"), (100.0, "CR")):
        assert found(with_mass(name, 0.0, z_tax_m=23.0, cda_tax_mm=cda)) == ("masked " + name, place)


def kept(event):
    """Events of one that are not stripped."""
    return Reconstruction(CUTS, RegionsConfig(), GateConfig()).analyse(make_frame([event])).tally.count("vertices")


def with_photon(target, kinds="pp", energy=30.0, side=1, **pair):
    """A pair, and a photon that makes the sum of all point to (Z_TAX [m], CDA_TAX [mm])."""
    event, vertex = event_of(kinds, **pair), vertex_of(**pair)
    event["lkr"].append(aimed_photon(vertex, event["straw"], energy, tax_target(vertex, *target, side)))
    return event


OUTSIDE = {"z_tax_m": 100.0, "cda_tax_mm": 300.0}
INSIDE = {"z_tax_m": 23.0, "cda_tax_mm": 60.0, "tilt": 1.5e-3}


@pytest.mark.parametrize(("point", "place"), [((23.0, 5.0), "SR"), ((23.0, 45.0), "CR"), ((-5.0, 100.0), "CR")])
def test_pair_outside_and_candidate_inside_is_masked(point, place):
    event = with_photon(point, **OUTSIDE)
    assert found(dict(event, lkr=event["lkr"][:-1])) == ("pipi_os", "OCR3")
    assert found(event) == ("masked pipi_gamma", place)


def test_pair_inside_and_candidate_outside_is_masked():
    event = with_photon((110.0, 250.0), z_tax_m=23.0, cda_tax_mm=140.0, tilt=2e-3)
    assert kept(event) == 0
    assert found(event) is None
    bare = dict(event, lkr=event["lkr"][:-1])
    assert found(bare) == ("masked pipi", "CR")


def test_guard_band_of_the_candidate():
    edges = (((-11.95, 90.0), 0), ((-12.05, 90.0), 1))
    for point, kept_wanted in (*edges, ((23.0, 179.9), 0), ((23.0, 180.1), 1), ((57.95, 90.0), 0), ((58.05, 90.0), 1)):
        assert kept(with_photon(point, **OUTSIDE)) == kept_wanted


@pytest.mark.parametrize("kinds", ["mm", "em", "ee", "mp", "??"])
def test_any_event_whose_photons_bring_the_line_inside_is_masked(kinds):
    """The mask knows no channel: photons count for it whatever the tracks are."""
    event = with_photon((23.0, 5.0), kinds=kinds, **OUTSIDE)
    assert kept(dict(event, lkr=event["lkr"][:-1])) == 1
    assert kept(event) == 0
    assert found(event) is None


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


@pytest.mark.parametrize(("name", "more"), [("upstream", {"z_vtx_m": 104.0}), ("anti0_inverted", {})])
def test_side_samples_are_masked_as_well_and_not_sealed(name, more):
    def event(**where):
        pair = {"anti0": [{"time": 0.0, "x": math.nan, "y": 0.0}]} if name == "anti0_inverted" else {}
        return hadrons(**more, **where) | pair

    assert found(event(z_tax_m=100.0, cda_tax_mm=300.0)) == (name, "OCR3")
    assert found(event(z_tax_m=23.0, cda_tax_mm=30.0)) is None
    assert kept(event(z_tax_m=23.0, cda_tax_mm=30.0)) == 0
    assert np.isclose(RegionsConfig().hadron_sr.cda_half_mm, 40.0)
