"""Sealed records: constant sizes, bound to their place, open only with the right key; the chain names any change."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from dataclasses import replace

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from daq.errors import PolicyError
from monitor.sealed.chain import START, is_signed, next_head
from monitor.sealed.record import (
    CIPHER_BYTES,
    RECORD_BYTES,
    RECORDS_BYTES,
    SEALED_SLOT_BYTES,
    SLOTS_BYTES,
    Record,
    items_of,
    seal_context,
    slots_context,
)
from monitor.sealed.seal import Link, SpillSealer, drill_count
from streaming.masked import SHAPE, Masked, fill_slot
from streaming.sealing.hpke import open_bytes
from streaming.sealing.keys import ALL_COMPARTMENTS, COUNT_COMPARTMENTS, FILE, SCHEMA, SealingKeys
from tests.monitor.synthetic import make_spill

PRIVATE = {name: X25519PrivateKey.generate() for name in ALL_COMPARTMENTS}
HOST = Ed25519PrivateKey.generate()


def key_file(folder, **change) -> SealingKeys:
    keys = {
        name: base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
        for name, key in PRIVATE.items()
    }
    content = {"schema": SCHEMA, "demonstration": True, "keys": keys} | change
    (folder / FILE).write_text(json.dumps(content))
    return SealingKeys.load(folder)


def masked_of(*counts: int, events: tuple[bytes, ...] = ()) -> Masked:
    array = np.zeros(SHAPE, np.int64)
    array.ravel()[: len(counts)] = counts
    return Masked(array, [fill_slot(event, 0, 0) for event in events])


def seal(keys, masked=None, **spill):
    row, _ = make_spill(**spill)
    return SpillSealer(keys, HOST).seal(row, 0, masked_of() if masked is None else masked, Link(0, START), 7)


def opened(sealed, i: int) -> Record:
    commitment, cipher = items_of(sealed.records)[i]
    name = COUNT_COMPARTMENTS[i]
    context = b"dumpwatch/seal/1|" + name.encode() + b"|" + seal_context(sealed.run, sealed.burst, commitment)
    return Record.unpack(open_bytes(PRIVATE[name], context, cipher))


@pytest.fixture
def keys(tmp_path):
    return key_file(tmp_path)


def test_counts_come_back_under_their_own_keys(keys):
    sealed = seal(keys, masked_of(3, 0, 1, 2**62), burst=5)
    counts = [opened(sealed, i).count for i in range(len(COUNT_COMPARTMENTS))]
    assert counts == [3, 0, 1, 2**62, *[0] * 23, drill_count(9001, 5)]
    for i, (commitment, _) in enumerate(items_of(sealed.records)):
        record = opened(sealed, i)
        assert (record.run, record.burst, record.index, record.commitment()) == (9001, 5, i, commitment)


def test_sizes_are_those_of_the_specification_whatever_is_sealed(keys):
    assert (RECORD_BYTES, CIPHER_BYTES) == (72, 120)
    full = masked_of(*[10**6] * 27, events=(b"x" * 2000,) * 4)
    found = [seal(keys), seal(keys, masked_of(1)), seal(keys, full)]
    assert {(len(s.records), len(s.slots), len(s.head), len(s.signature)) for s in found} == {
        (RECORDS_BYTES, SLOTS_BYTES, 32, 64)
    }


def test_the_same_spill_sealed_twice_shares_no_commitment_and_no_ciphertext(keys):
    one, two = seal(keys), seal(keys)
    pieces = [piece for s in (one, two) for item in items_of(s.records) for piece in item]
    assert len(set(pieces)) == len(pieces)


def opened_slots(sealed, name: str) -> list[bytes]:
    """Slots of a spill that open with the key of a compartment."""
    context = f"dumpwatch/seal/1|{name}|".encode() + slots_context(sealed.run, sealed.burst, sealed.records)
    found = []
    for at in range(0, SLOTS_BYTES, SEALED_SLOT_BYTES):
        with contextlib.suppress(PolicyError):
            found.append(open_bytes(PRIVATE[name], context, sealed.slots[at : at + SEALED_SLOT_BYTES]))
    return found


def test_each_compartment_opens_its_own_events_and_nobody_opens_an_empty_slot(keys):
    masked = Masked(np.zeros(SHAPE, np.int64), [fill_slot(b"signal", 0, 0), fill_slot(b"control", 0, 1)])
    sealed = seal(keys, masked)
    found = {name: opened_slots(sealed, name) for name in COUNT_COMPARTMENTS}
    assert found.pop("mumu/SR") == [fill_slot(b"signal", 0, 0)]
    assert found.pop("mumu/CR") == [fill_slot(b"control", 0, 1)]
    assert not any(found.values())


def test_event_slots_open_only_beside_their_own_records(keys):
    sealed = seal(keys, masked_of(1, events=(b"event",)))
    assert opened_slots(sealed, "mumu/SR") == [fill_slot(b"event", 0, 0)]
    assert opened_slots(replace(sealed, records=seal(keys).records), "mumu/SR") == []


@pytest.mark.parametrize("what", ["compartment", "spill", "key", "bytes"])
def test_a_record_that_was_moved_or_changed_does_not_open(keys, what):
    sealed = seal(keys, masked_of(1, 1))
    commitment, cipher = items_of(sealed.records)[0]
    name, burst, key = "mumu/SR", 1, PRIVATE["mumu/SR"]
    if what == "compartment":
        name, key = "mumu/CR", PRIVATE["mumu/CR"]
    elif what == "spill":
        burst = 2
    elif what == "key":
        key = PRIVATE["ee/SR"]
    else:
        cipher = cipher[:-1] + bytes([cipher[-1] ^ 1])
    context = b"dumpwatch/seal/1|" + name.encode() + b"|" + seal_context(9001, burst, commitment)
    with pytest.raises(PolicyError, match="do not open: wrong key, moved from another place, or changed"):
        open_bytes(key, context, cipher)


@pytest.mark.parametrize("field", ["records", "slots", "run", "burst", "revision"])
def test_the_head_depends_on_everything_that_was_sealed(keys, field):
    sealed = seal(keys)
    assert next_head(START, sealed) == sealed.head and next_head(sealed.head, sealed) != sealed.head
    value = getattr(sealed, field)
    other = value + 1 if isinstance(value, int) else value[:40] + bytes([value[40] ^ 1]) + value[41:]
    assert next_head(START, replace(sealed, **{field: other})) != sealed.head


@pytest.mark.parametrize("field", ["index", "wall_ns", "run", "head", "keys_digest", "row_digest"])
def test_the_signature_covers(keys, field):
    sealed = seal(keys)
    assert is_signed(HOST.public_key(), sealed)
    value = getattr(sealed, field)
    other = value + 1 if isinstance(value, int) else hashlib.sha256(value).digest()
    assert not is_signed(HOST.public_key(), replace(sealed, **{field: other}))
    assert not is_signed(Ed25519PrivateKey.generate().public_key(), sealed)


def test_a_record_has_no_text_form():
    record = Record(1, 1, 0, 5, bytes(16), bytes(32))
    assert "5" not in repr(record).replace(hex(id(record)), "")


@pytest.mark.parametrize(
    "change",
    [
        {"keys": {}},
        {"schema": "dumpwatch.keys/9"},
        {"demonstration": "no"},
        {"keys": {"mumu/SR": "short"}},
        {"keys": 5},
    ],
)
def test_keys_of_another_kind_are_refused(tmp_path, change):
    with pytest.raises(PolicyError, match="sealing keys"):
        key_file(tmp_path, **change)


def test_missing_keys_are_refused_with_what_to_do(tmp_path):
    with pytest.raises(PolicyError, match=r"compartments.json: cannot be read .*blind keygen"):
        SealingKeys.load(tmp_path / "none")


def test_a_configuration_digest_of_any_form_is_sealed(keys):
    """A recording of elsewhere says what it likes; the collector must not die of it."""
    row, _ = make_spill()
    for text in ("c", "", "not hexadecimal", "0" * 64):
        spill = row.model_copy(update={"config_digest": text})
        sealed = SpillSealer(keys, HOST).seal(spill, 0, masked_of(), Link(0, START), 7)
        assert opened(sealed, 0).config_digest == hashlib.sha256(text.encode()).digest()[:16]
