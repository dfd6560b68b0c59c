"""What tells kinds of particles apart, photons in the vetoes, and channels that are not as they should be."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from daq.config.detector import (
    CalorimeterResponse,
    ChannelsConfig,
    DetectorConfig,
    NoiseConfig,
    RichResponse,
    StrawResponse,
    VetoResponse,
)
from daq.errors import ConfigError
from daq.geometry.planes import Z_REFERENCE_MM, lav_stations, planes
from daq.hits import HitBlock
from daq.model import Sav
from daq.source.conditions import Conditions
from daq.source.noise import noise_hits
from daq.source.particles import Kind, Particles
from daq.source.propagation import path_curve
from daq.source.response.channels import CHANNEL_FIELD, ChannelEffects, channels_of
from daq.source.response.detector import respond
from daq.source.response.hadrons import hadron_energies
from daq.source.response.straw import straw_tracks
from daq.source.response.vetoes import lav_showers, sav_hits
from daq.units import FINE_NS, ns_to_fine, seconds_to_fine

CURVE = path_curve(-1)
N = 20_000
ALL_CHANNELS_GOOD = ChannelEffects(ChannelsConfig(), Conditions())


def particles(kind, n=N, x=-300.0, y=100.0, tx=0.0, ty=0.0, p=30.0, charge=1, start=110_000.0):
    full = np.full
    line = [full(n, value) for value in (5e6, x, y, tx, ty, p)]
    return Particles(kind, *line, full(n, charge, np.int8), full(n, start), full(n, np.inf))


def photons_at(z_mm, radius, n=N, start=110_000.0):
    """Photons from the axis at `start` that are `radius` from it at `z_mm`."""
    tx = radius / (z_mm - start)
    return particles(Kind.PHOTON, n, x=tx * (Z_REFERENCE_MM - start), y=0.0, tx=tx, charge=0, start=start)


def hits(kind_or_particles, **keys):
    given = kind_or_particles if isinstance(kind_or_particles, Particles) else particles(kind_or_particles, **keys)
    found = {}
    for name, block in respond(np.random.default_rng(2), given, DetectorConfig(), CURVE):
        found.setdefault(name, []).append(block)
    return {name: sum(len(block.time) for block in blocks) for name, blocks in found.items()}, found


def energy(found, detector, number=0):
    blocks = [b for b in found[detector] if len(b.time) and b.fields["detector"][0] == number]
    return blocks[0].fields["energy"].astype(float)


def test_pion_is_mip_like_or_showers_and_shares_its_energy():
    p = np.full(200_000, 40.0)
    calorimeter = CalorimeterResponse(hadron_stochastic=0.0, hadron_constant=0.0)
    lkr, muv1, muv2 = hadron_energies(np.random.default_rng(1), p, calorimeter)
    assert lkr + muv1 + muv2 == pytest.approx(p, abs=1e-9)
    ep = lkr / p
    mip = ep < 0.1
    assert mip.mean() == pytest.approx(0.4, abs=0.005)
    assert lkr[mip].mean() == pytest.approx(0.45, rel=0.01)
    # Beta(2, 2) on 0.1 to 0.95: mean in the middle, variance of a twentieth of the squared range
    assert ep[~mip].mean() == pytest.approx(0.525, abs=0.002)
    assert ep[~mip].std() == pytest.approx(0.85 / np.sqrt(20.0), rel=0.01)
    assert ep.max() < 0.95
    # those that pass the LKr have nearly all behind it
    assert (muv1 + muv2)[mip].mean() == pytest.approx(40.0 - 0.45, rel=0.001)
    assert (muv1 / (muv1 + muv2)).mean() == pytest.approx(4.0 / 6.0, abs=0.003)


def test_energies_in_muv_are_measured_with_their_resolution():
    p = np.full(100_000, 50.0)
    exact = CalorimeterResponse(hadron_mip=1.0, lkr_mip_gev=(0.0, 0.0), muv1_share_shape=(1e9, 1e-3))
    _, muv1, muv2 = hadron_energies(np.random.default_rng(1), p, exact)
    assert muv1.mean() == pytest.approx(50.0, rel=0.002)
    assert muv1.std() == pytest.approx(np.sqrt(0.5**2 * 50.0 + (0.06 * 50.0) ** 2), rel=0.02)
    assert muv2.max() < 0.1


def test_a_hadron_below_the_energy_of_a_muon_in_the_lkr_leaves_no_more_than_it_has():
    p = np.full(10_000, 0.2)
    lkr, muv1, muv2 = hadron_energies(np.random.default_rng(1), p, CalorimeterResponse())
    assert np.all(lkr <= 0.2) and np.all(muv1 >= 0.0) and np.all(muv2 >= 0.0)


def test_e_over_p_separates_electrons_pions_and_muons_as_the_selection_expects():
    in_window = {}
    for kind in (Kind.MUON, Kind.ELECTRON, Kind.PION):
        ratio = energy(hits(kind, p=30.0)[1], "lkr") / 30.0
        in_window[kind] = {
            "mu": np.mean(ratio < 0.2),
            "e": np.mean((ratio > 0.95) & (ratio < 1.05)),
            "pi": np.mean((ratio > 0.2) & (ratio < 0.9)),
        }
    assert in_window[Kind.MUON]["mu"] > 0.999
    assert in_window[Kind.ELECTRON]["e"] == pytest.approx(0.9992, abs=0.002)  # 3.4 sigma of 1.3 % and noise
    pion = in_window[Kind.PION]
    assert pion["e"] < 1e-3
    # Beta(2, 2) has 3 u^2 - 2 u^3 below u
    below = lambda u: 3 * u**2 - 2 * u**3  # noqa: E731
    wanted = 0.6 * (below((0.9 - 0.1) / 0.85) - below((0.2 - 0.1) / 0.85))
    assert pion["pi"] == pytest.approx(wanted, abs=0.012)


def test_muv3_sees_muons_and_a_few_hadrons_and_no_electron():
    counts = {kind: hits(kind)[0].get("muv3", 0) for kind in (Kind.MUON, Kind.PION, Kind.KAON, Kind.ELECTRON)}
    assert counts[Kind.MUON] / N == pytest.approx(2 * 0.917, abs=0.02)
    for kind in (Kind.PION, Kind.KAON):
        assert counts[kind] / (2 * 0.917 * N) == pytest.approx(0.01, abs=0.003)
    assert counts[Kind.ELECTRON] == 0


def test_kaon_tag_efficiency_and_misidentification():
    straw, rich = StrawResponse(), RichResponse(kaon_efficiency=0.8, misidentification=0.05)
    for kind, wanted in ((Kind.KAON, 0.8), (Kind.PION, 0.05), (Kind.MUON, 0.05)):
        block = straw_tracks(np.random.default_rng(3), particles(kind), CURVE, straw, rich)
        assert block.fields["kaon"].mean() == pytest.approx(wanted, abs=0.015)
        assert block.fields["kaon"].dtype == np.uint8


def test_charge_confusion_turns_the_sign_and_nothing_else():
    straw = StrawResponse(charge_confusion=0.1)
    block = straw_tracks(np.random.default_rng(3), particles(Kind.MUON, p=20.0), CURVE, straw)
    wrong = block.fields["charge"] == -1
    assert wrong.mean() == pytest.approx(0.1, abs=0.01)
    assert np.all(np.isin(block.fields["charge"], [-1, 1]))
    assert block.fields["p"][wrong].mean() == pytest.approx(20.0, rel=1e-3)
    never = straw_tracks(np.random.default_rng(3), particles(Kind.MUON), CURVE, StrawResponse(charge_confusion=0.0))
    assert np.all(never.fields["charge"] == 1)


def test_quality_of_particles_scales_the_number_of_tracks():
    halo = replace(particles(Kind.MUON), quality=0.5)
    block = straw_tracks(np.random.default_rng(3), halo, CURVE, StrawResponse())
    assert len(block.time) / N == pytest.approx(0.49, abs=0.012)


@pytest.mark.parametrize("station", [1, 5, 6, 9, 12])
def test_photon_into_a_ring_is_seen_there_and_ends(station):
    number, front, _, inner, outer = lav_stations()[station - 1]
    veto = VetoResponse(lav_shower_efficiency=1.0)
    for radius in (inner + 5.0, outer - 5.0):
        given = photons_at(front, radius, 100, start=front - 3000.0)
        block, left = lav_showers(np.random.default_rng(1), given, CURVE, veto)
        assert set(block.fields["station"].tolist()) == {number}
        assert len(block.time) == 100 and np.all(left.z_end == front)
        assert np.abs(block.time * FINE_NS - 5e6).mean() == pytest.approx(0.8, abs=0.3)
    for radius in (inner - 5.0, outer + 5.0):
        given = photons_at(front, radius, 100, start=front - 100.0)
        block, _ = lav_showers(np.random.default_rng(1), given, CURVE, veto)
        assert number not in block.fields["station"]


def test_a_photon_seen_by_a_lav_does_not_get_to_the_lkr():
    number, front, _, inner, _ = lav_stations()[4]
    counts, found = hits(photons_at(front, inner + 50.0))
    assert counts["lav"] / N == pytest.approx(1.0, abs=0.006)  # what one station misses, the next may see
    assert counts.get("lkr", 0) == 0
    assert found["lav"][0].fields["station"][0] == number


def test_an_electron_into_a_ring_has_no_track():
    given = photons_at(lav_stations()[0][1], 700.0)
    electrons = replace(given, kind=Kind.ELECTRON, charge=np.ones(N, np.int8), p=np.full(N, 1e6))
    assert hits(electrons)[0].get("straw", 0) < 0.01 * N


def test_photons_at_small_angle_are_seen_by_irc_and_sac():
    veto = VetoResponse(sav_efficiency=1.0)
    irc, sac = planes()["IRC"], planes()["SAC"]
    cases = [
        (irc.z_mm, 100.0, {Sav.IRC}),
        (irc.z_mm, 150.0, set()),
        (sac.z_mm, 30.0, {Sav.SAC}),
        (sac.z_mm, 0.0, {Sav.SAC}),
    ]
    for z, radius, wanted in cases:
        block, left = sav_hits(np.random.default_rng(1), photons_at(z, radius, 50), CURVE, veto)
        assert set(block.fields["detector"].tolist()) == {int(which) for which in wanted}
        assert np.all(left.z_end == (irc.z_mm if Sav.IRC in wanted else np.inf))
    missed, _ = sav_hits(np.random.default_rng(1), photons_at(irc.z_mm, 100.0), CURVE, VetoResponse(sav_efficiency=0.6))
    assert np.mean(missed.fields["detector"] == Sav.IRC) == 1.0  # the others miss the SAC by geometry
    assert len(missed.time) / N == pytest.approx(0.6, abs=0.015)


def test_photon_energy_and_position_in_the_lkr():
    at_lkr = photons_at(planes()["LKr_front"].z_mm, 400.0)
    _, found = hits(replace(at_lkr, p=np.full(N, 20.0)))
    cluster = found["lkr"][0].fields
    assert cluster["energy"].mean() == pytest.approx(20.0, rel=1e-3)
    assert cluster["energy"].std() == pytest.approx(
        20.0 * np.sqrt(0.048**2 / 20 + (0.11 / 20) ** 2 + 0.009**2), rel=0.03
    )
    assert (cluster["x"].astype(float) - 400.0).std() == pytest.approx(1.0, rel=0.03)


def test_a_particle_through_the_hole_of_anti0_leaves_nothing_there():
    z = planes()["ANTI0"].z_mm
    for radius, seen in ((140.0, False), (150.0, True)):
        given = particles(Kind.KAON, x=radius, y=0.0, p=1e6, start=z - 1.0)
        assert (hits(given)[0].get("anti0", 0) > 0) is seen


def effects(run=None, **now):
    return ChannelEffects(run or ChannelsConfig(), Conditions(**now))


def test_without_anything_wrong_blocks_come_back_as_they_are():
    block = HitBlock(np.arange(3), {"id": np.array([101, 102, 103], np.uint16)})
    assert ALL_CHANNELS_GOOD.apply("chod", block) is block
    assert ALL_CHANNELS_GOOD.hot == ()


def test_dead_channels_of_configuration_and_conditions_give_nothing():
    block = HitBlock(np.arange(4), {"id": np.array([101, 102, 151, 103], np.uint16)})
    got = effects(ChannelsConfig(dead=(("chod", 101),)), dead_channels=(("chod", 103), ("muv3", 102))).apply(
        "chod", block
    )
    assert got.time.tolist() == [1, 2] and got.fields["id"].tolist() == [102, 151]


def test_late_channels_and_late_detectors_add_up():
    block = HitBlock(np.array([100, 100]), {"station": np.array([1, 2], np.uint8)})
    run = ChannelsConfig(time_offsets_ns=(("lav", -2.0), ("straw", 5.0)))
    both = effects(run, time_offsets_ns=(("lav", 2, 10.0),))
    assert both.apply("lav", block).time.tolist() == [100 + ns_to_fine(-2.0), 100 + ns_to_fine(-2.0) + ns_to_fine(10.0)]
    tracks = HitBlock(np.array([7]), {"x": np.zeros(1, np.float32)})
    assert both.apply("straw", tracks).time.tolist() == [7 + ns_to_fine(5.0)]
    assert both.apply("chod", HitBlock(np.array([7]), {"id": np.array([101], np.uint16)})).time.tolist() == [7]


def test_hot_channels_come_on_top_of_the_noise():
    noise = NoiseConfig(chod_hz=0.0, na48chod_hz=0.0, muv3_hz=0.0, lav_hz=0.0, sav_hz=0.0)
    run = ChannelsConfig(noisy=(("lav", 3, 5e4),))
    both = effects(run, hot_channels=(("muv3", 205, 2e4),))
    stop = seconds_to_fine(1.0)
    got = {}
    for name, block in noise_hits(np.random.default_rng(1), 0, stop, noise, both):
        got.setdefault(name, []).append(block)
    lav, muv3 = (
        np.concatenate([b.fields[field] for b in got[name]]) for name, field in (("lav", "station"), ("muv3", "id"))
    )
    assert set(lav.tolist()) == {3} and len(lav) == pytest.approx(5e4, rel=0.03)
    assert set(muv3.tolist()) == {205} and len(muv3) == pytest.approx(2e4, rel=0.04)
    time = np.concatenate([b.time for b in got["lav"]])
    assert time.min() >= 0 and time.max() < stop
    assert np.mean(time) / stop == pytest.approx(0.5, abs=0.01)


def test_noise_of_every_channel_has_its_rate_and_type():
    stop = seconds_to_fine(2.0)
    for name, block in noise_hits(np.random.default_rng(1), 0, stop, NoiseConfig(chod_hz=100.0), ALL_CHANNELS_GOOD):
        field = CHANNEL_FIELD[name]
        assert set(np.unique(block.fields[field]).tolist()) <= set(channels_of(name).tolist())
        if name == "chod":
            assert len(block.time) == pytest.approx(100.0 * 304 * 2, rel=0.03)
            assert block.fields[field].dtype == np.uint16


@pytest.mark.parametrize(
    "bad",
    [
        {"dead": (("straw", 1),)},
        {"dead": (("mystery", 1),)},
        {"noisy": (("chod", 101, -1.0),)},
        {"noisy": (("chod", 101, 1e9),)},
        {"time_offsets_ns": (("chod", 60.0),)},
        {"time_offsets_ns": (("gtk", 1.0),)},
    ],
)
def test_impossible_channel_settings_are_refused(bad):
    with pytest.raises(ValidationError, match=r"detector\.channels"):
        ChannelsConfig(**bad)


def test_a_channel_that_does_not_exist_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match="muv3 has no channel 65; the nearest one is 6"):
        ChannelEffects(ChannelsConfig(dead=(("muv3", 65),)), Conditions())
