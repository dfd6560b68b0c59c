"""Beam and biased bursts are told apart, never added, and what is partial is said."""

import numpy as np
import pytest

from daq.errors import DataError
from offline.report.sample import Kind, kinds_of, split
from tests.offline.overlay.synthetic import records, singles, spill

TWO_TRACK = {"mode": "BIASED", "bias": "two-track: pairs", "pot": None, "equivalent_pot": 5e15}
CONTROL = {"mode": "BIASED", "bias": "control: some", "pot": None, "equivalent_pot": 5e15, "weight": 1000.0}
SIGNAL = {"mode": "BIASED", "bias": "signal: events", "pot": None, "equivalent_pot": 1e20}


def sample(*changes):
    spills = [spill(burst, **change) for burst, change in enumerate(changes, start=1)]
    return records([(burst, singles(np.array([1.0]))) for burst in range(1, len(spills) + 1)], spills)


def test_kinds():
    given = sample({}, TWO_TRACK, CONTROL, SIGNAL, {"mode": "BIASED", "bias": "something else"})
    assert kinds_of(given).tolist() == ["beam", "two-track", "control", "signal", "other"]


def test_beam_alone_is_searched_and_gives_the_single_muons():
    found = split(sample({}, {"pot": 7 * 10**12}))
    assert found.search_kind is Kind.BEAM and found.pot == 12e12 and found.partial == ()
    assert found.control.spills.num_rows == 2 and found.bursts == {(1, 1), (1, 2)} and found.runs == (1,)


def test_two_track_bursts_are_searched_and_beam_is_not_added():
    found = split(sample({}, TWO_TRACK, TWO_TRACK, SIGNAL))
    assert found.search_kind is Kind.TWO_TRACK and found.pot == 1e16 and found.bursts == {(1, 2), (1, 3)}
    assert found.control.spills.num_rows == 1 and len(found.exposures) == 3
    assert set(found.search.of("singles", "burst")) == {2, 3}


def test_signal_alone_is_no_search():
    with pytest.raises(DataError, match="no spill of beam and no two-track burst among 2 signal"):
        split(sample(SIGNAL, SIGNAL))


def test_what_is_partial_is_said():
    found = split(sample({}, {"state": "INCOMPLETE"}, {"pot": None}), ["one more"])
    assert found.pot == 10e12 and len(found.partial) == 3
    assert "1 spills are incomplete" in found.partial[0] and "no protons" in found.partial[1]
