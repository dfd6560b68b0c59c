"""Acceptance, extrapolation and isolation, one plane at a time: just inside, just outside."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config.reco import RecoConfig
from daq.geometry.field import no_field, residual_field
from streaming.reco.extrapolation import At, extrapolate, isolate, plane_table
from streaming.reco.pairs import find_pairs
from tests.reference.selection_slow import impact
from tests.strategies import make_frame, pair_of_tracks

CUTS = RecoConfig(residual_field=False)


def cuts_with(**keys) -> RecoConfig:
    return RecoConfig(residual_field=False, **keys)


LIMITS = [
    (At.CHOD, 141, 139), (At.CHOD, 1069, 1071), (At.NA48CHOD_V, 131, 129), (At.NA48CHOD_V, 1099, 1101),
    (At.NA48CHOD_H, 131, 129), (At.NA48CHOD_H, 1099, 1101), (At.LKR, 151, 149), (At.LKR, 1129, 1131),
    (At.MUV1, 131, 129), (At.MUV1, 1099, 1101), (At.MUV2, 131, 129), (At.MUV2, 1099, 1101), (At.MUV3, 104, 102),
    (At.MUV3, 1319, 1321), (At.LAV12_FRONT, 1069, 1071), (At.LAV12_BACK, 1069, 1071), (At.ANTI0, 1079, 1081),
]  # fmt: skip


def failed_bits(x, y, cuts=CUTS):
    """Bits of a stiff track along the beam, so that every plane sees it at (x, y)."""
    table = plane_table(cuts, no_field())
    return int(extrapolate(np.array([[x, y, 180000.0, 0.0, 0.0, 1e9, 1.0]]), table)[1][0])


@pytest.mark.parametrize(("plane", "inside", "outside"), LIMITS)
def test_acceptance(plane, inside, outside):
    for x, y in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        assert not failed_bits(inside * x, inside * y) >> plane & 1
        assert failed_bits(outside * x, outside * y) >> plane & 1


def test_acceptance_of_the_lkr_corner():
    edge = 1130.0 / np.sqrt(2.0)
    assert not failed_bits(edge - 0.1, edge - 0.1) >> At.LKR & 1
    assert failed_bits(edge + 0.1, edge + 0.1) >> At.LKR & 1


def test_acceptance_of_the_anti0_hole_when_it_is_excluded():
    cuts = cuts_with(anti0_inner_mm=165.0)
    assert not failed_bits(166.0, 0.0, cuts) >> At.ANTI0 & 1
    assert failed_bits(164.0, 0.0, cuts) >> At.ANTI0 & 1
    assert not failed_bits(0.0, 0.0) >> At.ANTI0 & 1


def test_thin_kick_has_the_published_size_and_the_configured_sign():
    state = np.array([[0.0, 0.0, 180000.0, 0.0, 0.0, 10.0, 1.0]])
    for polarity in (-1, 1):
        xy, _ = extrapolate(state, plane_table(cuts_with(magnet_polarity=polarity), no_field()))
        assert xy[0, At.LKR] == pytest.approx([polarity * 0.027 * (241093.0 - 197000.0), 0.0])
        assert xy[0, At.STRAW1] == pytest.approx([0.0, 0.0])


def test_a_track_without_a_position_leaves_the_other_not_isolated():
    xy = np.zeros((2, len(At), 2))
    xy[1] = np.nan
    failed = np.zeros(2, np.int64)
    isolate(xy, np.array([0, 2]), At.LKR, 20.0, 17, failed)
    assert failed.tolist() == [1 << 17, 1 << 17]


def test_extrapolation_follows_the_residual_field():
    track, cuts = pair_of_tracks(p=(10.0, 10.0))[0], RecoConfig()
    state = find_pairs(make_frame([{"straw": [track] * 2}]), 2).state
    xy, _ = extrapolate(state, plane_table(cuts, residual_field()))
    for plane, z in ((At.ANTI0, 102400.0), (At.STRAW1, 183508.0), (At.LKR, 241093.0)):
        assert xy[0, plane] == pytest.approx(impact(track, z, cuts), abs=1e-3)
    assert np.abs(xy[0, At.ANTI0] - impact(track, 102400.0, CUTS)).min() > 0.1


@pytest.mark.parametrize(
    ("p", "charge"), [(0.0, 1), (-40.0, 1), (np.nan, 1), (np.inf, 1), (40.0, 0), (40.0, 2), (40.0, -128)]
)
def test_a_momentum_or_charge_that_cannot_be_is_no_number(p, charge):
    tracks = [dict(t, p=p, charge=charge) for t in pair_of_tracks()]
    assert np.isnan(find_pairs(make_frame([{"straw": tracks}]), 2).state[:, 5:]).all()
