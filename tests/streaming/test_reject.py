"""Stripped frames: the same public numbers, canonical content, nothing else changed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.frame import encode_frame
from streaming.reco import find, pipeline
from streaming.reco.pipeline import Reconstruction
from streaming.reject import strip_frame
from tests.strategies import H2, REJECT, event_lists, event_of, make_frame

RECO = (RecoConfig(residual_field=False), RegionsConfig(), GateConfig())


@settings(max_examples=150, deadline=None)
@given(event_lists())
def test_a_stripped_frame_gives_the_same_public_numbers(events):
    reco, frame = Reconstruction(*RECO), make_frame(events)
    public = strip_frame(frame, reco.stripped(frame))
    clear, again = reco.analyse(frame), reco.analyse(public)
    assert (clear.tally.pack(), clear.headers_digest) == (again.tally.pack(), again.headers_digest)
    assert not any(again.masked.pack())


@settings(max_examples=80, deadline=None)
@given(event_lists())
def test_stripping_twice_is_stripping_once_to_the_byte(events):
    reco, frame = Reconstruction(*RECO), make_frame(events)
    once = strip_frame(frame, reco.stripped(frame))
    twice = strip_frame(once, reco.stripped(once))
    assert encode_frame(once).to_pybytes() == encode_frame(twice).to_pybytes()


def test_kept_events_are_untouched_and_stripped_ones_are_canonical():
    masked, visible, single = event_of(z_tax_m=23.0, cda_tax_mm=5.0), event_of(), {"straw": event_of()["straw"][:1]}
    no_vertex = event_of()
    no_vertex["straw"][1]["chi2"] = 1000.0
    frame = make_frame([masked, visible, no_vertex, single])
    reco = Reconstruction(*RECO)
    assert reco.stripped(frame).tolist() == [True, False, True, False]
    reject = REJECT | {"trigger_flags": H2}
    wanted = make_frame([reject, visible, reject, single])
    assert encode_frame(strip_frame(frame, reco.stripped(frame))).to_pybytes() == encode_frame(wanted).to_pybytes()


def test_an_event_that_breaks_the_analysis_is_stripped(monkeypatch):
    def fragile(momentum, *rest):
        if np.any(momentum == 13.0):
            raise ValueError
        return identify(momentum, *rest)

    identify = find.identify
    monkeypatch.setattr(find, "identify", fragile)
    frame = make_frame([event_of(), event_of(p=(13.0, 40.0)), event_of()])
    assert Reconstruction(*RECO).stripped(frame).tolist() == [False, True, False]


@pytest.mark.parametrize("cut", [1, 2])
def test_a_frame_of_a_slice_is_stripped_alike(cut):
    events = [event_of(z_tax_m=23.0, cda_tax_mm=5.0), event_of(), event_of(z_tax_m=20.0, cda_tax_mm=1.0)]
    reco, frame = Reconstruction(*RECO), make_frame(events)
    part = pipeline.one_event(frame, cut)
    public = strip_frame(part, reco.stripped(part))
    wanted = make_frame([events[1] if cut == 1 else REJECT | {"trigger_flags": H2}])
    assert encode_frame(public).to_pybytes() == encode_frame(wanted).to_pybytes()
