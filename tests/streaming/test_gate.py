"""Non-interference: streams that differ only inside masked events give the same public bytes, and leaks are caught."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.errors import DataError
from streaming import gate
from streaming.headers import digest_headers
from streaming.masked import COUNT_BYTES, PACKED_BYTES
from streaming.reco import find, pairs, pipeline
from streaming.reco.pipeline import Reconstruction
from streaming.tally import COUNTS
from tests.reference import selection_slow
from tests.strategies import (
    H2,
    MILLI,
    ODD,
    REJECT,
    event_of,
    make_frame,
    pair_events,
    pair_of_tracks,
    simple_events,
    spoil,
)

CUTS = RecoConfig(residual_field=False)
RECO = (CUTS, RegionsConfig(), GateConfig())
KS_HALF_MOMENTUM = 0.20597


@st.composite
def masked_pairs(draw) -> dict:
    """Candidates inside the mask or its guard band, vetoed or not, of any kind and charge."""
    event = event_of(
        draw(st.sampled_from(["mm", "mm", "em", "pp", "m?"])), (draw(MILLI) * 6.0, draw(MILLI) * 6.0),
        z_tax_m=23.0 + 34.9 * draw(MILLI), cda_tax_mm=abs(draw(MILLI)) * 179.0, phi=draw(MILLI),
        charge=draw(st.sampled_from([(1, -1), (1, 1), (-1, -1)])),
    )  # fmt: skip
    event["lav"] = [{"time": 0.0, "station": 1}] * draw(st.integers(0, 1))
    return event


@st.composite
def guarded_pairs(draw) -> dict:
    """Perfect candidates that nothing but a guard band masks."""
    z_tax_m, cda_tax_mm = draw(st.sampled_from([(-9.5, 80.0), (55.5, 80.0), (23.0, 165.0)]))
    return event_of("mm", z_tax_m=z_tax_m + 2.0 * draw(MILLI), cda_tax_mm=cda_tax_mm + 12.0 * draw(MILLI))


@st.composite
def ks_pairs(draw) -> dict:
    """Pairs far from every region whose pi pi mass is that of a K_S."""
    p = draw(st.sampled_from([25.0, 40.0]))
    opening = math.tan(math.asin((KS_HALF_MOMENTUM + draw(MILLI) * 0.002) / p))
    return event_of(draw(st.sampled_from(["pp", "mm"])), z_tax_m=100.0, p=(p, p), opening=(0.0, opening))


@st.composite
def doubtful_pairs(draw) -> dict:
    """Visible pairs with one number of one track made impossible, and pairs without a vertex."""
    event = draw(st.one_of(st.builds(event_of), st.builds(event_of), pair_events(), masked_pairs()))
    kind = draw(st.sampled_from(["number", "charge", "identical", "parallel", "crowd", "third", "odd third"]))
    first, second = event["straw"][:2]
    if kind == "number":
        name = draw(st.sampled_from(["x", "y", "tx", "ty", "p"]))
        first[name] = draw(st.sampled_from([math.nan, math.inf, 0.0, -40.0] if name == "p" else [math.nan, math.inf]))
    elif kind == "charge":
        first["charge"] = draw(st.sampled_from([0, 2, -128]))
    elif kind == "identical":
        event["straw"] = [first, dict(first), *event["straw"][2:]]
    elif kind == "parallel":
        second["tx"], second["ty"] = first["tx"], first["ty"]
    elif kind == "crowd":
        event["straw"] = event["straw"] * 20
    elif kind == "odd third":
        # far from the other tracks and parallel to one: it spoils no vertex, so nothing but the mask strips the event
        odd = dict(first, x=first["x"] - 700.0, y=first["y"] - 700.0, p=draw(st.sampled_from([math.nan, -40.0, 40.0])))
        event["straw"] = [*event["straw"], odd]
    else:
        event["straw"] = event["straw"] + pair_of_tracks(z_tax_m=23.0, cda_tax_mm=1.0)
    return event


@st.composite
def ordinary_rejects(draw) -> dict:
    """Visible events with several tracks and not one vertex: nothing masks them, and nothing may tell them apart."""
    event = event_of(z_tax_m=100.0 + 40.0 * draw(MILLI), cda_tax_mm=300.0 + 80.0 * draw(MILLI))
    event["straw"][draw(st.integers(0, 1))] |= draw(st.sampled_from([{"chi2": 1000.0}, {"chambers": 2}]))
    return event


@st.composite
def masked_contents(draw) -> dict:
    """Anything that a stripped event may hold, masked or not, or what stands for it (REJECT)."""
    event = draw(
        st.one_of(
            st.just(REJECT),
            ordinary_rejects(),
            masked_pairs(),
            guarded_pairs(),
            ks_pairs(),
            doubtful_pairs(),
            doubtful_pairs(),
            doubtful_pairs(),
        )
    )
    if event is not REJECT and draw(st.booleans()):
        extra = {"time": draw(MILLI) * 20.0, "id": draw(st.sampled_from([101, 7, 207, 65535]))}
        event["chod"], event["muv3"] = [*event["chod"], extra], [*event["muv3"], extra]
    if event is not REJECT and draw(st.integers(0, 9)) == 0:
        event["lav"] = [{"time": draw(ODD), "station": 200}]
    return event


@st.composite
def low_equivalent_frames(draw):
    """Two frames with equal headers and visible events, and with independent masked contents."""
    streams = [], []
    for i in range(draw(st.integers(1, 4))):
        header = {
            "event_number": i,
            "timestamp": draw(st.integers(0, 1 << 28)),
            "trigger_flags": draw(st.sampled_from([1, H2, 3])),
        }
        if draw(st.booleans()):
            event = draw(st.one_of(simple_events(), pair_events()))
            contents = event, event
        else:
            contents = draw(masked_contents()), draw(masked_contents())
        for stream, content in zip(streams, contents, strict=True):
            stream.append(content | header)
    return tuple(make_frame(events) for events in streams), streams


def public(frame):
    """Everything that leaves the gate, and the length of what is masked."""
    result = Reconstruction(*RECO).analyse(frame)
    return result.tally.pack(), result.headers_digest, len(result.masked.pack())


@settings(max_examples=250, deadline=None)
@given(low_equivalent_frames())
def test_non_interference(drawn):
    (one, two), _ = drawn
    assert public(one) == public(two)


@settings(max_examples=60, deadline=None)
@given(masked_contents())
def test_what_the_strategy_calls_masked_is_masked_in_the_slow_twin(content):
    counts, _, entries = selection_slow.analyse(make_frame([content]), *RECO)
    assert {k: v for k, v in counts.items() if v} == {"events": 1, "two_track": 1, "not_selected": 1}
    assert [name for name, _ in entries] == ["time_profile"]


MASKED: dict = {}
"""Rows that the mask, and not the selection, strips: what a leaky program would count."""


def note_masked(found, hidden, unfit):
    MASKED["rows"] = stripped_events(found, hidden, np.zeros_like(unfit))
    return stripped_events(found, hidden, unfit)


stripped_events = pipeline._stripped_events


def count_tracks(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.counts[COUNTS.index("tracks")] = len(frame.detectors["straw"].fields["p"])
    return tally, masked


def show_hits(frame, findings):
    tally, masked = gate.publish(frame, findings)
    everything = dataclasses.replace(findings, stripped=np.zeros_like(findings.stripped))
    tally.histograms["chod_tiles"][:] = gate.publish(frame, everything)[0].histograms["chod_tiles"]
    return tally, masked


def masked_as_overflow(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.histograms["momentum"][-1] += MASKED["rows"].sum()
    return tally, masked


def subtract(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.counts[COUNTS.index("not_selected")] -= MASKED["rows"].sum()
    return tally, masked


def tombstone(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.histograms["time_profile"][0] += MASKED["rows"].any()
    return tally, masked


def partition(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.counts[COUNTS.index("vertices")] = np.isfinite(findings.values[:, 0]).sum()
    return tally, masked


def after_the_veto(frame, findings):
    rows = np.zeros_like(findings.stripped)
    rows[findings.events] = findings.channel >= 0
    return gate.publish(frame, dataclasses.replace(findings, stripped=findings.stripped & rows))


def natural_mask(tax, mass, first, second, charge, pid, bounds, out):
    z, cda = tax.T
    inside = (z >= bounds.z_min_mm) & (z <= bounds.z_max_mm) & (cda <= bounds.cda_max_mm)
    out[:] = inside | (np.abs(mass - bounds.ks_mass_gev) <= bounds.ks_half_gev)


def mask_with(**change):
    from streaming.regions import mask_pairs

    def mutant(tax, mass, first, second, charge, pid, bounds, out):
        mask_pairs(tax, mass, first, second, charge, pid, bounds._replace(**change), out)

    return mutant


def only_opposite_sign(tax, mass, first, second, charge, pid, bounds, out):
    mask_with()(tax, mass, first, second, charge, pid, bounds, out)
    out &= charge[first] != charge[second]


def first_pair_only(found, hidden, unfit):
    masked = found.crowded.copy()
    masked[found.events] = hidden[found.pair_first[:-1]] | unfit
    return masked


def crowds_are_visible(found, hidden, unfit):
    masked = np.zeros_like(found.crowded)
    if len(found.events):
        masked[found.events] = np.logical_or.reduceat(hidden, found.pair_first[:-1]) | unfit
    return masked


def masked_events_are_of_no_class(frame, findings):
    tally, masked = gate.publish(frame, findings)
    tally.counts[COUNTS.index("two_track")] -= MASKED["rows"].sum()
    return tally, masked


def digest_of_everything(frame):
    return hashlib.sha256(digest_headers(frame) + frame.detectors["straw"].offsets.tobytes()).digest()


def charge_taken_as_it_comes(frame, max_tracks):
    found = pairs.find_pairs(frame, max_tracks)
    straw = frame.detectors["straw"].fields
    found.state[:, 5] = np.abs(straw["p"][found.row])
    found.state[:, 6] = np.sign(straw["charge"][found.row]) + 0.0
    return found


MUTANTS = {
    "tracks of masked events are counted": ("publish", count_tracks),
    "hits of masked events are in the illumination": ("publish", show_hits),
    "masked events are overflow": ("publish", masked_as_overflow),
    "masked events are subtracted": ("publish", subtract),
    "masked events leave a tombstone": ("publish", tombstone),
    "vertices are counted before the mask": ("publish", partition),
    "the mask comes after the veto": ("publish", after_the_veto),
    "the mask does not know NaN": ("mask_pairs", natural_mask),
    "no K_S window": ("mask_pairs", mask_with(ks_half_gev=0.0)),
    "no guard in CDA_TAX": ("mask_pairs", mask_with(cda_max_mm=150.0)),
    "no guard in Z_TAX": ("mask_pairs", mask_with(z_min_mm=-7000.0, z_max_mm=53000.0)),
    "same sign is open": ("mask_pairs", mask_with(open_same_sign=True)),
    "only opposite charges are masked": ("mask_pairs", only_opposite_sign),
    "only the first pair counts": ("_stripped_events", first_pair_only),
    "crowded events are visible": ("_stripped_events", crowds_are_visible),
    "masked events are of no class": ("publish", masked_events_are_of_no_class),
    "the digest covers the content": ("digest_headers", digest_of_everything),
    "any charge is believed": ("find_pairs", charge_taken_as_it_comes),
}
HOME = {"find_pairs": find}
"""Module of a mutant's function, where it is not the pipeline."""


@pytest.mark.filterwarnings("ignore:Generating overly large repr")
@pytest.mark.parametrize("name", MUTANTS)
def test_leak_is_caught(name, monkeypatch):
    monkeypatch.setattr(pipeline, "_stripped_events", note_masked)
    monkeypatch.setattr(HOME.get(MUTANTS[name][0], pipeline), *MUTANTS[name])
    monkeypatch.setattr(Reconstruction, "_one_by_one", lambda *_: pytest.fail("the mutant is broken, not leaky"))

    @settings(max_examples=3000, deadline=None, database=None, phases=[Phase.generate], derandomize=True)
    @given(low_equivalent_frames())
    def non_interference(drawn):
        (one, two), _ = drawn
        assert public(one) == public(two)

    with pytest.raises(AssertionError):
        non_interference()


def test_an_event_that_breaks_the_analysis_is_rejected_alone(monkeypatch):
    """A fault that only a masked event triggers changes nothing in public, and its text goes nowhere."""

    def fragile(momentum, *rest):
        if np.any(momentum == 13.0):
            msg = f"secret {momentum}"
            raise ValueError(msg)
        return identify(momentum, *rest)

    identify = find.identify
    monkeypatch.setattr(find, "identify", fragile)
    visible, breaking = event_of(), event_of(p=(13.0, 40.0), z_tax_m=23.0, cda_tax_mm=5.0, opening=(8e-3, 2e-3))
    one, two = (make_frame([visible, content, visible]) for content in (breaking, {"trigger_flags": H2} | REJECT))
    assert public(one) == public(two)
    assert Reconstruction(*RECO).analyse(one).tally.count("selected") == 2


def test_masked_counts_are_kept_inside():
    events = [event_of(z_tax_m=23.0, cda_tax_mm=c) for c in (5.0, 10.0, 100.0)]
    result = Reconstruction(*RECO).analyse(make_frame(events))
    assert np.frombuffer(result.masked.pack()[:COUNT_BYTES], "<i8")[:3].tolist() == [2, 1, 0]
    assert len(result.masked.pack()) == PACKED_BYTES


@settings(max_examples=40, deadline=None)
@given(st.lists(pair_events(), max_size=3))
def test_headers_digest_depends_on_headers_only(events):
    bare = [{k: v for k, v in e.items() if not isinstance(v, list)} for e in events]
    full, empty = (Reconstruction(*RECO).analyse(make_frame(e)).headers_digest for e in (events, bare))
    assert full == empty
    late = [e | {"timestamp": e.get("timestamp", 0) + 1} for e in events]
    assert not events or Reconstruction(*RECO).analyse(make_frame(late)).headers_digest != full


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_nothing_in_an_event_raises(data):
    events = data.draw(st.lists(st.one_of(pair_events(), simple_events()), min_size=1, max_size=3))
    for event in events:
        for _ in range(data.draw(st.integers(0, 4))):
            if any(event.get(n) for n in ("straw", "chod")):
                spoil(data.draw, event)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Reconstruction, "_one_by_one", lambda *_: pytest.fail("a kernel raised"))
        result = Reconstruction(*RECO).analyse(make_frame(events))
    assert result.tally.count("events") == len(events)
    assert result.tally.count("selected") + result.tally.count("not_selected") == len(events)


def test_frame_whose_lists_do_not_fit_is_refused_without_its_values():
    frame = make_frame([event_of(), event_of()])
    for offsets in ([0, 2, 9], [0, 3, 2], [0, 4], [-1, 2, 4]):
        broken = dict(frame.detectors)
        broken["straw"] = dataclasses.replace(broken["straw"], offsets=np.array(offsets, np.int32))
        with pytest.raises(DataError, match="'straw' do not fit"):
            Reconstruction(*RECO).analyse(dataclasses.replace(frame, detectors=broken))
    header = dict(frame.header) | {"timestamp": np.zeros(1, np.uint32)}
    with pytest.raises(DataError, match="header columns"):
        Reconstruction(*RECO).analyse(dataclasses.replace(frame, header=header))


def test_warm_compiles_everything_once():
    reco = Reconstruction(*RECO)
    reco.warm()
    before = len(pairs._gather.signatures)
    reco.analyse(make_frame([event_of(), {}]))
    assert len(pairs._gather.signatures) == before
