"""Acknowledgements: they hold until the alarm resolves or worsens, whoever restarts in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.alarms.model import Alarm, State
from monitor.ledger import LogRow
from monitor.opslog.acknowledge import RANK, RELEASED, STATE, Acknowledgements, subject_of

STATES = list(State)


def alarm(state: State, name: str = "WorkersDown", stream: str | None = None) -> Alarm:
    return Alarm(
        name=name,
        system="chain",
        severity="page",
        stream=stream,
        state=state,
        text="t",
        action="a",
        runbook="/runbook#x",
    )


def line(number: int, said: State | None, subject: str = "WorkersDown", **document: str) -> LogRow:
    content = {STATE: said.value} if said is not None else document or None
    return LogRow(
        id=number, booked_ns=number, who=f"w{number}", kind="acknowledge", run=None, burst=None, subject=subject,
        text="seen", document=content,
    )  # fmt: skip


def held_by(acks: Acknowledgements, state: State) -> str | None:
    (marked,) = acks.mark([alarm(state)])
    return marked.acknowledged.who if marked.acknowledged else None


def test_resolved_and_worse_end_it() -> None:
    for then, why in ((State.OK, "resolved"), (State.ALARM, "worse")):
        acks = Acknowledgements()
        acks.read([line(1, State.WARN)])
        assert held_by(acks, State.WARN) == held_by(acks, State.UNKNOWN) == "w1"
        assert held_by(acks, then) is None
        (ended,) = acks.settle([alarm(then)])
        assert (ended.why, ended.who) == (why, "w1")
        assert held_by(acks, State.WARN) is None  # it does not come back
        assert acks.settle([alarm(then)]) == []


def test_a_better_state_keeps_it() -> None:
    acks = Acknowledgements()
    acks.read([line(1, State.ALARM)])
    assert acks.settle([alarm(s) for s in (State.WARN, State.UNKNOWN, State.ALARM)]) == []
    assert held_by(acks, State.ALARM) == "w1"


def test_one_from_elsewhere_takes_the_state_that_is_seen_first() -> None:
    acks = Acknowledgements()
    acks.read([line(1, None)])
    assert acks.settle([alarm(State.WARN)]) == [] and held_by(acks, State.WARN) == "w1"
    assert [e.why for e in acks.settle([alarm(State.ALARM)])] == ["worse"]


def test_streams_are_apart_and_odd_lines_do_no_harm() -> None:
    acks = Acknowledgements()
    acks.read([line(1, None, "BackgroundRateExcursion:q1", state="nonsense"), line(2, None, "X", released="resolved")])
    muv3, q1 = (alarm(State.WARN, "BackgroundRateExcursion", name) for name in ("muv3", "q1"))
    assert [a.acknowledged is not None for a in acks.mark([muv3, q1])] == [False, True]
    assert subject_of("A", None) == "A" and subject_of("A", "b") == "A:b"


@given(st.lists(st.one_of(st.sampled_from(STATES), st.just("ack")), max_size=30))
def test_a_restart_at_any_moment_knows_the_same(history: list[State | str]) -> None:
    """Slow twin: the log alone, read again from its first line, gives what the running program has."""
    running, rows, state = Acknowledgements(), [], State.OK
    acked: State | None = None
    for event in history:
        if event == "ack":
            if state is not State.OK:
                rows.append(line(len(rows) + 1, state))
                acked = state
        else:
            state = event
        running.read(rows)
        for ended in running.settle([alarm(state)]):
            rows.append(line(len(rows) + 1, None, ended.subject, **{RELEASED: ended.why}))
        if acked is not None and (state is State.OK or RANK[state] > RANK[acked]):
            acked = None
        fresh = Acknowledgements()
        fresh.read(rows)
        assert held_by(fresh, state) == held_by(running, state)
        assert (held_by(running, state) is not None) == (acked is not None)
