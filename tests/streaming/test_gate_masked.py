"""`Masked` can be added, packed, sealed and discarded; everything else is refused with the same words."""

from __future__ import annotations

import copy
import dataclasses
import operator
import pickle

import numpy as np
import pytest

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.errors import PolicyError
from streaming.masked import PACKED_BYTES, SHAPE, Masked
from streaming.reco.pipeline import Reconstruction
from tests.strategies import make_frame


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
