"""Counts and their comparison: only open regions exist, opened ones come in by name, the rest is 'masked'."""

from typing import get_args

import pytest

from daq.config import Config
from daq.errors import PolicyError
from monitor.spill import close_spill
from offline.backgrounds.compare import compare, summed
from offline.backgrounds.expected import Expected
from offline.backgrounds.observed import MASKED, OPEN, OpenRegion, counts_before_anti0, open_counts, opened_counts
from offline.backgrounds.published import combinatorial
from offline.minirecords.make import burst_tables
from streaming.reco.pipeline import Reconstruction
from streaming.tally import CHANNELS, Tally
from tests.offline.backgrounds.synthetic import sample
from tests.offline.emulated_records import together
from tests.offline.recorded import events
from tests.strategies import make_frame
from tests.strategies_wire import eob_record, sob_record

CONFIG = Config()


def expected(region, value, error, *, channel="mumu_os", open_value=None, **more):
    return Expected("c", channel, region, value, error, 0.0, value if open_value is None else open_value, "s", **more)


def test_there_is_no_name_for_a_masked_region():
    assert set(get_args(OpenRegion)) == set(OPEN) == {"OUTSIDE", "OCR1", "OCR2", "OCR3", "OCR123"}
    assert not {*MASKED, "KS", "INSIDE"} & set(OPEN)


def test_pairs_are_counted_where_they_are():
    rows = [{"region": name} for name in ("OUTSIDE", "OCR3", "OCR3", "OCR1", "INSIDE")]
    rows += [{"channel": "ee_os", "region": "OCR2"}, {"channel": "none", "region": "none"}]
    counts = open_counts(sample(rows))
    assert {region: counts["mumu_os", region] for region in OPEN} == {
        "OUTSIDE": 4, "OCR3": 2, "OCR2": 0, "OCR1": 1, "OCR123": 3,
    }  # fmt: skip
    assert counts["ee_os", "OUTSIDE"] == counts["ee_os", "OCR2"] == 1
    assert set(counts) == {(channel, region) for channel in CHANNELS for region in OPEN}
    assert sum(open_counts(sample([])).values()) == 0


HOLE = {"channel": "anti0_inverted", "veto_anti0_hole": True}


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        ({}, "pipi_os"), ({"kaon": True}, "kk"), ({"neutral": "photon"}, "pipi_gamma"),
        ({"neutral": "pi0"}, "pipi_pi0"), ({"neutral": "two_pi0"}, "pipi_2pi0"), ({"neutral": "eta"}, "pipi_eta"),
        ({"neutral": "pi0", "kaon": True}, "kk_pi0"),
        ({"neutral": "other"}, None), ({"neutral": "photon", "kaon": True}, None), ({"veto_lav": True}, None),
        ({"veto_sav": True}, None), ({"veto_anti0": True}, None), ({"veto_anti0_hole": False}, None),
        ({"channel": "upstream"}, None), ({"channel": "mumu_os"}, None),
    ],
)  # fmt: skip
def test_pairs_that_only_the_hole_of_anti0_takes_are_counted_before_it(change, channel):
    """Beside one pair that is a candidate anyway; in the ring as well as outside of all."""
    for region in ("OUTSIDE", "OCR1"):
        rows = [{"channel": "pipi_os", "region": "OCR2"}, HOLE | change | {"region": region}]
        counts = counts_before_anti0(sample(rows))
        found = {name: n for (name, _), n in counts.items() if n}
        assert found == ({"pipi_os": 2} if channel == "pipi_os" else {"pipi_os": 1} | ({channel: 1} if channel else {}))
        assert {place for _, place in counts} == {"OUTSIDE"} and len(counts) == 7


def test_counts_before_anti0_are_those_of_a_chain_without_the_cut(search):
    pairs = search.pairs.to_pandas()
    hadrons = (pairs.pid_1 == "hadron") & (pairs.pid_2 == "hadron") & (pairs.charge_1 != pairs.charge_2)
    quiet = ~(pairs.veto_lav | pairs.veto_sav | pairs.veto_anti0) & pairs.in_fiducial & (pairs.trigger_flags & 2 != 0)
    simple = hadrons & quiet & (pairs.neutral == "nothing") & ~pairs.kaon
    before, after = counts_before_anti0(search), open_counts(search)
    assert before["pipi_os", "OUTSIDE"] == simple.sum() > after["pipi_os", "OUTSIDE"]
    assert after["pipi_os", "OUTSIDE"] == (simple & ~pairs.veto_anti0_hole).sum()


def test_they_are_the_counts_of_the_emulated_records(search):
    pairs, counts = search.pairs.to_pandas(), open_counts(search)
    for channel in ("mumu_pp", "lav_inverted", "upstream"):
        own = pairs[pairs.channel == channel]
        assert counts[channel, "OUTSIDE"] == len(own) > 0
        assert counts[channel, "OCR3"] == (own.region == "OCR3").sum()


def test_masked_events_change_nothing():
    def counts(masked):
        chain = Reconstruction(CONFIG.reco, CONFIG.regions, CONFIG.gate, CONFIG.channels)
        frame = make_frame(events(80, masked=masked))
        tally = Tally.zero()
        tally.add(chain.analyse(frame).tally)
        spill = close_spill(sob_record(), eob_record(n_frames=1, n_events=80), tally, 80, [], "0" * 64)
        return open_counts(together([burst_tables(spill, [frame], CONFIG, chain)]))

    assert counts(masked=True) == counts(masked=False)
    assert counts(masked=True)["mumu_os", "OUTSIDE"] > 0


def test_a_masked_region_has_no_count_unless_it_was_opened():
    rows = [expected("CR", 0.17, 0.02), expected("SR", 0.016, 0.002)]
    counts = open_counts(sample([]))
    closed = compare(rows, counts)
    assert [(row.observed, row.p_at_least, row.p_likelihood, row.shown) for row in closed] == [
        (None, None, None, "masked")
    ] * 2
    # nothing under the name of a masked region gets in with the counts
    smuggled = compare(rows, {**counts, ("mumu_os", "SR"): 1, ("mumu_os", "CR"): 0})
    assert [row.shown for row in smuggled] == ["masked", "masked"]
    opened = compare(rows, counts, {("mumu", "CR"): 0, ("mumu", "SR"): 1, ("ee", "SR"): 3, ("mumu", "KS"): 2})
    assert [(row.region, row.shown) for row in opened] == [("CR", "0"), ("SR", "1")]
    # the published chance of an event in the signal region
    assert opened[1].p_at_least == pytest.approx(0.0159, abs=0.0001)


@pytest.mark.parametrize(
    "wrong", [{("mumu_os", "SR"): 1}, {("mumu", "OUTSIDE"): 1}, {("mumu_pp", "SR"): 0}, {("mumu", "SR"): -1}]
)
def test_what_no_audit_says_is_refused(wrong):
    with pytest.raises(PolicyError, match="audit of the opening log"):
        opened_counts(wrong)


def test_the_published_table_comes_out():
    """Table 3 with its own expectations and counts: the printed probabilities."""
    printed = combinatorial(3)
    rows = [expected(region, row.value, row.up) for (_, region), row in printed.items()]
    counts = {place: row.observed for place, row in printed.items() if row.observed is not None}
    found = compare(rows, counts, published=printed)
    assert [row.region for row in found] == ["OUTSIDE", "OCR3", "OCR2", "OCR1", "OCR123", "CR", "SR"]
    for row in found[:5]:
        assert row.p_likelihood == pytest.approx(row.published.p_likelihood, abs=0.012)
    many = {row.region: row.p_at_least for row in found}
    assert many["OUTSIDE"] == pytest.approx(0.41, abs=0.01) and many["OCR1"] == pytest.approx(0.25, abs=0.01)


def test_the_open_part_is_what_counts_are_compared_with():
    row = compare([expected("OUTSIDE", 10.0, 1.0, open_value=8.0)], {("mumu_os", "OUTSIDE"): 8})[0]
    assert (row.expected, row.error) == (8.0, 0.8)


def test_components_add_up():
    rows = [
        expected("CR", 3.0, 0.3), expected("CR", 4.0, 0.4),
        expected("CR", 1.0, 9.0, interval=(0.5, 3.0), confidence=0.9),
        expected("CR", 0.0, 0.0, upper=0.004, confidence=0.9), expected("CR", 0.0, 0.0, upper=0.069, confidence=0.9),
    ]  # fmt: skip
    total = summed(rows)
    assert total.value == 8.0 and total.error == pytest.approx((0.25 + 81.0) ** 0.5)
    assert total.down == pytest.approx(0.5**0.5) and total.up == pytest.approx((0.25 + 4.0) ** 0.5)
    assert total.upper == pytest.approx(0.073) and summed(rows[:2]).upper is None
    assert summed([]).value == 0.0


def test_no_expectation_has_no_surprise_in_no_count():
    rows = [expected("OUTSIDE", 0.0, 0.0, upper=2.3)]
    assert compare(rows, {("mumu_os", "OUTSIDE"): 0})[0].p_at_least == 1.0
    assert compare(rows, {("mumu_os", "OUTSIDE"): 1})[0].p_at_least is None


def test_scaling_takes_the_interval_along():
    row = expected("CR", 1.0, 0.5, interval=(0.2, 3.0), upper=4.0).scaled(2.0)
    assert (row.value, row.stat, row.interval, row.upper) == (2.0, 1.0, (0.4, 6.0), 8.0)
