"""Opened events go through the reconstruction again, and have to be candidates of their compartment."""

from __future__ import annotations

import numpy as np
import pytest

from daq.config import Config
from daq.errors import PolicyError
from monitor.sealed.audit import audit
from monitor.sealed.events import summary
from monitor.sealed.open import open_block
from monitor.sealed.recount import Recounter
from streaming.event_bytes import pack_event
from streaming.masked import COMPARTMENTS, SHAPE, Masked, fill_slot
from tests.monitor.blind_site import NOW_NS, Ceremony
from tests.strategies import event_of, make_frame

CONFIG = Config().model_copy(update={"reco": Config().reco.model_copy(update={"residual_field": False})})


def event(**pair) -> bytes:
    return pack_event(make_frame([event_of("mm", **pair)]), 0)


SR = event(z_tax_m=23.0, cda_tax_mm=5.0)
CR = event(z_tax_m=23.0, cda_tax_mm=100.0)


@pytest.fixture(scope="module")
def recounter() -> Recounter:
    return Recounter(CONFIG)


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


def ledger(ceremony, **events: bytes):
    """Six spills; the second holds one event in each compartment named."""

    def masked(burst: int) -> Masked:
        counts, slots = np.zeros(SHAPE, np.int64), []
        for region, data in events.items() if burst == 2 else ():
            place = COMPARTMENTS.index(region)
            counts[0, place] += 1
            slots.append(fill_slot(data, 0, place))
        return Masked(counts, slots)

    return ceremony.fill(6, masked, config_digest=CONFIG.digest())


def test_each_event_is_a_candidate_of_its_own_compartment_only(recounter):
    assert recounter.agrees("mumu/SR", [(1, 1, SR)]) and recounter.agrees("mumu/CR", [(1, 1, CR), (1, 2, CR)])
    assert not recounter.agrees("mumu/CR", [(1, 1, CR), (1, 2, SR)])
    assert not recounter.agrees("ee/SR", [(1, 1, SR)])
    assert not recounter.agrees("mumu/SR", [(1, 1, SR[:-1])])
    assert recounter.agrees("mumu/SR", [])


@pytest.mark.parametrize(("data", "recount"), [(CR, "agrees"), (SR, "differs")])
def test_an_opening_says_whether_its_events_count_again(ceremony, recounter, data, recount):
    store = ledger(ceremony, CR=data)
    statement = ceremony.statement(store, expected="1.0")
    opened = open_block(store, ceremony.rings, ceremony.request(statement, recounter=recounter), NOW_NS)
    assert opened.done.recount == recount
    (shown,) = opened.events
    assert (shown["run"], shown["burst"], len(shown["tracks"])) == (9001, 2, 2)
    assert {track["charge"] for track in shown["tracks"]} == {-1, 1}
    if recount == "differs":
        request = ceremony.request(ceremony.statement(store, "CR_VALIDATION"))
        with pytest.raises(PolicyError, match="the recount of the opened events differed"):
            open_block(store, ceremony.rings, request, NOW_NS)
    assert audit(store, ceremony.rings).faults == ()


def test_another_configuration_is_refused_before_anything_is_opened(ceremony):
    store = ledger(ceremony, CR=CR)
    request = ceremony.request(ceremony.statement(store), recounter=Recounter(Config()))
    with pytest.raises(PolicyError, match="recount: the configuration given has digest"):
        open_block(store, ceremony.rings, request, NOW_NS)
    assert store.log == []


def test_an_event_that_cannot_be_read_is_shown_as_such():
    shown = summary("mumu/SR", (1, 2, b"short"))
    assert shown["tracks"] == [] and shown["event_number"] is None and "not of this version" in shown["fault"]
