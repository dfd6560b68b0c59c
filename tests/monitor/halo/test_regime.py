"""B2 at its setting, off it, on its way."""

import pytest

from daq.config.halo import HaloFluxConfig
from monitor.halo.regime import has_new_setting, is_off_setting, is_ramping, setting_of
from tests.monitor.halo.scans import spill_at

CFG = HaloFluxConfig()


@pytest.mark.parametrize(
    ("read", "setting", "off"),
    [
        (-250.0, -250.0, False),
        (-251.9, -250.0, False),
        (-252.1, -250.0, True),
        (0.0, -250.0, True),
        (0.0, None, False),
        (None, -250.0, False),
    ],
)
def test_off_its_setting(read, setting, off):
    assert is_off_setting(spill_at(1, read, setting), CFG) is off


def test_the_tolerance_is_a_key_and_the_flag_counts_whatever_it_is():
    assert is_off_setting(spill_at(1, -251.0, -250.0), HaloFluxConfig(setting_tolerance_a=0.5))
    assert is_off_setting(spill_at(1, -260.0, -250.0), HaloFluxConfig(setting_tolerance_a=50.0))


@pytest.mark.parametrize(
    ("before", "now", "setting", "ramps"),
    [
        (-250.0, -350.0, -770.0, True),
        (-670.0, -770.0, -770.0, False),  # arrived
        (-770.0, -770.0, -770.0, False),
        (0.0, 0.0, -250.0, False),  # off, but steady
        (-250.0, -350.0, None, True),
        (-250.0, -251.0, None, False),
        (None, -350.0, -770.0, False),
        (-250.0, None, -770.0, False),
    ],
)
def test_ramping(before, now, setting, ramps):
    assert is_ramping(spill_at(1, before, setting), spill_at(2, now, setting), CFG) is ramps


def test_the_first_spill_and_the_first_of_a_run_do_not_ramp():
    assert not is_ramping(None, spill_at(1, -350.0, -770.0), CFG)
    assert not is_ramping(spill_at(1, -250.0, None, run=8), spill_at(2, -350.0, None, run=9), CFG)


def test_setting():
    assert setting_of(spill_at(1, -248.0, -250.0)) == -250.0
    assert setting_of(spill_at(1, -248.0, None)) == -250.0
    assert setting_of(spill_at(1, None, None)) is None
    assert has_new_setting(spill_at(1, -250.0, -250.0), spill_at(2, -250.0, -770.0), CFG)
    assert not has_new_setting(spill_at(1, -250.0, -250.0), spill_at(2, 0.0, -250.0), CFG)
    assert not has_new_setting(None, spill_at(2, 0.0, -250.0), CFG)
