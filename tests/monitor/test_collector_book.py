"""What the collector does with a burst that the ledger has already."""

import pytest

from daq.errors import ContentConflict
from daq.records import BeamRecord, MaskCounts
from monitor.ledger import Ledger
from monitor.services.booking import book, make_spill
from streaming.closure import Commit
from streaming.masked import Masked
from streaming.tally import Tally
from tests.strategies_wire import eob_record, sob_record


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as opened:
        yield opened


def burst(n_counted: int, missing=(), n_frames: int = 4, n_events: int = 40, t10: float = 50.0) -> Commit:
    tally = Tally.zero()
    tally.counts[:] = (n_counted, 0, 0, 0, 0, n_counted)
    beam = BeamRecord(
        t10_intensity=t10, t10_stamp_ns=0, b1c_current_a=0.0, b2_current_a=-250.0, magnet_stamp_ns=0, scalers={}
    )
    masks = {"H2": MaskCounts(generated=n_events, sent=n_events, downscaling=1)}
    eob = eob_record(n_frames=n_frames, n_events=n_events).model_copy(update={"beam": beam, "masks": masks})
    return Commit(sob_record(), eob, tally, Masked.zero(), n_counted, tuple(missing), bytes(16))


def booked(ledger, commit: Commit):
    book(ledger, commit, make_spill(commit))
    return ledger.spill(1, 1)


def test_more_of_a_burst_upgrades_it_and_less_leaves_it(ledger):
    ten, twenty = burst(10, [(1, 3, "gone")]), burst(20, [(2, 3, "gone")])
    assert booked(ledger, ten).n_counted == 10
    assert booked(ledger, twenty).n_counted == 20
    assert booked(ledger, ten).n_counted == 20
    assert booked(ledger, burst(40)).state == "COMPLETE"
    assert [row["revision"] for row in ledger.corrections(1, 1)] == [1, 2]


@pytest.mark.parametrize("first", [burst(40), burst(10, [(1, 3, "gone")])])
@pytest.mark.parametrize("other", [burst(99, n_frames=9, n_events=99), burst(40, t10=51.0)])
def test_another_burst_under_the_same_number_is_refused(ledger, first, other):
    before = booked(ledger, first)
    with pytest.raises(ContentConflict):
        book(ledger, other, make_spill(other))
    assert ledger.spill(1, 1) == before


def test_the_same_burst_again_is_a_no_op(ledger):
    for commit in (burst(40), burst(40)):
        assert booked(ledger, commit).n_counted == 40
    assert ledger.last_entry() == 1
