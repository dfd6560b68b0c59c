"""Outcomes come in the order of run and burst, each once, whatever the order in which workers finish."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.errors import TransportError
from offline.replay import order
from offline.replay.order import Control, Job, in_order
from offline.replay.progress import Pace
from offline.replay.task import Refusal
from offline.replay.work import Work

WORK = Work("{}")


@dataclass
class AnyOrder:
    """An engine without workers: what it was given comes back in any order."""

    seed: int
    room: int = 5
    dies_after: int = 10**9
    largest: int = 1
    there: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    most: int = 0
    forgotten: bool = False

    def __post_init__(self):
        self.draw = random.Random(self.seed)

    @property
    def in_flight(self):
        return len(self.there)

    @property
    def has_room(self):
        return len(self.there) < self.room

    def chunk(self, n_left):
        return self.draw.randint(1, self.largest)

    def submit(self, work, some):
        assert 1 <= len(some) <= self.largest
        self.there.extend(key for key, _ in some)
        self.sent.extend(key for key, _ in some)
        self.most = max(self.most, len(self.there))

    def take(self, timeout_s):
        if len(self.sent) - len(self.there) >= self.dies_after:
            raise TransportError("gone")
        if not self.there or self.draw.random() < 0.3:
            return None
        key = self.there.pop(self.draw.randrange(len(self.there)))
        return key, Refusal(str(key))

    def forget(self):
        self.forgotten = True


def jobs(n, due_s=lambda i: 0.0):
    return [Job((1, i), f"/{i}", due_s(i)) for i in range(1, n + 1)]


def control(stop_after=10**9, known=lambda job: None, clock=lambda: 0.0):
    arrived = []
    return arrived, Control(
        lambda: len(arrived) >= stop_after, clock, known, lambda job, _: arrived.append(job.key), lambda: None
    )


@given(st.integers(0, 60), st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 5))
def test_everything_comes_once_and_in_order(n, seed, room, largest):
    engine = AnyOrder(seed, room, largest=largest)
    arrived, how = control()
    found = [(job.key, outcome.reason) for job, outcome in in_order(engine, WORK, jobs(n), how)]
    assert found == [((1, i), str((1, i))) for i in range(1, n + 1)]
    assert sorted(arrived) == engine.sent == [key for key, _ in found]
    assert engine.most < room + largest


@given(st.integers(1, 40), st.integers(0, 2**32), st.integers(0, 40))
def test_after_a_stop_what_was_handed_out_is_waited_for(n, seed, stop_after):
    engine = AnyOrder(seed)
    _, how = control(stop_after)
    found = [job.key for job, _ in in_order(engine, WORK, jobs(n), how)]
    assert found == engine.sent and engine.there == []
    assert len(found) <= min(n, stop_after + engine.room)
    assert stop_after > 0 or found == []


@given(st.sets(st.integers(1, 30)), st.integers(0, 2**32))
def test_what_is_known_is_not_handed_out_and_keeps_its_place(known, seed):
    engine = AnyOrder(seed)
    arrived, how = control(known=lambda job: Refusal("known") if job.key[1] in known else None)
    found = list(in_order(engine, WORK, jobs(30), how))
    assert [job.key[1] for job, _ in found] == list(range(1, 31))
    assert {job.key[1] for job, outcome in found if outcome.reason == "known"} == known
    assert {burst for _, burst in engine.sent} == set(range(1, 31)) - known == {burst for _, burst in arrived}


def test_a_slow_burst_holds_back_a_bounded_number(monkeypatch):
    monkeypatch.setattr(order, "AHEAD", 10)

    class FirstIsSlow(AnyOrder):
        def take(self, timeout_s):
            if self.there == [(1, 1)]:
                return self.there.pop(), Refusal("late")
            keys = [key for key in self.there if key != (1, 1)]
            if not keys:
                return None
            self.there.remove(keys[0])
            return keys[0], Refusal("x")

    engine = FirstIsSlow(0)
    _, how = control()
    waiting = []
    for job, _ in in_order(engine, WORK, jobs(40), how):
        waiting.append((job.key[1], len(engine.sent)))
    assert waiting[0] == (1, 10) and waiting[-1] == (40, 40)


def test_what_came_before_the_engine_died_was_given_and_the_rest_is_forgotten():
    engine = AnyOrder(1, room=1, dies_after=4)
    _, how = control()
    found = []
    with pytest.raises(TransportError):
        for job, _ in in_order(engine, WORK, jobs(9), how):
            found.append(job.key[1])
    assert found == [1, 2, 3, 4] and engine.forgotten


def test_in_true_time_no_burst_is_handed_out_before_its_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(order.time, "sleep", lambda s: now.__setitem__(0, now[0] + max(s, 0.01)))
    engine = AnyOrder(3, room=50)
    times = {}
    engine.submit = lambda work, some, keep=engine.submit: (times.setdefault(some[0][0], now[0]), keep(work, some))
    _, how = control(clock=lambda: now[0])
    assert len(list(in_order(engine, WORK, jobs(5, lambda i: 14.4 * (i - 1)), how))) == 5
    for i in range(1, 6):
        assert 14.4 * (i - 1) <= times[1, i] < 14.4 * (i - 1) + 0.2


def test_the_pace_says_rates_with_two_digits_and_the_time_left():
    pace = Pace(100, counted=40)
    assert pace.text(5.0) == "40 of 100 spills" and pace.left_s(5.0) is None
    for _ in range(20):
        pace.add(165_432)
    assert pace.text(10.0) == "60 of 100 spills, 330 k events/s, 2.0 spills/s, 0 min 20 s left"
    pace.events = 123_456_789
    pace.n_spills = 100_000
    assert pace.text(10.0) == "60 of 100000 spills, 12 M events/s, 2.0 spills/s, 13 h 52 min left"


def test_after_a_stop_a_worker_that_never_answers_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(order, "DRAIN_S", 0.05)

    class Silent(AnyOrder):
        def take(self, timeout_s):
            if (1, 1) in self.there:
                self.there.remove((1, 1))
                return (1, 1), Refusal("x")
            return None

    engine = Silent(0)
    _, how = control(stop_after=1)
    assert [job.key for job, _ in in_order(engine, WORK, jobs(9), how)] == [(1, 1)]
    assert engine.forgotten and len(engine.there) == 4
