"""The mask: fail closed, a superset of every region, at its edges, and refused when compiled code disagrees."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from daq.config.reco import BoxM, EllipseM, GateConfig, RecoConfig, RegionsConfig
from daq.errors import PolicyError
from daq.units import KSHORT_MASS_GEV
from streaming import mask_check
from streaming.mask_check import check_lines, check_mask, is_open
from streaming.reco.channels import CHANNEL_TABLE, Pid
from streaming.reco.pipeline import Reconstruction
from streaming.regions import classify, mask_bounds, mask_pairs, region_table
from streaming.tally import CHANNELS

REGIONS, GATE = RegionsConfig(), GateConfig()
Z = st.one_of(st.floats(-200e3, 300e3), st.sampled_from([-12e3, 58e3, 23e3]), st.floats())
CDA = st.one_of(st.floats(0, 1000), st.sampled_from([180.0, 150.0]), st.floats())
MASS = st.one_of(st.floats(0.279, 2.0), st.floats(0.485, 0.51), st.floats())
TRACK = st.tuples(st.sampled_from(list(Pid)), st.sampled_from([1.0, -1.0, 0.0, 2.0, math.nan]))
GATES = st.builds(
    GateConfig, guard_z_m=st.floats(0, 20), guard_cda_mm=st.floats(0, 200), ks_half_width_gev=st.floats(0.0057, 0.05),
    open_same_sign=st.booleans(), open_ks_leptons=st.booleans(),
)  # fmt: skip


def hidden(point, tracks=((Pid.MUON, 1.0), (Pid.MUON, -1.0)), gate=GATE, regions=REGIONS) -> bool:
    out = np.zeros(1, np.bool_)
    pid, charge = np.array([t[0] for t in tracks], np.int8), np.array([t[1] for t in tracks])
    one, two = np.zeros(1, np.int64), np.ones(1, np.int64)
    mask_pairs(np.array([point[:2]]), np.array(point[2:]), one, two, charge, pid, mask_bounds(regions, gate), out)
    return bool(out[0])


@settings(max_examples=400, deadline=None)
@given(Z, CDA, MASS, TRACK, TRACK, GATES)
def test_kernel_agrees_with_the_plain_formulation(z, cda, mass, one, two, gate):
    wanted = not is_open(REGIONS, gate, (z, cda, mass), (one[0], two[0]), (one[1], two[1]))
    assert hidden((z, cda, mass), (one, two), gate) == wanted


@settings(max_examples=200, deadline=None)
@given(st.floats(-8, 54), st.floats(0, 151), MASS, TRACK, TRACK)
def test_every_signal_and_control_region_is_masked_for_every_pair(z, cda, mass, one, two):
    for name in ("mumu", "ee", "hadron"):
        sr, cr = getattr(REGIONS, f"{name}_sr"), getattr(REGIONS, f"{name}_cr")
        in_sr = (
            ((z - sr.z_centre_m) / sr.z_half_m) ** 2 + (cda / sr.cda_half_mm) ** 2 < 1
            if isinstance(sr, EllipseM)
            else sr.z_min_m < z < sr.z_max_m and cda < sr.cda_max_mm
        )
        if in_sr or (cr.z_min_m < z < cr.z_max_m and cda < cr.cda_max_mm):
            assert hidden((z * 1000.0, cda, mass), (one, two))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("i", [0, 1, 2])
def test_what_is_not_a_number_is_masked(bad, i):
    point = [200e3, 500.0, 1.0]
    assert not hidden(tuple(point))
    point[i] = bad
    assert hidden(tuple(point))
    assert hidden(tuple(point), gate=GateConfig(open_same_sign=True, open_ks_leptons=True))


@pytest.mark.parametrize(
    ("edge", "outside"),
    [((-12e3, 0.0), (np.nextafter(-12e3, -1e9), 0.0)), ((58e3, 0.0), (np.nextafter(58e3, 1e9), 0.0)),
     ((23e3, 180.0), (23e3, np.nextafter(180.0, 1e9)))],
)  # fmt: skip
def test_the_edge_itself_is_masked(edge, outside):
    assert hidden((*edge, 1.0))
    assert not hidden((*outside, 1.0))


def test_ks_window():
    for sign in (-1, 1):
        assert hidden((200e3, 500.0, KSHORT_MASS_GEV + sign * 0.0079))
        assert not hidden((200e3, 500.0, KSHORT_MASS_GEV + sign * 0.0081))


@pytest.mark.parametrize(
    ("pids", "charges", "opens"),
    [
        ((Pid.MUON, Pid.MUON), (1.0, -1.0), True), ((Pid.ELECTRON, Pid.MUON), (1.0, 1.0), True),
        ((Pid.HADRON, Pid.MUON), (1.0, -1.0), False), ((Pid.UNKNOWN, Pid.MUON), (1.0, -1.0), False),
        ((Pid.MUON, Pid.MUON), (math.nan, -1.0), False),
    ],
)  # fmt: skip
def test_ks_window_opens_for_certain_leptons_only_and_only_by_configuration(pids, charges, opens):
    tracks = tuple(zip(pids, charges, strict=True))
    point = (200e3, 500.0, KSHORT_MASS_GEV)
    assert hidden(point, tracks)
    assert hidden(point, tracks, GateConfig(open_ks_leptons=True)) != opens
    assert hidden((23e3, 0.0, KSHORT_MASS_GEV), tracks, GateConfig(open_ks_leptons=True))


@pytest.mark.parametrize(
    ("pids", "charges", "opens"),
    [
        ((Pid.MUON, Pid.MUON), (1.0, 1.0), True), ((Pid.MUON, Pid.MUON), (1.0, -1.0), False),
        ((Pid.ELECTRON, Pid.MUON), (1.0, -1.0), True), ((Pid.MUON, Pid.ELECTRON), (-1.0, -1.0), True),
        ((Pid.ELECTRON, Pid.ELECTRON), (1.0, 1.0), False), ((Pid.HADRON, Pid.HADRON), (1.0, 1.0), False),
        ((Pid.UNKNOWN, Pid.MUON), (1.0, 1.0), False), ((Pid.MUON, Pid.MUON), (math.nan, math.nan), False),
        ((Pid.MUON, Pid.MUON), (2.0, 2.0), False), ((Pid.ELECTRON, Pid.MUON), (0.0, -1.0), False),
    ],
)  # fmt: skip
def test_region_opens_for_certain_same_sign_and_e_mu_only_and_only_by_configuration(pids, charges, opens):
    tracks = tuple(zip(pids, charges, strict=True))
    assert hidden((23e3, 5.0, 1.0), tracks)
    assert hidden((23e3, 5.0, 1.0), tracks, GateConfig(open_same_sign=True)) != opens
    assert hidden((23e3, 5.0, KSHORT_MASS_GEV), tracks, GateConfig(open_same_sign=True))


@settings(max_examples=30, deadline=None)
@given(GATES)
def test_self_test_accepts_what_is_configured(gate):
    check_mask(REGIONS, gate)


@pytest.mark.parametrize(
    "change",
    [
        {"z_min_mm": -11999.0}, {"z_max_mm": 57999.0}, {"cda_max_mm": 179.99}, {"cda_max_mm": math.nan},
        {"ks_half_gev": 0.0057}, {"ks_mass_gev": 0.4937}, {"open_same_sign": True}, {"open_ks_leptons": True},
        {"z_min_mm": -13000.0},
    ],
)  # fmt: skip
def test_self_test_refuses_other_bounds(change):
    bounds = mask_bounds(REGIONS, GATE)._replace(**change)
    with pytest.raises(PolicyError, match="nothing is analysed"):
        check_mask(REGIONS, GATE, bounds)


def test_a_kernel_that_does_not_know_nan_stops_the_start(monkeypatch):
    """The natural form of the mask makes NaN visible; the worker must not start with it."""

    def natural(tax, mass, first, second, charge, pid, bounds, out):
        z, cda = tax.T
        inside = (z >= bounds.z_min_mm) & (z <= bounds.z_max_mm) & (cda <= bounds.cda_max_mm)
        out[:] = inside | (np.abs(mass - bounds.ks_mass_gev) <= bounds.ks_half_gev)

    monkeypatch.setattr(mask_check, "mask_pairs", natural)
    with pytest.raises(PolicyError):
        Reconstruction(RecoConfig(), REGIONS, GATE).warm()


def lines_of_first_row(mask):
    """A mask of lines that takes mass and tracks of the wrong pair."""
    return lambda pairs, pair, line, mass, pid: mask(pairs, pair, line, mass[::-1].copy(), pid)


LINE_MUTANTS = {
    "events without a pair are visible": lambda mask: lambda pairs, pair, *rest: mask(pairs, pair, *rest) & (pair >= 0),
    "the pair of another event": lines_of_first_row,
    "nothing is hidden": lambda mask: lambda pairs, pair, *rest: np.zeros(len(pair), np.bool_),
    "NaN is visible": lambda mask: (
        lambda pairs, pair, line, *rest: mask(pairs, pair, line, *rest) & ~np.isnan(line[:, 0])
    ),
}


@pytest.mark.parametrize("name", LINE_MUTANTS)
def test_self_test_of_lines_refuses(name):
    mask = Reconstruction(RecoConfig(), REGIONS, GATE)._mask_lines
    check_lines(REGIONS, GATE, mask)
    with pytest.raises(PolicyError, match="nothing is analysed"):
        check_lines(REGIONS, GATE, LINE_MUTANTS[name](mask))


def test_warm_tests_the_lines(monkeypatch):
    monkeypatch.setattr(Reconstruction, "_mask_lines", lambda self, pairs, pair, *_: np.zeros(len(pair), np.bool_))
    with pytest.raises(PolicyError):
        Reconstruction(RecoConfig(), REGIONS, GATE).warm()


@settings(max_examples=10, deadline=None)
@given(GATES)
def test_self_test_of_lines_accepts_what_is_configured(gate):
    check_lines(REGIONS, gate, Reconstruction(RecoConfig(), REGIONS, gate)._mask_lines)


def place(z_m, cda, mass=1.0, channel="mumu_os", regions=REGIONS):
    inside, side = np.full(1, -1), np.full(1, -1)
    row = np.array([CHANNELS.index(channel)])
    classify(np.array([[z_m * 1000.0, cda]]), np.array([mass]), row, region_table(regions), inside, side)
    return int(inside[0]), int(side[0])


def test_inner_regions_of_boxes_and_ellipses():
    assert place(38.2, 17.0) == (0, 0)
    assert [place(6.0, 0.0)[0], place(40.0, 0.0)[0], place(23.0, 20.0)[0]] == [1, 1, 1]
    assert [place(-4.0, 0.0)[0], place(50.0, 0.0)[0], place(23.0, 150.0)[0]] == [-1, -1, -1]
    assert place(100.0, 300.0, KSHORT_MASS_GEV + 0.0056)[0] == 2
    assert place(100.0, 300.0, KSHORT_MASS_GEV + 0.0058)[0] == -1
    ellipse = REGIONS.model_copy(update={"mumu_sr": REGIONS.hadron_sr})
    assert [place(38.2, 17.0, regions=ellipse)[0], place(45.0, 30.0, regions=ellipse)[0]] == [0, 1]
    assert [place(0.01, 0.0, regions=ellipse)[0], place(-0.01, 0.0, regions=ellipse)[0]] == [0, 1]


def test_every_channel_has_its_row():
    assert tuple(channel.name for channel in CHANNEL_TABLE) == CHANNELS


@pytest.mark.parametrize(
    "box", [{"z_min_m": 1, "z_max_m": 1, "cda_max_mm": 1}, {"z_min_m": 0, "z_max_m": 1, "cda_max_mm": 0}]
)
def test_empty_regions_are_refused(box):
    with pytest.raises(ValidationError, match="empty"):
        BoxM(**box)
    with pytest.raises(ValidationError, match="empty"):
        EllipseM(z_centre_m=0, z_half_m=0, cda_half_mm=1)


def test_guards_cannot_be_negative_and_the_ks_mask_not_below_the_region():
    for bad in ({"guard_z_m": -1}, {"guard_cda_mm": -1}, {"ks_half_width_gev": 0.005}, {"max_tracks": 1}):
        with pytest.raises(ValidationError):
            GateConfig(**bad)
