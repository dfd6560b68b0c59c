"""What is sealed shows nowhere: ledgers that differ only in sealed counts give the same words, byte for byte."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.sealed.audit import audit, examine
from monitor.sealed.status import lines, status
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS, SHAPE, SLOTS, Masked, fill_slot
from tests.monitor.blind_site import Ceremony, MemoryStore, nothing

HASH = re.compile("[0-9a-f]{64}")
"""Heads differ, because no ciphertext is ever made twice."""


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def empty(ceremony) -> MemoryStore:
    return ceremony.fill(3, nothing)


def words(ceremony, store) -> str:
    """Everything that status and audit say, with the hashes blanked."""
    report, seen = audit(store, ceremony.rings), examine(store, ceremony.rings)
    state = status(seen, ceremony.rings)
    text = [*report.lines(), json.dumps(report.document()), *lines(state), json.dumps(state)]
    return HASH.sub("H", "\n".join(text))


@st.composite
def anything(draw) -> Masked:
    counts = np.array(draw(st.lists(st.integers(0, 2**40), min_size=27, max_size=27)), np.int64).reshape(SHAPE)
    events = draw(st.lists(st.binary(min_size=1, max_size=2000), max_size=SLOTS))
    places = [(draw(st.integers(0, 8)), draw(st.integers(0, 2))) for _ in events]
    return Masked(counts, [fill_slot(event, *place) for event, place in zip(events, places, strict=True)])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(anything(), min_size=3, max_size=3))
def test_status_and_audit_say_the_same_whatever_is_sealed(ceremony, empty, masked):
    store = ceremony.fill(3, lambda burst: masked[burst - 1])
    assert words(ceremony, store) == words(ceremony, empty)
    sizes = [[(len(s.records), len(s.slots), s.index, s.wall_ns) for s in one.chain] for one in (store, empty)]
    assert sizes[0] == sizes[1]


def test_the_comparison_sees_what_is_public(ceremony, empty):
    other = ceremony.fill(4, nothing)
    assert words(ceremony, other) != words(ceremony, empty)
    other = empty.copy()
    other.rows.pop()
    assert words(ceremony, other) != words(ceremony, empty)


def test_an_opening_of_one_compartment_says_nothing_of_the_others(ceremony):
    """Two ledgers, equal in mu mu CR; both opened there."""
    texts = []
    for value in (0, 7):
        counts = np.full(SHAPE, value, np.int64)
        counts[SEALED_CHANNELS.index("mumu"), COMPARTMENTS.index("CR")] = 3
        store = ceremony.fill(4, lambda _, counts=counts: Masked(counts.copy()))
        opened = ceremony.open(store)
        texts.append(words(ceremony, store) + opened.done.model_dump_json(exclude={"statement", "block"}))
        assert opened.done.opened[0].count == 12
    assert texts[0] == texts[1]


def test_every_sealed_compartment_has_the_same_words(ceremony, empty):
    found = status(examine(empty, ceremony.rings), ceremony.rings)
    assert len(found["compartments"]) == 28
    assert {(row["state"], str(row["opened"])) for row in found["compartments"]} == {("sealed", "[]")}
    named = [line for line in lines(found) if line.startswith(("mumu/", "kk_pi0/", "drill"))]
    assert {line.split()[1] for line in named} == {"sealed"} and len({len(line) for line in named}) == 1
