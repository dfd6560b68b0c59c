"""A count is open when the audited log says so, for exactly its spills, and never otherwise."""

import dataclasses

import pytest

from daq.errors import PolicyError
from monitor.sealed.audit import examine
from offline.report.opened import opened_of
from tests.monitor.blind_site import N_SPILLS, Ceremony

BURSTS = frozenset((1, burst) for burst in range(1, N_SPILLS + 1))


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory):
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def template(ceremony):
    return ceremony.fill()


def opened(ceremony, store):
    return opened_of(examine(store, ceremony.rings))


def test_nothing_is_open_before_the_ceremony(ceremony, template):
    found = opened(ceremony, template)
    assert found.blocks == () and found.counts(BURSTS) == {} and len(found.chain_head) == 64


def test_stages_open_one_after_the_other(ceremony, template):
    store = template.copy()
    bursts = frozenset((row.run, row.burst) for row in store.rows)
    ceremony.open(store)
    assert opened(ceremony, store).counts(bursts) == {("mumu", "CR"): 12}
    ceremony.open(store, "CR_VALIDATION")
    assert opened(ceremony, store).counts(bursts) == {("mumu", "CR"): 12}
    ceremony.open(store, "SR")
    (block,) = opened(ceremony, store).blocks
    assert block.counts["SR"] == 1 and block.counts["CR"] == 12 and block.pot == 12 * 5 * 10**12
    assert len(block.when) > 15


def test_counts_of_other_spills_are_not_taken(ceremony, template):
    store = template.copy()
    bursts = frozenset((row.run, row.burst) for row in store.rows)
    ceremony.open(store)
    found = opened(ceremony, store)
    assert found.counts(bursts) and not found.counts(bursts - {min(bursts)}) and not found.counts(bursts | {(9, 9)})


def test_a_log_with_a_fault_opens_nothing(ceremony, template):
    store = template.copy()
    ceremony.open(store)
    store.log[-1] = dataclasses.replace(store.log[-1], body=store.log[-1].body.replace('"count":12', '"count":11'))
    with pytest.raises(PolicyError, match="does not verify"):
        opened(ceremony, store)


def test_an_approval_alone_opens_nothing(ceremony, template):
    store = template.copy()
    ceremony.open(store)
    # the opening stopped between its two lines
    del store.log[-1]
    found = examine(store, ceremony.rings)
    assert not found.faults and opened_of(found).blocks == ()
