"""Good or not, and why: flags, the order of bursts, clocks, magnets, a person's word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.config.accounting import AccountingConfig
from daq.errors import StoreError
from monitor.accounting.corrected import correct
from monitor.accounting.judge import Judgement, judge, override, word_of
from monitor.spill import Quality
from tests.monitor.synthetic import START_NS, make_spill


def spill(**changes):
    return make_spill(**changes)[0]


FIRST = spill(burst=3)
HOUR_NS = 3_600_000_000_000


def test_a_quiet_spill_is_good():
    assert judge(FIRST, None) == judge(spill(burst=4), FIRST) == Judgement(good=True, reasons=[])


@pytest.mark.parametrize(
    ("new", "reasons"),
    [
        ({"burst": 4, "start_ns": START_NS - HOUR_NS}, ["CLOCK_STEP"]),  # the clock ran backwards
        ({"burst": 4, "start_ns": START_NS - 10_000_000_000}, ["CLOCK_STEP"]),  # 4.4 s after the last SOB
        ({"burst": 4, "start_ns": START_NS - 9_000_000_000}, []),  # 5.4 s
        ({"burst": 4, "start_ns": START_NS + 25 * HOUR_NS}, ["CLOCK_STEP"]),  # a day from burst to burst
        ({"burst": 4, "start_ns": START_NS + 20 * HOUR_NS}, []),
        ({"burst": 9, "start_ns": START_NS + 100 * HOUR_NS}, []),  # six bursts may take four days
        ({"burst": 2}, ["OUT_OF_ORDER"]),
        ({"burst": 2, "start_ns": START_NS + HOUR_NS}, ["CLOCK_STEP", "OUT_OF_ORDER"]),
        ({"burst": 4, "b2": -253.0}, ["MAGNET_OFF", "RAMPING"]),
        ({"burst": 4, "b2": -251.9}, []),
        ({"burst": 4, "b2": None}, ["NO_MAGNET"]),
        ({"burst": 4, "t10": -3.0}, ["NEGATIVE_POT"]),
        ({"burst": 4, "t10": None}, ["NO_POT"]),
        ({"burst": 4, "t10": 2e3}, ["IMPLAUSIBLE_POT"]),
        ({"burst": 4, "mode": "KAON"}, ["KAON"]),
        ({"burst": 4, "mode": "BIASED"}, ["BIASED"]),
        ({"burst": 4, "missing": ((1, 1, "no answer"),), "n_lost": 12_000}, ["INCOMPLETE"]),
    ],
)
def test_reasons(new, reasons):
    assert judge(spill(**new), FIRST) == Judgement(good=not reasons, reasons=reasons)


def test_a_new_setting_is_a_change_even_when_the_reading_is_on_it():
    new = spill(burst=4, b2=100.0).model_copy(update={"b2_set_a": 100.0, "quality": []})
    assert judge(new, FIRST).reasons == ["RAMPING"]
    assert judge(new.model_copy(update={"burst": 5, "sob_time_ns": new.sob_time_ns + 10**11}), new).good


def test_tolerances_come_from_the_configuration():
    rules = AccountingConfig(b2_tolerance_a=20.0, min_cycle_s=0.1)
    assert "RAMPING" not in judge(spill(burst=4, b2=-260.0), FIRST, rules).reasons
    assert judge(spill(burst=4, start_ns=START_NS - 10_000_000_000), FIRST, rules).good


@given(
    st.lists(st.sampled_from(["good", "bad", "auto"]), max_size=5),
    st.lists(st.sampled_from(list(Quality)), unique=True),
)
def test_a_person_has_the_last_word_and_hides_nothing(said, flags):
    flags = [str(flag) for flag in flags]
    now = Judgement(good=not flags, reasons=flags)
    for word in said:
        now = override(now, word)
    last = said[-1] if said else "auto"
    assert word_of(now) == last and now.reasons[: len(flags)] == flags
    assert now.good == {"good": True, "bad": False, "auto": not flags}[last]


def test_corrected_protons():
    old = spill(burst=4, t10=-3.0)
    judged = judge(old, None)
    done = correct(old, judged, "t10_intensity", "48.5")
    assert (done.spill.pot, done.spill.pot_error, done.old, done.new) == (
        4_850_000_000_000,
        970_000_000_000,
        "None",
        "4850000000000",
    )
    assert done.spill.t10_intensity == -3.0 and done.judgement == Judgement(good=True, reasons=[])
    assert done.spill.halo == spill(burst=4, t10=48.5).halo  # the rate is made again
    same = correct(done.spill, override(done.judgement, "bad"), "pot", "123")
    assert same.spill.pot == 123 and same.judgement.reasons == ["OVERRIDE_BAD"] and not same.judgement.good


@pytest.mark.parametrize(
    ("changes", "field", "value", "message"),
    [
        ({}, "b2", "1", "wanted one of pot"),
        ({}, "pot", "many", "wanted a number"),
        ({}, "pot", "nan", "wanted a number"),
        ({}, "pot", "inf", "wanted a number"),
        ({}, "pot", "-1", "wanted 0 to"),
        ({}, "t10_intensity", "1000.1", "wanted 0 to"),
        ({}, "quality", "fine", "wanted one of good"),
        ({"mode": "BIASED"}, "pot", "1", "no protons on target"),
        ({"mode": "BIASED"}, "quality", "good", "cannot be good"),
        ({"mode": "KAON"}, "quality", "good", "cannot be good"),
    ],
)
def test_corrections_that_cannot_be(changes, field, value, message):
    old = spill(**changes)
    with pytest.raises(StoreError, match=message):
        correct(old, judge(old, None), field, value)
