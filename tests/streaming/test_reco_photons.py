"""Photons, pi0 and eta: for each cut one event just inside and one just outside."""

from __future__ import annotations

import itertools

import pytest

from daq.config.channels import ChannelsConfig
from tests.reference.tracks_slow import impact
from tests.strategies import event_of, pair_of_tracks, response
from tests.strategies_neutral import ETA_GEV, PI0_GEV, aimed_photon, photon, tax_target, two_photon_mass, vertex_of
from tests.streaming.judge import CUTS, along, channel, found, hadrons, photons_of, pi0_photons

X, Y = along()


def beside_track(dx, **keys):
    """Hadrons with a cluster so far in x from the impact point of the first."""
    x, y = impact(hadrons()["straw"][0], 241093.0, CUTS)
    return hadrons(photon(x + dx, y, 2.0, **keys))


def pi0_of(mass):
    return hadrons(*pi0_photons(mass=mass))


def eta_of(mass):
    return hadrons(*pi0_photons(mass=mass, energy=80.0))


PHOTON_CUTS = {
    "photon energy": (hadrons(photon(X, Y, 1.001)), hadrons(photon(X, Y, 0.999))),
    "photon window": (hadrons(photon(X, Y, 5.0, 4.99)), hadrons(photon(X, Y, 5.0, 5.01))),
    "photon window, early": (hadrons(photon(X, Y, 5.0, -4.99)), hadrons(photon(X, Y, 5.0, -5.01))),
    "photon distance to a track": (beside_track(150.1), beside_track(149.9)),
    "photon distance to a track, other side": (beside_track(-150.1), beside_track(-149.9)),
}


@pytest.mark.parametrize("name", PHOTON_CUTS)
def test_cluster_is_a_photon(name):
    inside, outside = PHOTON_CUTS[name]
    assert channel(inside) == "pipi_gamma"
    assert channel(outside) == "pipi_os"


def test_photon_time_is_relative_to_the_mean_of_both_tracks():
    for time, wanted in ((6.99, "pipi_gamma"), (7.01, "pipi_os"), (-2.99, "pipi_gamma"), (-3.01, "pipi_os")):
        assert channel(hadrons(photon(X, Y, 5.0, time), times=(4.0, 0.0))) == wanted


def test_photon_distance_counts_every_track_of_the_event():
    """A third track, too soft to be good, takes its cluster away from the photons."""
    tracks = pair_of_tracks()
    soft = dict(tracks[0], tx=tracks[0]["tx"] + 3e-3, x=tracks[0]["x"] + 3e-3 * 30000.0, p=9.0)
    event = response([*tracks, soft], CUTS, "pp?", (0.0, 0.0, 0.0))
    x, y = impact(soft, 241093.0, CUTS)
    assert channel(event) == "pipi_os"
    for dx, wanted in ((-149.9, "pipi_os"), (-150.1, "pipi_gamma")):
        assert channel(event | {"lkr": [*event["lkr"], photon(x + dx, y)]}) == wanted


NUMBERS = {
    "no photon": ([], "pipi_os"),
    "one photon": (photons_of("pipi_gamma"), "pipi_gamma"),
    "two photons of a pi0": (photons_of("pipi_pi0"), "pipi_pi0"),
    "two photons of an eta": (photons_of("pipi_eta"), "pipi_eta"),
    "two photons of nothing": (pi0_photons(mass=0.25), None),
    "three photons": ([*photons_of("pipi_pi0"), photon(X, Y, 3.0)], None),
    "four photons of two pi0": (photons_of("pipi_2pi0"), "pipi_2pi0"),
    "four photons of a pi0 and an eta": (photons_of("pipi_pi0") + pi0_photons(ETA_GEV, 80.0, "y"), None),
    "five photons": ([*photons_of("pipi_2pi0"), photon(X, Y, 3.0)], None),
    "two pi0 and a soft cluster": ([*photons_of("pipi_2pi0"), photon(X, Y, 0.5)], "pipi_2pi0"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_number_of_photons(name):
    clusters, wanted = NUMBERS[name]
    assert channel(hadrons(*clusters)) == wanted


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_two_pi0_are_found_in_any_order_of_the_clusters(order):
    clusters = photons_of("pipi_2pi0")
    assert channel(hadrons(*(clusters[i] for i in order))) == "pipi_2pi0"


def test_two_pi0_need_both_masses():
    for mass, wanted in ((PI0_GEV + 0.0149, "pipi_2pi0"), (PI0_GEV + 0.0151, None)):
        assert channel(hadrons(*pi0_photons(), *pi0_photons(mass=mass, axis="y"))) == wanted


WINDOWS = {
    "pi0 window, low": (pi0_of(PI0_GEV - 0.0149), pi0_of(PI0_GEV - 0.0151), "pipi_pi0"),
    "pi0 window, high": (pi0_of(PI0_GEV + 0.0149), pi0_of(PI0_GEV + 0.0151), "pipi_pi0"),
    "eta window, low": (eta_of(ETA_GEV - 0.0399), eta_of(ETA_GEV - 0.0401), "pipi_eta"),
    "eta window, high": (eta_of(ETA_GEV + 0.0399), eta_of(ETA_GEV + 0.0401), "pipi_eta"),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_mass_window(name):
    inside, outside, wanted = WINDOWS[name]
    assert channel(inside) == wanted
    assert channel(outside) is None


def test_masses_are_taken_from_the_vertex():
    """The same two clusters are a pi0 for one vertex and not for another 15 m upstream."""
    clusters = pi0_photons(z_vtx_m=165.0)
    assert two_photon_mass(vertex_of(z_vtx_m=150.0), *clusters) < PI0_GEV - 0.015
    assert channel(hadrons(*clusters, z_vtx_m=165.0)) == "pipi_pi0"
    assert channel(hadrons(*clusters, z_vtx_m=150.0)) is None


def test_windows_come_from_the_configuration():
    narrow = ChannelsConfig(pi0_half_width_gev=0.001, photon_min_energy_gev=30.0)
    assert channel(pi0_of(PI0_GEV), channels=ChannelsConfig(pi0_half_width_gev=0.001)) == "pipi_pi0"
    assert channel(pi0_of(PI0_GEV + 0.002), channels=ChannelsConfig(pi0_half_width_gev=0.001)) is None
    assert channel(pi0_of(PI0_GEV), channels=narrow) == "pipi_os"


@pytest.mark.parametrize("kinds", ["mm", "em", "mp"])
def test_channels_without_photons_do_not_mind_a_photon_nor_take_it_into_their_line(kinds):
    """A photon that would move the line from OCR3 into OCR2 leaves a lepton candidate where its tracks point to."""

    pair = {"z_tax_m": 60.0, "cda_tax_mm": 440.0}
    vertex = vertex_of(**pair)

    def event(pair_kinds):
        plain = event_of(pair_kinds, **pair)
        plain["lkr"].append(aimed_photon(vertex, plain["straw"], 60.0, tax_target(vertex, 60.0, 425.0)))
        return plain

    assert found(event("pp")) == ("pipi_gamma", "OCR2")
    assert found(event(kinds))[1] == "OCR3"
