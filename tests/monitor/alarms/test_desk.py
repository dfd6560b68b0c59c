"""The desk on whole spills: what fires when, what is inhibited, and that nothing but the spills matters."""

import random
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config.alarms import AlarmsConfig
from monitor.alarms.desk import AlarmDesk, Booked
from monitor.alarms.fold import DeskState, _onsets
from monitor.alarms.judge import StreamState
from monitor.alarms.kinds import KINDS
from monitor.alarms.model import Inhibit, State
from monitor.alarms.rules import make_rules, shipped_reference
from monitor.alarms.states import Held
from monitor.spill import Quality, Spill
from tests.monitor.alarms.emulated import alarm, desk, spill, stream, without_pot

JUMP, DRIFT, POT, MAGNET = "BackgroundRateExcursion", "BackgroundDrift", "PotMonitorSuspect", "MagnetOffWorkingPoint"
RATE = ("muv3", "q1", "lav", "anti0", "pairs")


def quiet(first: int, last: int, **more: object) -> list[Spill]:
    return [spill(burst, **more) for burst in range(first, last + 1)]


def raised(made: AlarmDesk) -> set[tuple[str, str]]:
    return {one.key for one in made.alarms() if one.state in (State.WARN, State.ALARM)}


def told(made: AlarmDesk) -> str:
    return "\n".join(one.model_dump_json() for one in (*made.streams(), *made.alarms(), made.rare()))


def test_a_quiet_run_is_quiet() -> None:
    made = desk(quiet(1, 120))
    assert raised(made) == set()
    assert {view.state for view in made.streams()} == {State.OK}
    view = stream(made, "muv3")
    point = view.points[-1]
    assert len(view.points) == 120 and (point.run, point.burst) == (7001, 120)
    assert point.low < point.value < point.high and point.expected == pytest.approx(point.value, rel=0.1)
    assert view.reference.n_spills == shipped_reference().n_spills and "EMULATED" in view.reason
    assert sum(one.predicted_false_alarms_per_week for one in made.streams()) <= 0.5


def test_the_halo_doubles_and_the_very_spill_alarms() -> None:
    made = desk(quiet(1, 10))
    assert raised(made) == set()
    made.feed(Booked(spill(11, halo=2.0)))
    for name in RATE:
        found = alarm(made, JUMP, name)
        assert found.state is State.ALARM and (found.since_run, found.since_burst) == (7001, 11)
        assert stream(made, name).state is State.ALARM
    assert alarm(made, "TriggerRateExcursion", "h2").state is State.ALARM
    assert alarm(made, POT).state is State.OK
    text = alarm(made, JUMP, "muv3").text
    for part in ("burst 11", "counts", "expected", "P(N >= n)", "threshold", "false alarms a week predicted", "CUSUM"):
        assert part in text
    assert alarm(made, JUMP, "muv3").action and alarm(made, JUMP, "muv3").runbook == "/runbook#backgroundrateexcursion"


def test_it_ends_after_quiet_spills_and_keeps_its_numbers_until_then() -> None:
    made = desk([*quiet(1, 5), spill(6, halo=2.0), *quiet(7, 10)])
    found = alarm(made, JUMP, "q1")
    assert found.state is State.ALARM and "burst 6" in found.text and "Quiet for 4 of 5" in found.text
    made.feed(Booked(spill(11)))
    assert alarm(made, JUMP, "q1").state is State.OK


def test_a_step_of_10_percent_is_seen_in_some_spills() -> None:
    spills = [*quiet(1, 20), *quiet(21, 40, halo=1.10)]
    made, first = desk([]), None
    for one in spills:
        made.feed(Booked(one))
        if first is None and alarm(made, DRIFT, "anti0").state is State.ALARM:
            first = one.burst
    assert first is not None and 21 <= first <= 26


def test_the_sem_loses_a_quarter_and_the_protons_are_blamed() -> None:
    made = desk([*quiet(1, 10), *quiet(11, 13, gain=0.75)])
    found = alarm(made, POT)
    assert found.state is State.ALARM and found.system == "accounting" and found.severity == "page"
    assert "x1.3" in found.text and (found.since_run, found.since_burst) == (7001, 11)
    assert {alarm(made, JUMP, name).state for name in RATE} <= {State.WARN, State.OK}
    assert {alarm(made, "RatioExcursion", name).state for name in ("h2/q1", "muv3/q1", "lav/q1")} == {State.OK}


def test_one_stream_that_is_in_no_ratio_is_not_blamed_on_the_protons() -> None:
    for burst in range(4, 24):
        base = spill(burst)
        low = base.model_copy(update={"scalers": {**base.scalers, "ANTI0": round(0.85 * base.scalers["ANTI0"])}})
        made = desk([*quiet(1, 3), low])
        assert alarm(made, POT).state is State.OK and alarm(made, JUMP, "anti0").state is State.ALARM


def test_real_protons_may_change_without_alarm() -> None:
    made = desk([*quiet(1, 5), *quiet(6, 15, beam=0.6), *quiet(16, 25, beam=1.3)])
    assert raised(made) == set()


def test_one_noisy_detector_is_seen_with_and_without_protons() -> None:
    hot = spill(11)
    hot = hot.model_copy(update={"scalers": {**hot.scalers, "Q1_OR": round(1.3 * hot.scalers["Q1_OR"])}})
    made = desk([*quiet(1, 10), hot])
    assert (
        (JUMP, "q1") in raised(made) and ("RatioExcursion", "muv3/q1") in raised(made) and (POT, "") not in raised(made)
    )
    blind = hot.model_copy(update={"pot": None, "t10_intensity": None, "quality": [Quality.NO_POT]})
    made = desk([*quiet(1, 10), blind])
    assert ("RatioExcursion", "muv3/q1") in raised(made) and (JUMP, "q1") not in raised(made)


@pytest.mark.parametrize(
    ("bad", "inhibit"),
    [
        (lambda b: without_pot(b), Inhibit.BAD_SPILL),
        (lambda b: without_pot(b, Quality.NEGATIVE_POT), Inhibit.BAD_SPILL),
        (lambda b: spill(b, quality=(Quality.NO_EOB,)), Inhibit.BAD_SPILL),
        (lambda b: spill(b, quality=(Quality.NO_MAGNET,), b2_current_a=None), Inhibit.BAD_SPILL),
        (lambda b: spill(b, quality=(Quality.MAGNET_STAMP,)), Inhibit.BAD_SPILL),
        (lambda b: spill(b, mode="BIASED", pot=None, quality=(Quality.BIASED,)), Inhibit.BAD_SPILL),
        (lambda b: spill(b, beam=0.0, halo=0.0, noise=0.0), Inhibit.NO_BEAM),
        (lambda b: spill(b, b2_current_a=0.0, quality=(Quality.MAGNET_OFF,)), Inhibit.MAGNET_OFF),
        (lambda b: spill(b, b2_current_a=-150.0, b2_set_a=0.0, quality=(Quality.MAGNET_OFF,)), Inhibit.MAGNET_RAMP),
        (lambda b: spill(b, b2_current_a=0.0, b2_set_a=0.0), Inhibit.MAGNET_OFF),
    ],
)
def test_inhibited_visibly_and_never_resolved(bad, inhibit: Inhibit) -> None:
    made = desk([*quiet(1, 4), spill(5, halo=2.0), *[bad(burst) for burst in range(6, 20)]])
    for name in ("muv3", "q1"):
        view, found = stream(made, name), alarm(made, JUMP, name)
        assert view.state is State.ALARM and found.state is State.ALARM, "silence ended an alarm"
        assert view.points[-1].inhibited is inhibit and found.inhibited is inhibit and "not judged" in view.reason
    calm = desk([*quiet(1, 4), bad(5)])
    assert stream(calm, "muv3").state is State.UNKNOWN and alarm(calm, JUMP, "muv3").inhibited is inhibit
    if inhibit is not Inhibit.MAGNET_RAMP:
        calm.feed(Booked(spill(6)))
        assert stream(calm, "muv3").state is State.OK


def test_the_magnet_alarm_tells_trip_ramp_and_other_setting() -> None:
    trip = desk([*quiet(1, 3), spill(4, halo=2.0, b2_current_a=0.0, quality=(Quality.MAGNET_OFF,))])
    assert alarm(trip, MAGNET).state is State.ALARM and alarm(trip, JUMP, "muv3").state is State.UNKNOWN
    ramp = desk([*quiet(1, 3), spill(4, b2_current_a=-150.0, b2_set_a=770.0, quality=(Quality.MAGNET_OFF,))])
    assert alarm(ramp, MAGNET).state is State.WARN and "planned ramp" in alarm(ramp, MAGNET).text
    other = desk([*quiet(1, 3), spill(4, b2_current_a=770.0, b2_set_a=770.0)])
    assert alarm(other, MAGNET).state is State.WARN and "reference was made at -250.0 A" in alarm(other, MAGNET).text
    unknown = desk([*quiet(1, 3), spill(4, b2_current_a=None, quality=(Quality.NO_MAGNET,))])
    assert alarm(unknown, MAGNET).state is State.UNKNOWN


def test_pot_missing_warns_and_then_alarms_and_says_what_was_read() -> None:
    made = desk([*quiet(1, 3), without_pot(4)])
    assert alarm(made, "PotMissing").state is State.WARN and "reads nothing" in alarm(made, "PotMissing").text
    for burst in (5, 6):
        made.feed(Booked(without_pot(burst, Quality.NEGATIVE_POT, t10_intensity=-3.0)))
    found = alarm(made, "PotMissing")
    assert found.state is State.ALARM and "NEGATIVE_POT" in found.text and "3 spills in a row" in found.text


def test_counters_that_see_beam_while_t10_reads_nothing() -> None:
    dead = spill(4, pot=0, pot_error=0, t10_intensity=0.0)
    made = desk([*quiet(1, 3), dead])
    assert alarm(made, POT).state is State.ALARM and "counted" in alarm(made, POT).text
    empty = desk([*quiet(1, 3), spill(4, beam=0.0, halo=0.0, noise=0.0)])
    assert alarm(empty, POT).state is not State.ALARM


def test_a_bad_scaler_or_missing_frames_inhibit_their_own_streams_only() -> None:
    broken = spill(4, halo=2.0)
    scalers = {**broken.scalers, "MUV3": -17}
    broken = broken.model_copy(update={"scalers": scalers, "quality": [Quality.BAD_SCALER]})
    made = desk([*quiet(1, 3), broken])
    assert stream(made, "muv3").points[-1].inhibited is Inhibit.BAD_SPILL and stream(made, "q1").state is State.ALARM
    assert alarm(made, "ScalerBad").state is State.WARN
    part = spill(4, halo=2.0, state="INCOMPLETE", n_missing=9, quality=(Quality.INCOMPLETE,))
    made = desk([*quiet(1, 3), part])
    assert stream(made, "pairs").points[-1].inhibited is Inhibit.BAD_SPILL and stream(made, "muv3").state is State.ALARM
    assert alarm(made, "SpillIncomplete").state is State.WARN and "9 events" in alarm(made, "SpillIncomplete").text


def test_clock_and_dead_time() -> None:
    back = spill(4).model_copy(update={"sob_time_ns": 5})
    made = desk([*quiet(1, 3), back.model_copy(update={"live_fraction": 0.5})])
    assert alarm(made, "ClockStep").state is State.WARN and alarm(made, "DeadTimeHigh").state is State.WARN
    # half the live time, half the triggers: no excursion
    half = spill(4)
    n = half.triggers["H2"].generated // 2
    halved = {"H2": half.triggers["H2"].model_copy(update={"generated": n, "sent": n})}
    made = desk([*quiet(1, 3), half.model_copy(update={"live_fraction": 0.5, "triggers": halved})])
    assert stream(made, "h2").state is State.OK


def test_without_reference_the_fallback_judges_and_says_so() -> None:
    strange = [spill(b, config_digest="e" * 64) for b in range(1, 31)]
    made = desk(strange[:15])
    assert {view.state for view in made.streams()} == {State.UNKNOWN}
    assert stream(made, "q1").points[-1].inhibited is Inhibit.LEARNING
    for one in strange[15:]:
        made.feed(Booked(one))
    assert stream(made, "q1").state is State.OK and "fallback" in stream(made, "q1").reason
    assert stream(made, "q1").reference is None and alarm(made, "DetectorMiscalibrated").state is State.WARN
    made.feed(Booked(spill(31, halo=2.0, config_digest="e" * 64)))
    assert stream(made, "q1").state is State.ALARM


def test_the_fallback_finds_a_drift_once_its_window_is_full() -> None:
    cfg = dict(ewma_window=40, ewma_gap=10, history_spills=250)
    made = desk([spill(b, config_digest="e" * 64) for b in range(1, 60)], **cfg)
    assert raised(made) - {("DetectorMiscalibrated", "")} == set()
    for burst in range(60, 70):
        made.feed(Booked(spill(burst, halo=1.15, config_digest="e" * 64)))
    assert alarm(made, DRIFT, "q1").state is State.ALARM and alarm(made, JUMP, "q1").state is State.OK


def test_an_own_reference_is_for_its_mode() -> None:
    reference = shipped_reference()
    own = reference.model_copy(update={"provenance": reference.provenance.model_copy(update={"mode": "BEAM_DUMP"})})
    made = AlarmDesk(AlarmsConfig(), own)
    made.feed(Booked(spill(1, mode="BEAM_DUMP", config_digest="f" * 64)))
    assert stream(made, "q1").state is State.OK and "EMULATED" not in stream(made, "q1").reason
    made.feed(Booked(spill(2, mode="KAON", config_digest="f" * 64)))
    assert stream(made, "q1").state is State.UNKNOWN and alarm(made, "DetectorMiscalibrated").state is State.WARN


def test_more_alarms_than_predicted_are_a_ticket() -> None:
    spills = []
    for episode in range(5):
        first = 1 + 10 * episode
        spills += [*quiet(first, first + 8), spill(first + 9, halo=2.0)]
    made = desk([*spills, *quiet(51, 60)], clear_spills=3)
    found = alarm(made, "DetectorMiscalibrated")
    assert found.state is State.ALARM and found.severity == "ticket" and found.text.startswith("5 alarms")
    assert alarm(desk(spills[:20], clear_spills=3), "DetectorMiscalibrated").state is State.OK


def test_rare_counters_have_no_alarm_and_say_so() -> None:
    spills = [spill(b, candidates={"mumu_os": {"OCR1": 1, "OUTSIDE": 2}}) for b in range(1, 41)]
    view = desk(spills).rare()
    (counter,) = view.counters
    assert counter.observed == 120 and "No alarm exists" in view.text
    reference = shipped_reference()
    scale = view.pot / reference.rare_pot
    assert counter.expected == pytest.approx(reference.rare["mumu_os"] * scale)
    assert counter.pot_error == pytest.approx(0.2 * counter.expected) and counter.expected_error > 0


EPISODE = [
    *quiet(1, 12), spill(13, halo=2.0), *quiet(14, 16), without_pot(17), spill(18, gain=0.7),
    spill(19, b2_current_a=0.0, quality=(Quality.MAGNET_OFF,)), *quiet(20, 26),
]  # fmt: skip
CLEAN = told(desk(EPISODE))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 10), st.booleans())
def test_order_of_commits_repetitions_and_corrections_do_not_matter(seed: int, repeats: int, correct: bool) -> None:
    rng = random.Random(seed)
    rows = list(EPISODE)
    if correct:
        # first booked incomplete, completed later
        part = EPISODE[12].model_copy(
            update={"state": "INCOMPLETE", "n_missing": 5, "quality": [Quality.INCOMPLETE], "counts": {"two_track": 1}}
        )
        rows = [part if one is EPISODE[12] else one for one in EPISODE]
    rng.shuffle(rows)
    rows += [rng.choice(EPISODE) for _ in range(repeats)] + ([EPISODE[12]] if correct else [])
    made = AlarmDesk(AlarmsConfig(), None)
    for one in rows:
        made.feed(Booked(one))
        if rng.random() < 0.2:
            made.alarms()  # looking changes nothing
    assert told(made) == CLEAN


def test_a_replay_fires_in_the_same_spill() -> None:
    live, replayed = AlarmDesk(AlarmsConfig(), None), AlarmDesk(AlarmsConfig(), None)
    for one in EPISODE:
        live.feed(SimpleNamespace(entry=one.burst, booked_ns=one.sob_time_ns, spill=one))
        replayed.feed(Booked(one.model_copy(update={"live_fraction": one.live_fraction})))
        assert told(live) == told(replayed)


def test_memory_is_flat() -> None:
    made = desk(quiet(1, 300, noise=0.0), history_spills=250)
    assert {len(view.points) for view in made.streams()} == {250}
    assert (len(made._keys), len(made._readings), len(made._states)) == (250, 250, 251)
    made.feed(Booked(spill(10, halo=2.0)))
    assert raised(made) == set() and made.n_too_old == 1


def test_the_oldest_spill_that_is_dropped_leaves_its_effect() -> None:
    cfg = dict(history_spills=250, clear_spills=1000)
    made = desk([spill(1, halo=2.0), *quiet(2, 300)], **cfg)
    assert stream(made, "q1").points[0].burst == 51 and alarm(made, JUMP, "q1").state is State.ALARM


def test_what_is_masked_does_not_matter() -> None:
    # selected and not_selected hold masked events as ordinary ones; no stream reads them
    other = [one.model_copy(update={"counts": {**one.counts, "selected": 0, "not_selected": 7}}) for one in EPISODE]
    assert told(desk(other)) == CLEAN


def test_every_alarm_has_system_severity_action_and_runbook() -> None:
    made = desk(EPISODE)
    assert {one.name for one in made.alarms()} == set(KINDS)
    assert len({one.key for one in made.alarms()}) == len(made.alarms())
    for one in made.alarms():
        assert one.runbook == f"/runbook#{one.name.lower()}" and one.text
        assert bool(one.action) == (one.state in (State.WARN, State.ALARM))


def test_the_band_is_where_a_single_spill_becomes_an_alarm() -> None:
    before = quiet(1, 3)
    base = spill(4)
    view = stream(desk([*before, base]), "anti0").points[-1]
    units = base.pot / 1e12
    states = []
    for count in (view.high * units * 0.9999, view.high * units * 1.0001, view.low * units * 0.9999):
        edge = base.model_copy(update={"scalers": {**base.scalers, "ANTI0": round(count)}})
        states.append(alarm(desk([*before, edge]), JUMP, "anti0").state)
    assert states == [State.WARN, State.ALARM, State.ALARM]


def test_a_chart_alarms_above_its_limit_and_warns_below() -> None:
    made, seen = desk([]), {}
    for one in [*quiet(1, 5, noise=0.0), *quiet(6, 40, noise=0.0, halo=1.055)]:
        made.feed(Booked(one))
        level = stream(made, "anti0").points[-1].cusum_up
        seen.setdefault(alarm(made, DRIFT, "anti0").state, level)
        assert (alarm(made, DRIFT, "anti0").state is State.ALARM) == (level > 1.0)
    assert seen[State.WARN] < 1.0 < seen[State.ALARM]


def test_the_fallback_learns_anew_at_another_setting_of_b2() -> None:
    strange = {"config_digest": "e" * 64}
    there = {**strange, "b2_current_a": 770.0, "b2_set_a": 770.0, "halo": 4.0}
    made = desk([*[spill(b, **strange) for b in range(1, 31)], *[spill(b, **there) for b in range(31, 41)]])
    assert {stream(made, name).points[-1].inhibited for name in RATE} == {Inhibit.LEARNING}
    assert raised(made) == {("DetectorMiscalibrated", "")}
    for burst in range(41, 60):
        made.feed(Booked(spill(burst, **there)))
    assert stream(made, "q1").state is State.OK


def test_a_chart_that_still_falls_after_an_excursion_does_not_blame_t10() -> None:
    high = [spill(burst, halo=2.0, noise=0.0) for burst in range(4, 9)]
    made = desk([*quiet(1, 3), *high, *[spill(burst, halo=1.015, noise=0.0) for burst in range(9, 12)]])
    assert stream(made, "pairs").points[-1].cusum_up > 1.0
    assert alarm(made, POT).state is State.OK


def test_alarms_older_than_a_week_of_spills_are_forgotten() -> None:
    rules = make_rules(AlarmsConfig(), shipped_reference(), "")
    before = DeskState(onsets=(1, 2, 3, 4, 900))
    assert _onsets(before, {}, 40_000, rules) == before.onsets
    assert _onsets(before, {}, 41_000, rules) == (900,)
    begun = {"q1": StreamState(jump=Held(State.ALARM))}
    assert _onsets(before, begun, 41_000, rules) == (900, 41_000)
    assert _onsets(DeskState(streams=begun), begun, 41_000, rules) == ()
