"""The public row of a spill: books that balance, flags, and nothing that may not be there."""

from __future__ import annotations

import json

import pytest

from daq.errors import StoreError
from monitor.spill import Quality, Spill, close_spill, spill_report
from monitor.totals import sum_spills
from tests.monitor.synthetic import DIGEST, make_records, make_spill, make_tally

CONTRACT = {"run", "burst", "state", "mode", "pot", "pot_error", "b2_current_a", "n_frames", "n_events", "n_counted"}
CONTRACT |= {"n_missing", "triggers", "halo", "candidates", "quality"}


def test_json_form_is_the_contract() -> None:
    spill, _ = make_spill(burst=3)
    document = json.loads(json.dumps(spill_report([spill], sum_spills([spill]).model_dump(), 9001)))
    assert set(document) == {"run", "spills", "totals"}
    row = document["spills"][0]
    assert set(row) >= CONTRACT
    assert row["pot"] == 5_000_000_000_000 and row["pot_error"] == 1_000_000_000_000
    assert row["triggers"]["Q1"] == {"generated": 576_000, "sent": 28_800, "downscaling": 20}
    assert row["halo"]["muv3_per_1e12_pot"] == pytest.approx(3.1e6 / 5)
    assert row["halo"]["q1_per_1e12_pot"] == pytest.approx(4.4e6 / 5)
    assert row["spill_seconds"] == pytest.approx(4.8, abs=1e-5)
    assert Spill.model_validate(row) == spill


def test_frame_digest_never_enters() -> None:
    sob, eob = make_records()
    tally = make_tally(36_000, 1)
    spill = close_spill(sob, eob, tally, 36_000, [], DIGEST)
    other = close_spill(sob, eob.model_copy(update={"frames_digest": "a" * 64}), tally, 36_000, [], DIGEST)
    assert spill.model_dump_json() == other.model_dump_json()
    assert "f" * 64 not in spill.model_dump_json()


@pytest.mark.parametrize(
    ("t10", "flag", "pot"),
    [
        (50.0, None, 5 * 10**12),
        (0.0, None, 0),
        (None, Quality.NO_POT, None),
        (-0.1, Quality.NEGATIVE_POT, None),
        (1e12, Quality.IMPLAUSIBLE_POT, None),
    ],
)
def test_intensity_flags(t10: float | None, flag: Quality | None, pot: int | None) -> None:
    spill, _ = make_spill(t10=t10)
    assert spill.quality == ([flag] if flag else [])
    assert (spill.pot, spill.t10_intensity) == (pot, t10)
    if not pot:
        assert spill.halo.muv3_per_1e12_pot is None


@pytest.mark.parametrize(
    ("b2", "flags"),
    [(-248.0, []), (-252.0, []), (-247.9, [Quality.MAGNET_OFF]), (770.0, [Quality.MAGNET_OFF]), (None, ["NO_MAGNET"])],
)
def test_magnet_flags(b2: float | None, flags: list[Quality]) -> None:
    assert make_spill(b2=b2)[0].quality == flags


def _close_with(**readings: object) -> Spill:
    sob, eob = make_records()
    assert eob.beam is not None
    eob = eob.model_copy(update={"beam": eob.beam.model_copy(update=readings)})
    return close_spill(sob, eob, make_tally(eob.n_events, 1), eob.n_events, (), DIGEST)


@pytest.mark.parametrize(("apart_ns", "flags"), [(10**9, []), (-(10**9), []), (10**9 + 1, ["MAGNET_STAMP"])])
def test_magnet_stamps_of_another_cycle(apart_ns: int, flags: list[str]) -> None:
    spill = _close_with(magnet_stamp_ns=apart_ns, t10_stamp_ns=0)
    assert spill.quality == flags


@pytest.mark.parametrize(
    ("count", "flags"), [(0, []), (1 << 32, []), (-1, ["BAD_SCALER"]), (1 + (1 << 32), ["BAD_SCALER"])]
)
def test_scaler_that_cannot_be_right_is_kept_and_gives_no_rate(count: int, flags: list[str]) -> None:
    spill = _close_with(scalers={"MUV3": count, "Q1_OR": 50})
    assert (spill.quality, spill.scalers) == (flags, {"MUV3": count, "Q1_OR": 50})
    assert (spill.halo.muv3_per_1e12_pot is None) == bool(flags)
    assert spill.halo.q1_per_1e12_pot is not None


def test_torn_burst_has_no_beam() -> None:
    spill, _ = make_spill(end="TORN")
    assert spill.quality == [Quality.NO_POT, Quality.NO_EOB, Quality.INCOMPLETE, Quality.NO_MAGNET]
    assert spill.state == "INCOMPLETE" and [(m.first_seq, m.last_seq) for m in spill.missing] == [(3, None)]
    assert (spill.pot, spill.pot_error, spill.b2_current_a) == (None, None, None)


def test_missing_frames_make_it_incomplete() -> None:
    spill, _ = make_spill(missing=((1, 1, "no answer"),), n_lost=12_000)
    assert (spill.state, spill.n_counted, spill.n_missing) == ("INCOMPLETE", 24_000, 12_000)
    assert spill.quality == [Quality.INCOMPLETE]
    assert spill.model_dump()["missing"] == [{"first_seq": 1, "last_seq": 1, "reason": "no answer"}]


@pytest.mark.parametrize(
    ("n_counted", "n_tally", "missing"),
    [
        (35_999, 35_999, []),  # an event lost, and nothing is missing
        (36_001, 36_001, []),  # one too many
        (36_001, 36_001, [(0, 0, "x")]),
        (35_000, 35_001, [(0, 0, "x")]),  # tally and closure differ
        (10, 10, [(0, 2, "x")]),  # events counted, yet every frame is missing
        (30_000, 30_000, [(0, 3, "x")]),  # no such frame
        (30_000, 30_000, [(1, 1, "x"), (1, 2, "y")]),  # named twice
        (30_000, 30_000, [(2, 1, "x")]),
    ],
)
def test_unbalanced_books_are_refused(n_counted: int, n_tally: int, missing: list[tuple[int, int, str]]) -> None:
    sob, eob = make_records()
    with pytest.raises(StoreError):
        close_spill(sob, eob, make_tally(n_tally, 1), n_counted, missing, DIGEST)


def test_tally_that_does_not_add_up_is_refused() -> None:
    sob, eob = make_records()
    tally = make_tally(36_000, 1)
    tally.counts[-1] -= 1
    with pytest.raises(StoreError, match="does not hold"):
        close_spill(sob, eob, tally, 36_000, [], DIGEST)


def test_records_of_two_bursts_are_refused() -> None:
    sob, _ = make_records(burst=1)
    _, eob = make_records(burst=2)
    with pytest.raises(StoreError, match="burst 2"):
        close_spill(sob, eob, make_tally(36_000, 1), 36_000, [], DIGEST)


def test_content_does_not_know_the_wall_clock() -> None:
    first, _ = make_spill()
    later, _ = make_spill(start_ns=0)
    assert first != later and first.content() == later.content()
    assert first.content() != make_spill(t10=50.1)[0].content()
