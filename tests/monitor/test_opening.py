"""Openings: one way, once, with enough custodians, and every opened count proved to be the one sealed live."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.errors import PolicyError
from monitor.sealed.chain import START
from monitor.sealed.keygen import SHARE_FILE, make_keys
from monitor.sealed.keyring import Custodian, KeyRing, load_host_key
from monitor.sealed.opening import block_digest, check_proof, open_compartment, private_key
from monitor.sealed.record import ITEM_BYTES, Record, seal_context, slots_context
from monitor.sealed.seal import Link, SpillSealer
from monitor.sealed.stages import APPROVED, Stage, check_stage, compartments_of, stages
from monitor.sealed.statement import Approval, Statement, approve, check_approval
from streaming.masked import SHAPE, Masked, fill_slot
from tests.monitor.synthetic import make_spill

NAMES = ["ada", "bob", "eve", "kim", "lou"]


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory):
    """Key ring, custodians, and twelve sealed spills: burst b holds b % 3 mu mu candidates in CR, one in SR at 7."""
    folder = tmp_path_factory.mktemp("keys")
    public = make_keys(folder / "set", NAMES, 3, demonstration=True)
    ring, host = KeyRing.load(public), load_host_key(public)
    custodians = [Custodian.load(folder / "set" / f"custodian-{i}" / SHARE_FILE) for i in range(1, 6)]
    sealer, chain = SpillSealer(ring.keys, host), []
    for burst in range(1, 13):
        counts = np.zeros(SHAPE, np.int64)
        counts[0] = (burst == 7, burst % 3, 0)
        slots = [fill_slot(b"event of 7", 0, 0)] if burst == 7 else []
        spill, _ = make_spill(burst=burst)
        link = Link(len(chain), chain[-1].head if chain else START)
        chain.append(sealer.seal(spill, 0, Masked(counts, slots), link, burst))
    return ring, custodians, chain


def statement(stage="CR", channel="mumu", first=0, last=11, nonce="n" * 16, **change) -> Statement:
    content = dict(
        schema="dumpwatch.opening/1", channel=channel, stage=stage, first_index=first, last_index=last, head="aa",
        keys_digest="bb", config_digest="cc", mask_digest="dd", program="1", expected="0.17", min_p_value="0.05",
        not_before_ns=0, not_after_ns=10, openings_head="ee", nonce=nonce,
    )  # fmt: skip
    return Statement.model_validate(content | change)


def test_three_custodians_open_what_was_sealed_and_two_do_not(ceremony):
    ring, custodians, chain = ceremony
    for chosen in (custodians[:3], custodians[2:], custodians[::2]):
        opened = open_compartment("mumu/CR", private_key("mumu/CR", chosen, ring), chain)
        assert [record.count for record in opened.records] == [b % 3 for b in range(1, 13)]
        assert (opened.total, opened.events) == (12, ())
    with pytest.raises(PolicyError, match="3 custodians are needed"):
        private_key("mumu/CR", custodians[:2], ring)
    signal = open_compartment("mumu/SR", private_key("mumu/SR", custodians[:3], ring), chain)
    assert (signal.total, signal.events) == (1, ((9001, 7, b"event of 7"),))


def test_anybody_can_check_the_proof_and_no_other_numbers_pass(ceremony):
    ring, custodians, chain = ceremony
    opened = open_compartment("mumu/CR", private_key("mumu/CR", custodians[:3], ring), chain)
    assert check_proof("mumu/CR", opened.proof(), chain) == 12
    lies = [replace(opened.records[1], count=0), replace(opened.records[1], nonce=bytes(32))]
    for lie in lies:
        records = (opened.records[0], lie, *opened.records[2:])
        with pytest.raises(PolicyError, match="burst 2 is not the committed one"):
            check_proof("mumu/CR", replace(opened, records=records).proof(), chain)
    with pytest.raises(PolicyError, match="792 bytes, wanted 72 for each spill"):
        check_proof("mumu/CR", opened.proof()[:-72], chain)
    with pytest.raises(PolicyError, match="burst 1 is not the committed one"):
        check_proof("mumu/SR", opened.proof(), chain)


def test_a_tampered_record_opens_nothing(ceremony):
    ring, custodians, chain = ceremony
    key = private_key("mumu/CR", custodians[:3], ring)
    block = bytearray(chain[4].records)
    block[152 + 60] ^= 1  # ciphertext of the second compartment
    bad = [*chain[:4], replace(chain[4], records=bytes(block)), *chain[5:]]
    with pytest.raises(PolicyError, match=r"run 9001 burst 5 compartment mumu/CR: sealed bytes do not open"):
        open_compartment("mumu/CR", key, bad)
    swapped = chain[4].records[152:304] + chain[4].records[:152] + chain[4].records[304:]
    with pytest.raises(PolicyError, match="do not open"):
        open_compartment("mumu/CR", key, [replace(chain[4], records=swapped)])
    places = [(sealed.index, sealed.head) for sealed in chain]
    assert block_digest(places) != block_digest(places[:-1])


@pytest.mark.parametrize(
    ("change", "words"),
    [({"burst": 2}, "of another place"), ({"index": 0}, "of another place"), ({"nonce": bytes(32)}, "committed to")],
)
def test_a_host_that_lies_inside_a_record_opens_nothing(ceremony, change, words):
    """Rightly encrypted, at the right place of the chain: but the record inside is another one."""
    ring, custodians, chain = ceremony
    right = Record(9001, 1, 1, 4, bytes(16), b"n" * 32)
    inside = replace(right, **change)
    commitment = (right if "nonce" in change else inside).commitment()
    cipher = ring.keys.seal("mumu/CR", seal_context(9001, 1, commitment), inside.pack())
    block = chain[0].records
    changed = replace(chain[0], records=block[:ITEM_BYTES] + commitment + cipher + block[2 * ITEM_BYTES :])
    key = private_key("mumu/CR", custodians[:3], ring)
    with pytest.raises(PolicyError, match=f"run 9001 burst 1 compartment mumu/CR: .*{words}.*; nothing is opened"):
        open_compartment("mumu/CR", key, [changed])


def test_an_event_that_says_it_is_of_another_compartment_is_not_shown(ceremony):
    ring, custodians, chain = ceremony
    context = slots_context(chain[0].run, chain[0].burst, chain[0].records)
    key = private_key("mumu/CR", custodians[:3], ring)
    for region, shown in ((1, 1), (0, 0)):
        slot = ring.keys.seal("mumu/CR", context, fill_slot(b"event", 0, region))
        changed = replace(chain[0], slots=slot + chain[0].slots[len(slot) :])
        assert len(open_compartment("mumu/CR", key, [changed]).events) == shown


@pytest.mark.parametrize("channel", ["mumu", "kk_pi0"])
def test_stages_go_one_way_and_one_by_one(channel):
    log = []
    for stage, wanted in (("CR", Stage.CR_OPEN), ("CR_VALIDATION", Stage.CR_VALIDATED), ("SR", Stage.SR_OPEN)):
        now = statement(stage, channel, nonce=stage.ljust(16, "-"))
        for other in {"CR", "CR_VALIDATION", "SR"} - {stage}:
            with pytest.raises(
                PolicyError, match=r"is at \w+, \w+ wants it at \w+; stages go one way|carried out before"
            ):
                check_stage(statement(other, channel, nonce="x" * 16), log)
        check_stage(now, log)
        if stage in APPROVED:
            log.append(("approved", now))
            assert stages(log)[channel, 0, 11] == APPROVED[stage]
            check_stage(now, log)  # a death between approval and opening: the same statement goes on
        log.append(("done", now))
        assert stages(log)[channel, 0, 11] == wanted
        with pytest.raises(PolicyError, match="was carried out before"):
            check_stage(now, log)
    assert stages([]) == {}


@given(st.integers(0, 30), st.integers(0, 30))
def test_blocks_of_a_channel_never_overlap(first, length):
    log = [("done", statement(first=10, last=19))]
    other = statement(first=first, last=first + length, nonce="o" * 16)
    same, apart = (first, length) == (10, 9), first + length < 10 or first > 19
    if apart:
        check_stage(other, log)
    else:
        with pytest.raises(PolicyError, match="is at CR_OPEN" if same else "overlap the block 10-19"):
            check_stage(other, log)
    check_stage(statement(first=first, last=first + length, channel="ee", nonce="o" * 16), log)


def test_compartments_of_each_stage():
    assert compartments_of(statement("CR")) == ("mumu/CR",)
    assert compartments_of(statement("SR", "pipi")) == ("pipi/SR", "pipi/KS")
    assert compartments_of(statement("CR_VALIDATION")) == ()
    assert compartments_of(statement("DRILL", "drill")) == ("drill",)
    for stage, channel in (("CR", "tau"), ("DRILL", "mumu"), ("CR", "drill")):
        with pytest.raises(PolicyError, match="wanted one of mumu, ee"):
            compartments_of(statement(stage, channel))


def test_approvals_hold_for_one_statement_of_one_custodian(ceremony):
    ring, custodians, _ = ceremony
    one, two = statement(), statement(nonce="m" * 16)
    approval = approve(one, custodians[0])
    check_approval(approval, one, ring.custodians)
    with pytest.raises(PolicyError, match="'ada': is for another statement"):
        check_approval(approval, two, ring.custodians)
    forged = Approval(custodian="bob", statement=approval.statement, signature=approval.signature)
    with pytest.raises(PolicyError, match="'bob': the signature does not hold"):
        check_approval(forged, one, ring.custodians)
    stranger = approval.model_copy(update={"custodian": "mallory"})
    with pytest.raises(PolicyError, match="'mallory': no custodian of this key set"):
        check_approval(stranger, one, ring.custodians)


@pytest.mark.parametrize("field", sorted(set(Statement.model_fields) - {"schema_name"}))
def test_every_field_of_a_statement_is_signed(ceremony, field):
    ring, custodians, _ = ceremony
    one = statement()
    value = getattr(one, field)
    other = {"channel": "ee", "stage": "SR"}.get(field, value + 1 if isinstance(value, int) else value + "x")
    changed = one.model_copy(update={field: other})
    with pytest.raises(PolicyError):
        check_approval(
            approve(one, custodians[0]).model_copy(update={"statement": changed.digest()}), changed, ring.custodians
        )


def test_a_statement_with_unknown_or_missing_fields_names_them():
    with pytest.raises(PolicyError, match="does not fit in colour, stage"):
        Statement.read(b'{"colour": 1, ' + statement().canonical()[1:].replace(b'"CR"', b'"ALL"'))
