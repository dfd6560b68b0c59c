"""Streams that differ only in what is hidden look the same to everybody, in every verb, byte for byte."""

from __future__ import annotations

import logging
import random

import numpy as np
import pytest
from hypothesis import given, seed, settings

from daq.frame import encode_frame
from streaming.gate import publish
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS, SHAPE
from streaming.reco.frames import checked
from streaming.reco.pipeline import Reconstruction
from tests.noninterference import edges
from tests.noninterference.compare import Leak, same
from tests.noninterference.contents import HIDDEN, SHOWN, compartment, content
from tests.noninterference.low import is_hidden
from tests.noninterference.place import watched
from tests.noninterference.seam import BREAKS, sealed_world
from tests.noninterference.streams import Burst, Fate, bursts, header_of
from tests.noninterference.world import LOOKS, world
from tests.strategies import event_of, make_frame

FILLINGS, BURSTS, SEED = 11, 200, 1
"""200 bursts with eleven fillings each: 2000 pairs of low-equivalent streams."""


@pytest.mark.timeout(600)
def test_nobody_can_tell_low_equivalent_streams_apart(keys, tmp_path):
    with world(tmp_path / "w", keys, FILLINGS) as chains:

        @seed(SEED)
        @settings(max_examples=BURSTS, deadline=None, database=None)
        @given(bursts(FILLINGS))
        def nobody_can_tell(burst):
            chains.check(burst)

        nobody_can_tell()
        chains.finish()
        assert chains.n_pairs == chains.n_looked_at == BURSTS * (FILLINGS - 1)


FATES = [Fate(), *(Fate(**{name: True}) for name in ("duplicate", "reverse", "lose", "corrupt", "no_eob"))]


@pytest.mark.parametrize("fate", FATES, ids=str)
def test_every_family_through_every_verb(keys, tmp_path, fate):
    """One burst with every family of hidden events against rejected ones, whatever happens to its frames."""
    families = list(HIDDEN)
    headers = tuple(header_of(i, i) for i in range(len(families) + 2))
    between = (("shown", 3), ("just open", 5))
    slots = tuple(
        (between[0], *((family if filling else "reject", 7) for family in families), between[1]) for filling in (0, 1)
    )
    with world(tmp_path / "w", keys) as chains:
        chains.check(Burst((9, len(headers) - 9), headers, slots, fate), tuple(LOOKS))


@pytest.mark.parametrize("family", HIDDEN)
def test_what_is_called_hidden_is_hidden_in_the_slow_twin(family):
    for number in range(12):
        event = content(family, number)
        assert len(event["straw"]) >= 2 and is_hidden((family, number)), number


def test_the_streams_hold_candidates_of_all_27_compartments_and_visible_ones(keys):
    """Nothing could be told apart if nothing were masked, or nothing shown."""
    total = np.zeros(SHAPE, np.int64)
    for channel in SEALED_CHANNELS:
        for region in COMPARTMENTS:
            frame = make_frame([compartment(random.Random(i), channel, region) for i in range(2)])
            total += keys.reconstruction.analyse(frame).masked.hand_over(lambda counts, _: counts)
    assert (total == 2).all()
    frame = make_frame([content(family, i) for family in SHOWN for i in range(20)])
    assert keys.reconstruction.analyse(frame).tally.count("selected") > 10


@pytest.mark.parametrize("mark", edges.EDGES)
def test_the_gate_agrees_with_the_exact_edges(mark, keys):
    """One unit in the last place inside is stripped, one outside is shown."""
    frame = make_frame([content_of_edge(mark)])
    with sealed_world():
        stripped = keys.reconstruction.stripped(frame)
    assert stripped.tolist() == [edges.is_masked(edges.edge_of(mark))]


def content_of_edge(mark: float) -> dict:
    return event_of("mm", p=(mark, 40.0))


@pytest.mark.parametrize("where", BREAKS)
def test_an_event_that_breaks_the_analysis_says_nothing(where, keys, tmp_path):
    """The error is raised, and neither its text nor its number gets anywhere."""
    breaking = event_of("mm", z_tax_m=23.0, cda_tax_mm=5.0, p=(BREAKS[where], 40.0), opening=(0.0, 6e-3))
    with sealed_world(), watched(tmp_path) as seen:
        with pytest.raises(ValueError, match="secret"):
            frame = checked(make_frame([breaking]))
            publish(frame, keys.reconstruction._find(frame))
        result = keys.reconstruction.analyse(make_frame([breaking, content("shown", 1)]))
    assert result.tally.count("events") == 2 and result.tally.count("not_selected") >= 1
    assert not any(seen.values())


def test_the_comparison_sees_what_is_public(keys, tmp_path):
    """Two streams that are not low-equivalent are refused as a test; two that differ in public are told apart."""
    headers = (header_of(0, 0),)
    with world(tmp_path / "w", keys) as chains, pytest.raises(ValueError, match="not low-equivalent"):
        chains.check(Burst((0, 1), headers, ((("shown", 1),), (("reject", 1),))))
    with pytest.raises(Leak, match="differ at 1"):
        same({"log": b"aa"}, {"log": b"ab"})
    with pytest.raises(Leak, match="only in the second"):
        same({}, {"file": b""})


def test_a_line_of_any_logger_is_seen(tmp_path):
    with watched(tmp_path) as seen:
        logging.getLogger("anything").debug("here %s", tmp_path)
        print("there")
    assert (seen["log"], seen["stdout"]) == (b"DEBUG anything here PLACE\n", b"there\n")


def test_frames_of_the_fillings_do_differ():
    burst = Burst((0, 1), (header_of(0, 0),), ((("reject", 0),), (("candidate", 1),)))
    assert burst.is_low_equivalent
    assert len({encode_frame(burst.frames(i)[1]).to_pybytes() for i in (0, 1)}) == 2


def test_without_keys_the_streams_are_alike_too(keys):
    """Then no event with several tracks is looked at."""
    cfg = keys.config
    blind = Reconstruction(cfg.reco, cfg.regions, cfg.gate, cfg.channels, several=False)
    seen = set()
    for family in HIDDEN:
        result = blind.analyse(make_frame([content(family, 1) | header_of(0, 0)]))
        seen.add((result.tally.pack(), result.headers_digest, result.masked.pack()))
    assert len(seen) == 1
