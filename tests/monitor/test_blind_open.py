"""The ceremony of an opening, and everything it refuses. Nothing is opened by what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from daq.errors import ConfigError, PolicyError
from monitor.sealed.audit import Witness, audit
from monitor.sealed.block import Limits
from monitor.sealed.chain import START, is_signed
from monitor.sealed.keygen import HOST_FILE
from monitor.sealed.open import open_block
from monitor.sealed.opening import OpenedCompartment
from monitor.sealed.seal import Link, SpillSealer, drill_count
from monitor.sealed.statement import Statement, approve
from monitor.sealed.store import PublicRow
from monitor.sealed.validation import p_at_least
from streaming.masked import SHAPE, Masked
from tests.monitor.blind_site import N_SPILLS, NOW_NS, SMALL, Ceremony, MemoryStore, usual
from tests.monitor.synthetic import make_spill

DAY_NS = 86_400 * 10**9


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def template(ceremony) -> MemoryStore:
    return ceremony.fill()


@pytest.fixture
def store(template) -> MemoryStore:
    return template.copy()


def refuse(ceremony, store, request, match, now_ns=NOW_NS):
    """The request is refused with these words, and the log stays as it was."""
    before = list(store.log)
    with pytest.raises(PolicyError, match=match) as caught:
        open_block(store, ceremony.rings, request, now_ns)
    assert store.log == before and "\n" not in str(caught.value)


def test_a_whole_ceremony_opens_what_was_sealed(ceremony, store):
    control = ceremony.open(store)
    assert [(one.compartment, one.count, one.events) for one in control.done.opened] == [("mumu/CR", 12, 0)]
    assert (control.done.spills, control.done.pot, control.done.recount) == (12, 12 * 5 * 10**12, "not done")
    refuse(ceremony, store, ceremony.request(ceremony.statement(store, "SR")), "is at CR_OPEN, SR wants it at CR_VALI")
    valid = ceremony.open(store, "CR_VALIDATION")
    assert valid.done.p_value == f"{poisson.sf(11, 10.0):.6g}" and valid.done.opened == ()
    signal = ceremony.open(store, "SR", expected="0.016")
    counts = {one.compartment: (one.count, one.events) for one in signal.done.opened}
    assert counts == {"mumu/SR": (1, 1), "mumu/KS": (1, 0)}
    assert signal.events[0]["compartment"] == "mumu/SR" and signal.events[0]["burst"] == 7
    report = audit(store, ceremony.rings)
    assert report.faults == () and len(report.story) == 6
    assert "mumu CR, spills 0-11 approved by ada, bob, eve" in report.story[0]
    assert "least block lowered to 4 spills" in report.story[0]
    assert "mumu/SR 1 (1 with their events), mumu/KS 1 (0 with their events) in 12 spills" in report.story[5]


def test_any_three_of_five_open_and_two_do_not(ceremony, template):
    for chosen in (slice(3), slice(2, 5), slice(0, 5, 2)):
        store = template.copy()
        request = ceremony.request(ceremony.statement(store), chosen)
        assert open_block(store, ceremony.rings, request, NOW_NS).done.opened[0].count == 12
    store = template.copy()
    request = ceremony.request(ceremony.statement(store))
    refuse(ceremony, store, replace(request, approvals=request.approvals[:2]), r"2 of 3 custodians \(ada, bob\)")
    refuse(ceremony, store, replace(request, custodians=request.custodians[:2]), "pads are missing; 3 custodians")


def test_a_second_opening_is_refused(ceremony, store):
    statement = ceremony.statement(store)
    open_block(store, ceremony.rings, ceremony.request(statement), NOW_NS)
    refuse(ceremony, store, ceremony.request(statement), "was carried out before")
    refuse(ceremony, store, ceremony.request(ceremony.statement(store)), "0-11 is at CR_OPEN, CR wants it at SEALED")


@pytest.mark.parametrize(("first", "last"), [(0, 5), (6, 11), (3, 8)])
def test_overlapping_blocks_are_refused(ceremony, store, first, last):
    ceremony.open(store, first=0, last=11)
    request = ceremony.request(ceremony.statement(store, first=first, last=last))
    refuse(ceremony, store, request, f"spills {first}-{last} overlap the block 0-11")


def test_two_blocks_side_by_side_are_two_openings(ceremony, store):
    counts = [ceremony.open(store, first=a, last=b).done.opened[0].count for a, b in ((0, 5), (6, 11))]
    assert counts == [6, 6] and audit(store, ceremony.rings).faults == ()


def test_each_block_is_validated_with_its_own_count(ceremony, store):
    """Six are expected in each of three blocks; the last one has 120."""
    for first, last in ((0, 5), (6, 11)):
        ceremony.open(store, first=first, last=last, expected="6.0")
    for burst in range(13, 17):
        counts = np.zeros(SHAPE, np.int64)
        counts[0, 1] = 30
        spill, _ = make_spill(burst=burst)
        ceremony.add(store, spill, Masked(counts))
    ceremony.open(store, first=12, last=15, expected="6.0")
    for first, last in ((0, 5), (6, 11)):
        done = ceremony.open(store, "CR_VALIDATION", first=first, last=last).done
        assert done.p_value == f"{poisson.sf(5, 6.0):.6g}"
    request = ceremony.request(ceremony.statement(store, "CR_VALIDATION", first=12, last=15))
    refuse(ceremony, store, request, "120 opened, 6.0 expected")


def test_approvals_replayed_expired_early_twice_or_foreign_are_refused(ceremony, store, tmp_path):
    one, two = ceremony.statement(store), ceremony.statement(store)
    good = ceremony.request(one)
    refuse(ceremony, store, replace(good, statement=two), "'ada': is for another statement")
    refuse(ceremony, store, good, "expired at .* make a new one", one.not_after_ns)
    refuse(ceremony, store, good, "is not valid before", one.not_before_ns - 1)
    twice = (good.approvals[0], *good.approvals[:2])
    refuse(ceremony, store, replace(good, approvals=twice), "ada came twice; 3 different custodians")
    stranger = good.approvals[0].model_copy(update={"custodian": "mallory"})
    refuse(ceremony, store, replace(good, approvals=(*good.approvals[:2], stranger)), "'mallory': no custodian")
    forged = approve(one, ceremony.custodians[3]).model_copy(update={"custodian": "eve"})
    refuse(
        ceremony, store, replace(good, approvals=(*good.approvals[:2], forged)), "'eve': the signature does not hold"
    )


def test_another_key_set_opens_nothing(ceremony, store, tmp_path):
    other = Ceremony(tmp_path / "other")
    request = ceremony.request(ceremony.statement(store))
    with pytest.raises(PolicyError, match=r"was made for key set \w{16}, given \w{16}; name the right one"):
        open_block(store, other.rings, request, NOW_NS)
    wrong = replace(request, custodians=(*request.custodians[:2], other.custodians[2]))
    refuse(ceremony, store, wrong, "two custodians hold different pads|one share is wrong")


def test_a_statement_of_another_chain_or_program_is_refused(ceremony, store):
    statement = ceremony.statement(store)
    for change, match in (
        ({"head": "ab" * 32}, "block: the head after spill 11 is .* another ledger"),
        ({"program": "0.0.1"}, "was made with program 0.0.1, this is"),
        ({"last_index": 12}, "but the chain has 12 spills"),
        ({"openings_head": "ab" * 32}, "lines were taken out or changed"),
        ({"channel": "tau"}, "channel 'tau' with stage CR: wanted one of mumu, ee"),
        ({"config_digest": "ab" * 32}, "burst 1 was taken with another config"),
        ({"mask_digest": "ab" * 32}, "burst 1 was taken with another mask"),
    ):
        refuse(ceremony, store, ceremony.request(Statement.of(statement.model_dump(by_alias=True) | change)), match)


@pytest.mark.parametrize(
    ("change", "what"),
    [({"mask_digest": "1" * 64}, "mask"), ({"config_digest": "1" * 64}, "config"), ({"mode": "BIASED"}, "mode"),
     ({"weight": 2.0}, "weight")],
)  # fmt: skip
def test_a_block_has_one_mask_one_configuration_and_one_kind_of_data(ceremony, store, change, what):
    spill, _ = make_spill(burst=20)
    ceremony.add(store, spill.model_copy(update=change), usual(20))
    spill, _ = make_spill(burst=21)
    ceremony.add(store, spill, usual(21))
    request = ceremony.request(ceremony.statement(store))
    refuse(ceremony, store, request, f"burst 20 was taken with another {what} .* a block has one {what}")
    assert ceremony.open(store, last=11).done.opened[0].count == 12


def test_a_block_has_one_key_set(ceremony, store, tmp_path):
    other = Ceremony(tmp_path / "other")
    spill, _ = make_spill(burst=13)
    sealed = other.add(store, spill, usual(13))
    rings = ceremony.rings | other.rings
    mine = ceremony.statement(ceremony.fill(13)).model_dump(by_alias=True)
    request = ceremony.request(Statement.of(mine | {"head": sealed.head.hex()}))
    with pytest.raises(PolicyError, match="burst 13 is sealed under another key set than the statement names"):
        open_block(store, rings, request, NOW_NS)
    request = ceremony.request(Statement.of(mine | {"head": store.chain[11].head.hex(), "last_index": 11}))
    assert open_block(store, rings, request, NOW_NS).done.opened[0].count == 12


def test_small_blocks_are_refused(ceremony, store, tmp_path):
    request = ceremony.request(ceremony.statement(store, last=2))
    refuse(ceremony, store, request, "block: 3 spills, wanted 4 at least: fewer would tell when")
    refuse(ceremony, store, replace(request, limits=Limits()), "block: 3 spills, wanted 1000 at least")
    request = replace(ceremony.request(ceremony.statement(store, last=5)), limits=Limits(4, 0.6))
    refuse(ceremony, store, request, r"3.000e\+13 protons of 6.000e\+13, wanted 60% at least")
    real = Ceremony(tmp_path / "real", demonstration=False)
    store = real.fill(4)
    refuse(real, store, real.request(real.statement(store)), "demonstration keys only; this key set is a real one")
    exact = replace(real.request(real.statement(store)), limits=Limits())
    refuse(real, store, exact, "wanted 1000 at least")


def test_the_rule_is_the_one_registered_before_the_opening(ceremony, store):
    ceremony.open(store)
    for wish in ({"expected": "12.0"}, {"min_p": "0.01"}):
        request = ceremony.request(ceremony.statement(store, "CR_VALIDATION", **wish))
        refuse(ceremony, store, request, "registered before the opening were 10.0 and 0.05")


def test_a_cr_that_does_not_agree_keeps_the_sr_sealed(ceremony, store):
    ceremony.open(store, expected="2.0")
    request = ceremony.request(ceremony.statement(store, "CR_VALIDATION"))
    refuse(ceremony, store, request, r"12 opened, 2.0 expected, P\(N >= 12\) = 1.36e-06, .* the SR stays sealed")
    refuse(ceremony, store, ceremony.request(ceremony.statement(store, "SR")), "is at CR_OPEN, SR wants it")


def test_nothing_is_validated_before_it_is_open(ceremony, store):
    with pytest.raises(ConfigError, match="--expected and --min-p missing"):
        ceremony.statement(store, "CR_VALIDATION")
    request = ceremony.request(ceremony.statement(store, "CR_VALIDATION", expected="1", min_p="0.1"))
    refuse(ceremony, store, request, "is at SEALED, CR_VALIDATION wants it at CR_OPEN")
    refuse(ceremony, store, ceremony.request(ceremony.statement(store, "SR")), "is at SEALED, SR wants it at CR_VALID")


def test_an_opening_that_was_cut_short_goes_on_with_the_same_statement(ceremony, store, monkeypatch):
    request = ceremony.request(ceremony.statement(store))
    monkeypatch.setattr("monitor.sealed.open.open_compartment", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_block(store, ceremony.rings, request, NOW_NS)
    assert [row.kind for row in store.log] == ["approved"]
    monkeypatch.undo()
    assert open_block(store, ceremony.rings, request, NOW_NS).done.opened[0].count == 12
    assert [row.kind for row in store.log] == ["approved", "done"]
    assert audit(store, ceremony.rings).faults == ()


def test_nothing_is_opened_before_the_approvals_are_in_the_log(ceremony, store, monkeypatch):
    seen = []
    monkeypatch.setattr("monitor.sealed.open.open_compartment", lambda *_: seen.append(len(store.log)) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        open_block(store, ceremony.rings, ceremony.request(ceremony.statement(store)), NOW_NS)
    assert seen == [1]


def test_a_faulty_ledger_opens_nothing(ceremony, store):
    request = ceremony.request(ceremony.statement(store))
    store.rows.pop(3)
    refuse(ceremony, store, request, r"does not verify, nothing was done: spill 3 .* has no public row")
    cut = ceremony.fill(3)
    request = replace(ceremony.request(ceremony.statement(cut)), witness=Witness(cut.chain[-1].head))
    cut.chain.pop(), cut.rows.pop()
    refuse(ceremony, cut, request, "its end was cut off, or it was written anew")


def test_a_burst_that_was_completed_counts_once_with_its_newest_row(ceremony):
    store = MemoryStore()
    for burst, revision in ((1, 0), (2, 0), (1, 1), (3, 0), (4, 0)):
        spill, _ = make_spill(burst=burst, n_events=36_000 + revision)
        counts = np.zeros(SHAPE, np.int64)
        counts[0, 1] = {(1, 0): 5, (1, 1): 8, (2, 0): 10, (3, 0): 20, (4, 0): 40}[burst, revision]
        ceremony.add(store, spill, Masked(counts), revision)
    limits = {"limits": Limits(1, 0.0)}
    request = ceremony.request(ceremony.statement(store, last=1), **limits)
    refuse(ceremony, store, request, "is not closed: run 9001 burst 1 has a newer row, spill 2 of the chain")
    request = ceremony.request(ceremony.statement(store, last=2), **limits)
    done = open_block(store, ceremony.rings, request, NOW_NS).done
    assert (done.spills, done.opened[0].count) == (2, 18)
    # a newer row of a burst that was opened is not counted again
    spill, _ = make_spill(burst=2, n_events=36_002)
    ceremony.add(store, spill, usual(1), 1)
    request = ceremony.request(ceremony.statement(store, first=3), **limits)
    done = open_block(store, ceremony.rings, request, NOW_NS).done
    assert (done.spills, done.opened[0].count) == (2, 60)
    report = audit(store, ceremony.rings)
    assert report.faults == () and report.n_sealed == 6


def test_corrections_by_hand_and_spills_without_keys_need_no_sealed_row(ceremony, store):
    spill, _ = make_spill(burst=1, n_events=1)
    store.rows.append(PublicRow(9001, 1, 1, spill.model_dump_json(), by_hand=True))
    spill, _ = make_spill(burst=30)
    document = spill.model_dump_json().replace('"quality":[', '"quality":["NOT_SEALED"')
    store.rows.append(PublicRow(9001, 30, 0, document))
    report = audit(store, ceremony.rings)
    assert report.faults == () and (report.n_sealed, report.n_rows, report.n_without_keys) == (12, 14, 1)
    assert ceremony.open(store).done.opened[0].count == 12


def test_a_drill_opens_known_numbers_as_often_as_wanted(ceremony, store):
    wanted = sum(drill_count(9001, burst) for burst in range(1, N_SPILLS + 1))
    for _ in range(2):
        done = ceremony.open(store, "DRILL", "drill").done
        assert (done.opened[0].count, done.recount, done.statement.expected) == (wanted, "agrees", str(wanted))
    assert audit(store, ceremony.rings).faults == ()


def test_a_drill_goes_over_changes_of_configuration(ceremony, store):
    spill, _ = make_spill(burst=20)
    ceremony.add(store, spill.model_copy(update={"config_digest": "1" * 64}), usual(20))
    assert ceremony.open(store, "DRILL", "drill").done.spills == 13


def test_a_drill_that_finds_other_numbers_says_so(ceremony, store, monkeypatch):
    monkeypatch.setattr("monitor.sealed.open.drill_count", lambda *_: 9)
    assert ceremony.open(store, "DRILL", "drill").done.recount == "differs"


def test_a_sealer_is_loaded_with_the_key_of_its_own_host(ceremony, tmp_path):
    spill, _ = make_spill()
    sealed = SpillSealer.load(ceremony.public).seal(spill, 0, usual(7), Link(0, START), NOW_NS)
    assert is_signed(ceremony.ring.host, sealed)
    other = Ceremony(tmp_path / "other")
    (other.public / HOST_FILE).write_bytes((ceremony.public / HOST_FILE).read_bytes())
    with pytest.raises(PolicyError, match=r"host.key is not the host key of this key set"):
        SpillSealer.load(other.public)
    (other.public / HOST_FILE).chmod(0o644)
    with pytest.raises(PolicyError, match="has mode 0644, so others can read it"):
        SpillSealer.load(other.public)


def test_the_opened_have_no_text_form():
    assert "1234567" not in repr(OpenedCompartment("x", (), ((1, 1, b"1234567"),)))


def test_a_statement_needs_numbers_and_a_block(ceremony, store):
    good = ceremony.statement(store).model_dump(by_alias=True)
    for change, field in (
        ({"expected": "nan"}, "expected"), ({"expected": "-1"}, "expected"), ({"expected": "some"}, "expected"),
        ({"min_p_value": "inf"}, "min_p_value"), ({"min_p_value": "1.5"}, "min_p_value between 0 and 1"),
        ({"first_index": 12}, "first_index <= last_index"), ({"not_after_ns": 0}, "not_before_ns < not_after_ns"),
    ):  # fmt: skip
        with pytest.raises(PolicyError, match=f"statement: does not fit in .*{field}"):
            Statement.of(good | change)
    for wish in ({"first": 5, "last": 4}, {"last": 12}):
        with pytest.raises(PolicyError, match="but the chain has 12 spills"):
            ceremony.statement(store, **wish)
    with pytest.raises(ConfigError, match="--min-p missing: what is expected is registered before"):
        ceremony.statement(store, min_p=None)


@given(st.integers(0, 60), st.floats(0.001, 50.0))
def test_the_probability_is_that_of_the_poisson_distribution(n, expected):
    assert p_at_least(n, expected) == pytest.approx(poisson.sf(n - 1, expected), rel=1e-9, abs=1e-300)


def test_published_probabilities():
    """CERN-EP-2023-032: 15 % for one or more in the CR, 1.6 % in the SR."""
    assert p_at_least(1, 0.17) == pytest.approx(0.1563, abs=1e-4)
    assert p_at_least(1, 0.016) == pytest.approx(0.0159, abs=1e-4)
    assert p_at_least(0, 0.0) == 1.0 and p_at_least(1, 0.0) == 0.0
    assert SMALL.lowered and not Limits().lowered
