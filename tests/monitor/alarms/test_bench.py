"""Short form of `dumpwatch bench alarms`; the whole one takes a minute."""

from daq.config.alarms import AlarmsConfig
from monitor.alarms.calibrate import calibrate_readings
from offline.bench.alarms import Noise, count_false, quiet_readings

MEANS = {"muv3": 2.3e5, "q1": 1.3e6, "pairs": 85.0}
CFG = AlarmsConfig(streams=tuple(MEANS), ratios=())


def false_pages(noise: Noise, seed: int, weeks: int) -> int:
    reference = calibrate_readings(quiet_readings(noise, MEANS, 350, seed), CFG, "test", 0)
    return count_false(CFG, reference, noise, weeks, seed)


def test_the_budget_holds_after_calibration_with_autocorrelated_noise() -> None:
    # 0.5 a week are 3 in 6 weeks; 9 or more have a chance of 4e-3, and the seed is fixed
    assert false_pages(Noise(0.02, 0.6), 5, 6) < 9


def test_noise_that_grew_after_calibration_is_seen_as_too_many_alarms() -> None:
    reference = calibrate_readings(quiet_readings(Noise(0.02), MEANS, 350, 6), CFG, "test", 0)
    assert count_false(CFG, reference, Noise(0.06, 0.6), 1, 6) > 100
