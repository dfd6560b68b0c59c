"""Tallies: addition in any order, constant size, exact round trip."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.tally import CHANNELS, COUNTS, HISTOGRAMS, OPEN_REGIONS, Tally, histogram_shape

SIZE = len(Tally.zero().pack())
SEEDS = st.integers(0, 2**32 - 1)


def tally(seed: int) -> Tally:
    words = np.random.default_rng(seed).integers(0, 2**40, SIZE // 8)
    return Tally.unpack(words.astype("<i8").tobytes())


def total(seeds) -> bytes:
    out = Tally.zero()
    for seed in seeds:
        out.add(tally(seed))
    return out.pack()


@given(SEEDS)
def test_round_trip(seed):
    packed = tally(seed).pack()
    assert len(packed) == SIZE
    assert Tally.unpack(memoryview(packed)).pack() == packed


@given(st.lists(SEEDS, max_size=5), st.randoms())
def test_any_order_gives_the_same_sum(seeds, random):
    shuffled = list(seeds)
    random.shuffle(shuffled)
    assert total(seeds) == total(shuffled)


@given(SEEDS, SEEDS)
def test_addition_is_of_every_word_and_leaves_the_other_alone(one, two):
    a, b = tally(one), tally(two)
    wanted = np.frombuffer(a.pack(), "<i8") + np.frombuffer(b.pack(), "<i8")
    before = b.pack()
    a.add(b)
    assert np.array_equal(np.frombuffer(a.pack(), "<i8"), wanted)
    assert b.pack() == before


def test_zero_is_nothing_of_the_right_shape():
    zero = Tally.zero()
    assert zero.pack() == bytes(SIZE)
    assert zero.candidates.shape == (len(CHANNELS), len(OPEN_REGIONS))
    assert {name: values.shape for name, values in zero.histograms.items()} == {
        n: histogram_shape(n) for n in HISTOGRAMS
    }
    assert [zero.count(name) for name in COUNTS] == [0] * len(COUNTS)


def test_count_by_name():
    one = Tally.zero()
    one.counts[:] = range(len(COUNTS))
    assert [one.count(name) for name in COUNTS] == list(range(len(COUNTS)))


@pytest.mark.parametrize("size", [0, SIZE - 8, SIZE + 8])
def test_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="words, wanted"):
        Tally.unpack(bytes(size))


def test_no_masked_region_has_a_name_in_public():
    assert not {"SR", "CR", "VR", "KS"} & set(OPEN_REGIONS)
