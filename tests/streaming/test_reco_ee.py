"""The e e channel: window of E/p, direct clusters, cones; one event just inside and one just outside each."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config.channels import ChannelsConfig
from daq.config.reco import RecoConfig
from streaming.reco.channels import Zone
from streaming.reco.zones import zones
from tests.reference.tracks_slow import impact
from tests.strategies import event_of, muv3_hits
from tests.strategies_neutral import photon
from tests.streaming.judge import CUTS, channel

FALLING = ChannelsConfig(ee_formula="falling")
UNION = ChannelsConfig(ee_cone_rule="union")


def electrons(ep=1.0, p=40.0):
    """Two electrons, the first with this momentum and E/p."""
    event = event_of("ee", p=(p, 40.0), opening=(0.0, 4e-3 * 40.0 / max(p, 40.0)))
    event["lkr"][0]["energy"] = ep * p
    return event


EDGES = [
    (None, 20.0, 0.935), (None, 40.0, 0.935), (None, 100.0, 0.935), (None, 149.0, 0.935), (None, 160.0, 0.922),
    (None, 200.0, 0.87), (FALLING, 20.0, 0.95), (FALLING, 40.0, 0.95), (FALLING, 100.0, 0.95), (FALLING, 150.0, 0.885),
    (FALLING, 200.0, 0.82),
]  # fmt: skip


@pytest.mark.parametrize(("channels", "p", "low"), EDGES)
def test_lower_edge_of_ep(channels, p, low):
    assert channel(electrons(low + 0.0005, p), channels=channels) == "ee_os"
    assert channel(electrons(low - 0.0005, p), channels=channels) is None


@pytest.mark.parametrize("p", [20.0, 40.0, 160.0])
def test_upper_edge_of_ep(p):
    assert channel(electrons(1.0495, p)) == "ee_os"
    assert channel(electrons(1.0505, p)) is None


def at_distance(dx, p, dt=0.0):
    event = electrons(1.0, p)
    event["lkr"][0]["x"] += dx
    event["lkr"][0]["time"] += dt
    return event


@pytest.mark.parametrize(("p", "radius"), [(20.0, 50.0), (40.0, 40.0), (100.0, 34.0)])
def test_direct_radius(p, radius):
    assert channel(at_distance(radius - 0.1, p)) == "ee_os"
    assert channel(at_distance(-(radius - 0.1), p)) == "ee_os"
    assert channel(at_distance(radius + 0.1, p)) is None


def test_direct_window():
    assert channel(at_distance(0.0, 40.0, 5.99)) == "ee_os"
    assert channel(at_distance(0.0, 40.0, 6.01)) is None


def test_two_direct_clusters():
    for dx, wanted in ((39.0, None), (41.0, "ee_os")):
        event = electrons()
        extra = dict(event["lkr"][0], x=event["lkr"][0]["x"] + dx, energy=0.6)
        for clusters in ([extra, *event["lkr"]], [*event["lkr"], extra]):
            assert channel(event | {"lkr": clusters}) == wanted


def test_radiated_clusters_do_not_matter():
    event = electrons()
    x, y = event["lkr"][0]["x"], event["lkr"][0]["y"]
    assert channel(event | {"lkr": [*event["lkr"], photon(x + 100.0, y, 8.0), photon(x - 300.0, y, 3.0)]}) == "ee_os"


@pytest.mark.parametrize(("time", "wanted"), [(4.99, None), (5.01, "ee_os"), (-4.99, None), (-5.01, "ee_os")])
def test_no_muv3(time, wanted):
    event = electrons()
    x, y = impact(event["straw"][0], 246800.0, CUTS)
    assert channel(event | {"muv3": muv3_hits(x, y, time)}) == wanted


@pytest.mark.parametrize(("charge", "wanted"), [((1, -1), "ee_os"), ((1, 1), "ee_ss"), ((-1, -1), "ee_ss")])
def test_charges(charge, wanted):
    assert channel(event_of("ee", charge=charge)) == wanted


def off_axis(z, r, **keys):
    return event_of("ee", z_vtx_m=z, z_tax_m=100.0, cda_tax_mm=r, tilt=1e-6, opening=(0.0, 2.5e-3), **keys)


CONES = {
    "narrow cone": (150.0, 526.57, None),
    "narrow cone, short": (130.0, 443.60, None),
    "wide cone behind LAV5": (160.0, 665.77, None),
    "wide cone in front of LAV5 with the union": (150.0, 617.15, UNION),
}


@pytest.mark.parametrize("name", CONES)
def test_cones(name):
    z, r, channels = CONES[name]
    for phi in (0.0, 3.1416):
        assert channel(off_axis(z, r - 0.2, phi=phi), channels=channels) == "ee_os"
        assert channel(off_axis(z, r + 0.2, phi=phi), channels=channels) is None


def is_inside(x, y, z, **keys):
    return bool(zones(np.array([[x, y, z, 0.0]]), RecoConfig(), ChannelsConfig(**keys))[0] & Zone.CONES)


@pytest.mark.parametrize("rule", ["narrow first", "union"])
def test_edges_of_the_cones(rule):
    """Axis through (0, -22) from Z = 23.07 m; R = 536.5 mm at LAV5 and 767.5 mm at the back of LAV8."""
    keys = {"ee_cone_rule": rule}
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        for z, r in ((152394.0, 628.7), (179999.0, 762.9)):
            assert is_inside(r * x, -22.0 + r * y, z, **keys)
            assert not is_inside((r + 0.3) * x, -22.0 + (r + 0.3) * y, z, **keys)
        assert is_inside(536.4 * x, -22.0 + 536.4 * y, 152392.0, **keys)
        assert is_inside(536.6 * x, -22.0 + 536.6 * y, 152392.0, **keys) == (rule == "union")
        assert is_inside(339.8 * x, -22.0 + 339.8 * y, 105001.0, **keys)
        assert is_inside(340.0 * x, -22.0 + 340.0 * y, 105001.0, **keys) == (rule == "union")
        assert not is_inside(398.5 * x, -22.0 + 398.5 * y, 105001.0, **keys)


def test_fiducial_volume_and_cones_are_both_wanted():
    assert is_inside(0.0, 0.0, 105001.0)
    assert not is_inside(0.0, 0.0, 104999.0)
    assert not is_inside(0.0, 0.0, 180001.0)
    assert not is_inside(np.nan, 0.0, 150000.0)
    assert not is_inside(0.0, 0.0, np.nan)


def test_short_wide_cone_ends_at_its_base():
    keys = {"ee_cone2_z_m": 170.0}
    assert is_inside(0.0, 0.0, 169999.0, **keys)
    assert not is_inside(0.0, 0.0, 170001.0, **keys)
