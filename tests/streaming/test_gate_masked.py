"""`Masked` can be added, packed, sealed and discarded; everything else is refused with the same words."""

from __future__ import annotations

import copy
import dataclasses
import operator
import pickle

import numpy as np
import pytest
from hypothesis import given, settings

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.errors import DataError, PolicyError
from daq.frame import encode_frame, take_events
from streaming.event_bytes import pack_event, unpack_event
from streaming.masked import PACKED_BYTES, SHAPE, SLOTS, Masked, read_slot, slots_of
from streaming.reco.pipeline import Reconstruction
from tests.strategies import event_lists, event_of, make_frame


def masked(value=0) -> Masked:
    return Masked(np.full(SHAPE, value, np.int64))


REFUSED = {
    "repr": repr, "str": str, "format": "{}".format, "f-string": lambda m: f"{m!r}",
    "percent": lambda m: "%s" % m,  # noqa: UP031
    "int": int, "float": float, "complex": complex, "index": operator.index, "bool": bool, "not": operator.not_,
    "hash": hash, "len": len, "iter": iter, "list": list, "getitem": lambda m: m[0], "contains": lambda m: 0 in m,
    "eq": lambda m: m == masked(), "ne": lambda m: m != masked(),
    "eq number": lambda m: m == 0, "lt": lambda m: m < masked(),
    "ge": lambda m: m >= 1, "pickle": pickle.dumps, "copy": copy.copy, "deepcopy": copy.deepcopy, "asarray": np.asarray,
    "sum": lambda m: sum([m]), "add": lambda m: m + m, "sub": lambda m: m - m, "bytes": bytes, "round": round,
    "abs": abs, "neg": operator.neg, "reversed": reversed, "in list": lambda m: m in [masked()],
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_the_same_words_for_any_count(name):
    texts = set()
    for value in (0, 1, 12345):
        with pytest.raises(PolicyError) as caught:
            REFUSED[name](masked(value))
        texts.add(caught.value.args[0])
    assert texts == {
        "masked counts cannot be shown, compared or converted; they can be added, packed, sealed and discarded"
    }


def test_add_pack_unpack_discard():
    total = masked(2)
    total.add(masked(3))
    assert total.pack() == masked(5).pack()
    assert Masked.unpack(memoryview(total.pack())).pack() == total.pack()
    total.discard()
    assert total.pack() == Masked.zero().pack() == bytes(PACKED_BYTES)


def test_packed_size_is_constant():
    assert {len(masked(v).pack()) for v in (0, 1, -1, 2**62)} == {PACKED_BYTES}


def test_unpacked_counts_do_not_share_memory():
    data = masked(1).pack()
    one, two = Masked.unpack(data), Masked.unpack(data)
    one.add(two)
    assert two.pack() == data


@pytest.mark.parametrize("size", [0, PACKED_BYTES - 8, PACKED_BYTES + 1])
def test_wrong_size_is_refused(size):
    with pytest.raises(ValueError, match="wanted"):
        Masked.unpack(bytes(size))


@pytest.mark.parametrize("counts", [np.zeros(3, np.int64), np.zeros(SHAPE, np.int32)])
def test_wrong_shape_or_type_is_refused(counts):
    with pytest.raises(ValueError, match="int64 array of shape"):
        Masked(counts)


def test_a_result_can_be_shown_but_not_its_masked_part():
    result = Reconstruction(RecoConfig(), RegionsConfig(), GateConfig()).analyse(make_frame([]))
    assert "masked" not in repr(result)
    with pytest.raises(PolicyError):
        dataclasses.asdict(result)


def test_no_attribute_can_be_added_or_listed():
    with pytest.raises(AttributeError):
        masked().note = 1
    with pytest.raises(TypeError):
        vars(masked())


def candidates(n, first=0):
    """Frame of `n` masked candidates, numbered."""
    return make_frame([event_of(z_tax_m=23.0, cda_tax_mm=5.0) | {"event_number": first + i} for i in range(n)])


def numbers_of(masked: Masked) -> list[int]:
    """Numbers of the events in the slots."""
    found = [read_slot(slot) for slot in slots_of(masked.hand_over(lambda _, slots: slots))]
    assert all(slot is None or slot[1:] == ("mumu", "SR") for slot in found)
    events = [unpack_event(slot[0]) for slot in found if slot is not None]
    return [int(e.header["event_number"][0]) for e in events]


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 2), (2, 2), (3, 3), (7, 0), (0, 9)])
def test_slots_hold_the_first_candidates(first, second):
    reco = Reconstruction(RecoConfig(residual_field=False), RegionsConfig(), GateConfig())
    one, two = reco.analyse(candidates(first)).masked, reco.analyse(candidates(second, 100)).masked
    one.add(two)
    wanted = [*range(min(first, SLOTS)), *range(100, 100 + min(second, SLOTS))][:SLOTS]
    assert numbers_of(one) == numbers_of(Masked.unpack(one.pack())) == wanted
    assert len(one.pack()) == PACKED_BYTES


def test_an_event_without_room_takes_no_slot():
    event = event_of(z_tax_m=23.0, cda_tax_mm=5.0)
    event["chod"] = event["chod"] + [{"time": 900.0, "id": 101}] * 400
    reco = Reconstruction(RecoConfig(residual_field=False), RegionsConfig(), GateConfig())
    masked = reco.analyse(make_frame([event])).masked
    assert numbers_of(masked) == [] and masked.hand_over(lambda counts, _: counts.sum()) == 1


@settings(max_examples=60, deadline=None)
@given(event_lists(min_size=1))
def test_event_bytes_round_trip(events):
    frame = make_frame(events)
    for row in range(frame.n_events):
        data = pack_event(frame, row)
        again = unpack_event(data)
        assert pack_event(again, 0) == data
        assert encode_frame(again).to_pybytes() == encode_frame(take_events(frame, np.array([row]))).to_pybytes()
        for cut in (1, len(data) // 2, len(data) - 1):
            with pytest.raises(DataError):
                unpack_event(data[:cut])
