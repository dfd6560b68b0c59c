"""The audit finds every way of tampering that public data can show, and names each; all of them, not only the first."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from monitor.sealed import openlog
from monitor.sealed.audit import Witness, audit
from monitor.sealed.block import Limits
from monitor.sealed.chain import sign
from monitor.sealed.record import ITEM_BYTES
from monitor.sealed.store import PublicRow
from tests.monitor.blind_site import NOW_NS, Ceremony, MemoryStore
from tests.monitor.synthetic import make_spill


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def template(ceremony) -> MemoryStore:
    """Twelve spills; mu mu opened up to the SR, e e up to the CR."""
    store = ceremony.fill()
    ceremony.open(store)
    ceremony.open(store, "CR_VALIDATION")
    ceremony.open(store, "SR", expected="0.016")
    ceremony.open(store, "CR", "ee")
    return store


@pytest.fixture
def store(template) -> MemoryStore:
    return template.copy()


def faults(ceremony, store, **witness) -> list[str]:
    return list(audit(store, ceremony.rings, Witness(**witness)).faults)


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_an_honest_ledger_has_no_fault(ceremony, store):
    heads = {"chain": store.chain[5].head, "openings": store.log[2].head}
    report = audit(store, ceremony.rings, Witness(**heads))
    assert report.faults == () and report.document()["good"]
    assert "no fault found" in report.lines() and report.head == store.chain[-1].head.hex()
    json.dumps(report.document())


@pytest.mark.parametrize("field", ["records", "slots", "head", "row_digest", "keys_digest", "signature", "wall_ns"])
def test_a_changed_sealed_row_is_named(ceremony, store, field):
    value = getattr(store.chain[4], field)
    store.chain[4] = replace(store.chain[4], **{field: value + 1 if isinstance(value, int) else flipped(value, 20)})
    found = faults(ceremony, store)
    words = {
        "records": "the head does not follow", "slots": "the head does not follow", "head": "the head does not follow",
        "row_digest": "the public row was changed", "keys_digest": "sealed under key set",
    }  # fmt: skip
    assert any(text.startswith("spill 4 (run 9001 burst 5): ") for text in found)
    assert any(words.get(field, "the signature of the host does not hold") in text for text in found)


def test_swapped_compartments_break_the_chain(ceremony, store):
    block = store.chain[4].records
    swapped = block[ITEM_BYTES : 2 * ITEM_BYTES] + block[:ITEM_BYTES] + block[2 * ITEM_BYTES :]
    store.chain[4] = replace(store.chain[4], records=swapped)
    found = faults(ceremony, store)
    assert (
        "spill 4 (run 9001 burst 5): the head does not follow: a record was changed, swapped, moved or removed" in found
    )


def test_a_chain_that_was_written_anew_does_not_hold_the_witnessed_head(ceremony, store):
    """Who has the key of the host can make a chain without fault; what was written down elsewhere shows it."""
    store.log.clear()
    witnessed = store.chain[-1].head
    store.chain[3] = replace(store.chain[3], records=store.chain[2].records)
    ceremony.resign(store, 3)
    assert faults(ceremony, store) == []
    assert [text[:40] for text in faults(ceremony, store, chain=witnessed)] == [
        f"chain: witnessed head {witnessed.hex()[:16]}.."[:40]
    ]


def test_a_chain_whose_end_was_cut_off_needs_a_witness(ceremony, store):
    store.log.clear()
    witnessed = store.chain[-1].head
    del store.chain[9:], store.rows[9:]
    assert faults(ceremony, store) == []
    (fault,) = faults(ceremony, store, chain=witnessed)
    assert "is not in the chain of 9 spills; its end was cut off, or it was written anew" in fault


def test_removed_rows_are_named(ceremony, store):
    sealed, row = store.chain.pop(4), store.rows.pop(7)
    found = faults(ceremony, store)
    assert f"run 9001 burst {sealed.burst} revision 0: has no sealed row; it was removed, or never written" in found
    assert f"spill 7 (run 9001 burst {row.burst}): has no public row of revision 0" in found
    assert any("spill 5 (run 9001 burst 6): stands at place 4: sealed rows before it were removed" in t for t in found)
    assert len([text for text in found if "does not follow" in text]) == 1  # only the link that is broken


def test_a_missing_revision_is_named(ceremony, store):
    spill, _ = make_spill(burst=3, n_events=40_000)
    store.rows.append(PublicRow(9001, 3, 1, spill.model_dump_json()))
    assert "run 9001 burst 3 revision 1: has no sealed row; it was removed, or never written" in faults(ceremony, store)


def test_an_edited_public_row_is_named(ceremony, store):
    row = store.rows[6]
    store.rows[6] = replace(row, document=row.document.replace('"n_events":36000', '"n_events":36001'))
    assert faults(ceremony, store) == ["spill 6 (run 9001 burst 7): the public row was changed after it was sealed"]
    store.rows[6] = replace(row, document="{}")
    assert "public rows: run 9001 burst 7 revision 0: the public row cannot be read" in faults(ceremony, store)


def test_a_signature_of_another_host_is_named(ceremony, store, tmp_path):
    other = Ceremony(tmp_path / "other")
    store.chain[2] = replace(store.chain[2], signature=sign(other.host, store.chain[2]))
    assert faults(ceremony, store) == ["spill 2 (run 9001 burst 3): the signature of the host does not hold"]


def test_rows_of_another_size_are_named(ceremony, store):
    store.chain[2] = replace(store.chain[2], slots=store.chain[2].slots + b"x")
    (fault, *_) = faults(ceremony, store)
    assert fault == "spill 2 (run 9001 burst 3): slots 8385 bytes, wanted 8384: every sealed row has the same size"


def test_spills_of_two_key_sets_need_both(ceremony, store, tmp_path):
    other = Ceremony(tmp_path / "other")
    spill, _ = make_spill(burst=13)
    other.add(store, spill, other_masked())
    assert [text.split(":")[1][:23] for text in faults(ceremony, store)] == [" is sealed under key se"]
    assert audit(store, ceremony.rings | other.rings).faults == ()


def other_masked():
    from tests.monitor.blind_site import nothing

    return nothing(0)


def relogged(store: MemoryStore, rows) -> None:
    """Write the opening log anew, with heads that follow."""
    store.log = []
    for number, row in enumerate(rows, start=1):
        after = store.log[-1].head if store.log else openlog.START
        row = replace(row, id=number)
        store.log.append(replace(row, head=openlog.head_after(after, row)))


def test_reordered_openings_are_named(ceremony, store):
    a, b = store.log[0], store.log[1]
    store.log[:2] = [b, a]
    found = faults(ceremony, store)
    assert any("opening log line 2: stands at place 1; lines were taken out or moved" in text for text in found)
    assert any("opening log line 1: the head does not follow: a line was changed or moved" in text for text in found)


def test_reordered_openings_with_a_new_chain_are_named(ceremony, store):
    """SR before the CR was validated; approvals after the opening."""
    rows = store.log
    relogged(store, [rows[0], rows[1], rows[4], rows[5], rows[2], rows[3]])
    found = faults(ceremony, store)
    assert any("SR wants it at CR_VALIDATED; stages go one way" in text for text in found)
    assert any("lines were taken out or changed" in text for text in found)
    relogged(store, [rows[1], rows[0]])
    assert any("was done without approvals in the log" in text for text in faults(ceremony, store))


def test_an_opening_that_was_taken_out_shows_in_later_statements(ceremony, store):
    relogged(store, store.log[6:])
    found = faults(ceremony, store)
    assert found and all("was made when the opening log ended in" in text for text in found)


def test_openings_at_the_end_of_the_log_need_a_witness(ceremony, store):
    witnessed = store.log[-1].head
    del store.log[6:]
    assert faults(ceremony, store) == []
    (fault,) = faults(ceremony, store, openings=witnessed)
    assert "is not in it; lines were taken out" in fault


def test_the_head_of_the_log_depends_on_everything_in_a_line(store):
    row, head = store.log[1], store.log[0].head
    assert openlog.head_after(head, row) == row.head != openlog.head_after(row.head, row)
    for change in ({"id": 9}, {"kind": "approved"}, {"body": "{}"}, {"proof": b""}, {"booked_ns": 1}):
        assert openlog.head_after(head, replace(row, **change)) != row.head


def changed(row, **change):
    body = json.loads(row.body) | change
    return replace(row, body=json.dumps(body, sort_keys=True, separators=(",", ":")))


@pytest.mark.parametrize(
    ("line", "change", "words"),
    [
        (1, {"opened": [{"compartment": "mumu/CR", "count": 11, "events": 0}]}, "log says 11, the chain gives 12"),
        (1, {"opened": [{"compartment": "mumu/SR", "count": 12, "events": 0}]}, "compartments: the log says"),
        (1, {"spills": 11}, "spills: the log says 11, the chain gives 12"),
        (1, {"pot": 1}, "protons: the log says 1"),
        (1, {"block": "00"}, "digest of the block"),
        (3, {"p_value": "0.9"}, "P value: the log says 0.9"),
        (0, {"approvals": []}, "0 of 3 custodians"),
        (0, {"n_sealed": 5}, "but the chain has 5 spills"),
        (0, {"colour": "red"}, "is not a line of this version, or was changed"),
    ],
)
def test_a_line_that_was_made_up_is_named(ceremony, store, line, change, words):
    rows = list(store.log)
    rows[line] = changed(rows[line], **change)
    relogged(store, rows)
    assert any(words in text for text in faults(ceremony, store))


def test_a_proof_that_was_made_up_is_named(ceremony, store):
    for proof, words in ((flipped(store.log[1].proof, 80), "is not the committed one"), (b"", "bytes of the proof")):
        rows = list(store.log)
        rows[1] = replace(rows[1], proof=proof)
        relogged(store, rows)
        assert any(words in text for text in faults(ceremony, store))


def test_approvals_of_the_wrong_time_are_named(ceremony, store):
    rows = [replace(row, booked_ns=NOW_NS + 30 * 86_400 * 10**9) for row in store.log]
    relogged(store, rows)
    assert any("statement: expired at" in text for text in faults(ceremony, store))


def test_a_block_that_was_too_small_is_named(ceremony, store):
    rows = list(store.log)
    rows[0] = changed(rows[0], min_spills=1000)
    relogged(store, rows)
    assert any("12 spills, wanted 1000 at least" in text for text in faults(ceremony, store))


def test_lowered_limits_with_real_keys_are_named(tmp_path, monkeypatch):
    real = Ceremony(tmp_path / "real", demonstration=False)
    store = real.fill(5)
    with monkeypatch.context() as patch:
        patch.setattr(Limits, "check_allowed", lambda *_: None)  # an opener of one's own
        real.open(store)
    assert any("demonstration keys only; this key set is a real one" in text for text in faults(real, store))


def test_all_faults_are_told(ceremony, store):
    store.chain[1] = replace(store.chain[1], signature=bytes(64))
    store.chain[8] = replace(store.chain[8], signature=bytes(64))
    store.log[2] = replace(store.log[2], booked_ns=1)
    found = faults(ceremony, store)
    for words in (
        "spill 1 ",
        "spill 8 ",
        "opening log line 3: the head",
        "opening log line 3: statement: is not valid be",
    ):
        assert any(words in text for text in found)
    assert f"{len(found)} faults" in audit(store, ceremony.rings).lines()
