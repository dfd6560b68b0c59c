"""The compiled chain against the slow one, on drawn frames; laws of sums and cuts of the stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config.channels import ChannelsConfig
from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.frame import decode_frame, encode_frame
from streaming.masked import COMPARTMENTS, COUNT_BYTES, SEALED_CHANNELS, SHAPE
from streaming.reco.pipeline import Reconstruction
from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally
from tests.reference import selection_slow
from tests.strategies import event_lists, event_of, hadron_events, make_frame

GATES = {
    "closed": GateConfig(),
    "open": GateConfig(open_same_sign=True, open_ks_leptons=True),
    "narrow": GateConfig(guard_z_m=0.0, guard_cda_mm=0.0),
    "two tracks": GateConfig(max_tracks=2),
}


def bin_of(value, axis):
    if value < axis.low:
        return 0
    return axis.bins + 1 if not value < axis.high else int((value - axis.low) * axis.bins / (axis.high - axis.low)) + 1


OTHER_CHANNELS = ChannelsConfig(
    ee_formula="falling", ee_cone_rule="union", ee_direct_mm=60.0, photon_min_energy_gev=0.9, photon_window_ns=3.0,
    photon_track_mm=400.0, pi0_half_width_gev=0.02, eta_half_width_gev=0.1, hadron_radius_mm=10.0, sav_window_ns=5.0,
    anti0_radius_mm=100.0, anti0_window_ns=2.0, anti0_hole_mm=260.0, upstream_min_z_m=101.0,
    hadron_min_probability=0.999,
)  # fmt: skip


def check(frame, cuts, regions, gate, channels=None):
    result = Reconstruction(cuts, regions, gate, channels).analyse(frame)
    public, masked, entries = selection_slow.analyse(frame, cuts, regions, gate, channels)
    tally = result.tally
    assert {n: tally.count(n) for n in COUNTS} == {n: public[n] for n in COUNTS}
    for i, channel in enumerate(CHANNELS):
        assert tally.candidates[i].tolist() == [public[channel, region] for region in OPEN_REGIONS], channel
    counts = np.frombuffer(result.masked.pack()[:COUNT_BYTES], "<i8").reshape(SHAPE)
    assert counts.tolist() == [[masked[c, r] for r in COMPARTMENTS] for c in SEALED_CHANNELS]
    for name in HISTOGRAMS:
        wanted = np.zeros_like(tally.histograms[name])
        for value in (v for n, v in entries if n == name):
            values = value if isinstance(value, tuple) else (value,)
            wanted[tuple(bin_of(v, axis) for v, axis in zip(values, HISTOGRAMS[name], strict=True))] += 1
        assert np.array_equal(tally.histograms[name], wanted), name


@settings(max_examples=120, deadline=None)
@given(event_lists())
@pytest.mark.parametrize("gate", GATES)
def test_twin(gate, events):
    check(make_frame(events), RecoConfig(residual_field=False), RegionsConfig(), GATES[gate])


@settings(max_examples=120, deadline=None)
@given(event_lists(min_size=1))
def test_twin_with_other_channel_cuts(events):
    check(make_frame(events), RecoConfig(residual_field=False), RegionsConfig(), GateConfig(), OTHER_CHANNELS)


@settings(max_examples=120, deadline=None)
@given(st.lists(hadron_events(), min_size=1, max_size=6))
def test_twin_of_hadrons(events):
    check(make_frame(events), RecoConfig(residual_field=False), RegionsConfig(), GateConfig())


@settings(max_examples=60, deadline=None)
@given(event_lists())
def test_twin_with_field(events):
    check(make_frame(events), RecoConfig(), RegionsConfig(), GATES["open"])


@settings(max_examples=40, deadline=None)
@given(event_lists(min_size=2))
def test_any_cut_of_the_stream_gives_the_same_sums(events):
    reco = Reconstruction(RecoConfig(residual_field=False), RegionsConfig(), GateConfig())
    whole = reco.analyse(make_frame(events))
    tally, masked = Tally.zero(), None
    for event in events:
        one = reco.analyse(make_frame([event]))
        tally.add(one.tally)
        masked = one.masked if masked is None else masked
        if masked is not one.masked:
            masked.add(one.masked)
    assert tally.pack() == whole.tally.pack()
    assert masked.pack() == whole.masked.pack()


@settings(max_examples=40, deadline=None)
@given(event_lists())
def test_frames_from_the_wire_give_the_same(events):
    reco = Reconstruction(RecoConfig(residual_field=False), RegionsConfig(), GateConfig())
    direct = reco.analyse(make_frame(events))
    payload = bytearray(1) + bytearray(encode_frame(make_frame(events)).to_pybytes())
    wire = reco.analyse(decode_frame(memoryview(payload)[1:]))
    assert (direct.tally.pack(), direct.headers_digest) == (wire.tally.pack(), wire.headers_digest)


def test_empty_frame():
    result = Reconstruction(RecoConfig(), RegionsConfig(), GateConfig()).analyse(make_frame([]))
    assert result.tally.pack() == Tally.zero().pack()


def test_a_visible_pair_is_counted_once_in_each_place():
    events = [event_of(), {}, {"straw": event_of()["straw"][:1]}]
    cuts = RecoConfig(residual_field=False)
    tally = Reconstruction(cuts, RegionsConfig(), GateConfig()).analyse(make_frame(events)).tally
    assert {n: tally.count(n) for n in COUNTS} == {
        "events": 3, "tracks": 3, "two_track": 1, "vertices": 1, "selected": 1, "not_selected": 2,
    }  # fmt: skip
    assert tally.candidates[0].tolist() == [0, 0, 1, 0, 0]
    assert tally.histograms["chod_tiles"].sum() == 4
    assert tally.histograms["muv3_tiles"].sum() == 4
