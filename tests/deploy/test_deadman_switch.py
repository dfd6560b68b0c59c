"""When the switch speaks: pure logic, with a clock of the test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.services.silence import TOLD_NS, DeadmanSwitch, Told, Verdict, read_message

S = 1_000_000_000
LIMIT = 90 * S


def beat(stamp: object = "1", *, firing: bool = True) -> Told:
    return Told("Watchdog", "", firing, str(stamp))


def test_beats_keep_it_calm_and_silence_makes_it_speak() -> None:
    switch = DeadmanSwitch(LIMIT, 0)
    for second in range(20, 400, 20):
        switch.hear([beat(second)], second * S)
        assert switch.judge(second * S) == Verdict(())
    assert switch.judge(380 * S + LIMIT).state == "OK"
    verdict = switch.judge(380 * S + LIMIT + 1)
    assert verdict.state == "ALARM" and "no heartbeat for more than 90 s" in verdict.text
    switch.hear([beat("new")], 600 * S)
    assert switch.judge(600 * S).state == "OK"


def test_a_chain_that_never_came_up_is_told() -> None:
    assert DeadmanSwitch(LIMIT, 7 * S).judge(7 * S + LIMIT + 1).state == "ALARM"


def test_the_same_stamp_again_is_no_sign_of_life() -> None:
    """Alertmanager repeats what a dead Prometheus said last."""
    switch = DeadmanSwitch(LIMIT, 0)
    for second in range(1, 200):
        switch.hear([beat("1.76e+09")], second * S)
    assert switch.judge(199 * S).state == "ALARM"


@given(st.lists(st.integers(0, 60), min_size=1, max_size=50))
def test_it_speaks_exactly_when_the_last_new_stamp_is_older_than_the_limit(pauses: list[int]) -> None:
    switch, now, last_new, stamp = DeadmanSwitch(LIMIT, 0), 0, 0, 0
    for pause in pauses:
        now += pause * S
        if pause % 3:  # Prometheus lives
            stamp, last_new = stamp + 1, now
            switch.hear([beat(stamp)], now)
        elif stamp:  # only Alertmanager does
            switch.hear([beat(stamp)], now)
        assert (switch.judge(now).state == "ALARM") == (now - last_new > LIMIT)


def test_bad_news_is_told_at_once_and_ends() -> None:
    switch = DeadmanSwitch(LIMIT, 0)
    switch.hear([beat(1), Told("MonitorDown", "a", True), Told("MonitorDown", "b", True)], S)
    assert switch.judge(S).reasons == ("MonitorDown told by a", "MonitorDown told by b")
    switch.hear([beat(2), Told("MonitorDown", "a", False)], 2 * S)
    assert switch.judge(2 * S).reasons == ("MonitorDown told by b",)
    assert switch.judge(S + TOLD_NS).reasons == ("silence: no heartbeat for more than 90 s",)  # its end was lost


def test_a_heartbeat_that_ends_is_told_before_the_silence_is_long() -> None:
    switch = DeadmanSwitch(LIMIT, 0)
    switch.hear([beat(1)], S)
    switch.hear([beat(1, firing=False)], 2 * S)
    assert switch.judge(2 * S).reasons == ("Watchdog ended",)
    switch.hear([beat(2)], 3 * S)
    assert switch.judge(3 * S).state == "OK"


def test_messages_are_read_and_odd_ones_passed_over() -> None:
    message = {
        "status": "firing",
        "alerts": [
            {"status": "firing", "labels": {"alertname": "Watchdog"}, "annotations": {"heartbeat": "1.7e+09"}},
            {"status": "resolved", "labels": {"alertname": "MonitorDown", "instance": "x"}},
            {"status": "firing"},
            {"labels": {"alertname": 3}},
            "nonsense",
        ],
    }
    assert read_message(message) == [Told("Watchdog", "", True, "1.7e+09"), Told("MonitorDown", "x", False)]


@settings(max_examples=40)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda e: st.lists(e) | st.dictionaries(st.text() | st.just("alerts"), e),
    )
)
def test_any_document_is_read_or_refused(document: object) -> None:
    try:
        assert all(isinstance(told, Told) for told in read_message(document))
    except ValueError as error:
        assert str(error) == "no list of alerts"


@pytest.mark.parametrize("state", ["ALARM", "OK"])
def test_a_verdict_is_one_line(state: str) -> None:
    verdict = Verdict(("a", "b") if state == "ALARM" else ())
    assert verdict.state == state and "\n" not in verdict.text
