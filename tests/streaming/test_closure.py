"""Closure: every schedule of loss, duplication, reordering and death ends with each frame counted once or named."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.recording import frames_digest
from streaming.closure import (
    GHOST_STALLS,
    MAX_DIGEST_FAILURES,
    MAX_DONE,
    MAX_OPEN_BURSTS,
    NO_ANSWER,
    AskAgain,
    Closure,
    Commit,
    Result,
)
from streaming.headers import add_digests
from streaming.masked import Masked
from streaming.tally import Tally
from tests.strategies_wire import eob_record, sob_record

SECOND = 1_000_000_000
KEY = (1, 1)


def result(seq: int, n_events: int = 10, crc: int | None = None) -> Result:
    tally = Tally.zero()
    tally.counts[:] = (n_events, 0, 0, 0, 0, n_events)
    return Result(
        seq, n_events, 100 + seq, seq * 7 if crc is None else crc, bytes([seq + 1]) * 16, tally, Masked.zero()
    )


def sum_of_digests(seqs) -> bytes:
    total = bytes(16)
    for seq in seqs:
        total = add_digests(total, result(seq).headers_digest)
    return total


def eob(n_frames: int, n_events: int | None = None):
    digest = frames_digest((seq, 10, 100 + seq, seq * 7) for seq in range(n_frames))
    return eob_record(n_frames=n_frames, n_events=10 * n_frames if n_events is None else n_events, digest=digest)


def closure(give_up: int = 5) -> Closure:
    return Closure(SECOND, give_up * SECOND)


def commits(actions) -> list[Commit]:
    return [action for action in actions if isinstance(action, Commit)]


class Network:
    """A source that has `n` frames, and a network that loses, repeats and delays as `chance` has it."""

    def __init__(self, chance: random.Random, n_frames: int, dead: frozenset[int]) -> None:
        self.chance, self.n, self.dead = chance, n_frames, dead
        self.flying = list(range(n_frames))
        self.now = 0
        self.closure = closure(give_up=10_000)
        self.commits: list[Commit] = []

    def take(self, actions) -> None:
        for action in actions:
            if isinstance(action, AskAgain):
                refused = {seq: "gone" for seq in action.seqs if seq in self.dead}
                self.flying += [seq for seq in action.seqs if seq not in self.dead]
                self.take(self.closure.on_unavailable(KEY, refused, self.now))
            else:
                self.commits.append(action)

    def announce(self) -> None:
        events = ["sob", "eob", "sob", "eob"]
        self.chance.shuffle(events)
        for event in events:
            on_sob = event == "sob"
            machine, now = self.closure, self.now
            self.take(machine.on_sob(sob_record(), now) if on_sob else machine.on_eob(eob(self.n), now))

    def one_step(self) -> None:
        self.now += SECOND // 2
        if self.flying and self.chance.random() < 0.5:
            seq = self.flying.pop(self.chance.randrange(len(self.flying)))
            fate = self.chance.choice(["arrives", "arrives", "lost", "twice"])
            if fate == "lost" or seq in self.dead:
                return
            for _ in range(2 if fate == "twice" else 1):
                self.take(self.closure.on_result(KEY, result(seq), self.now))
        else:
            self.take(self.closure.on_tick(self.now))

    def collector_dies(self) -> None:
        """Everything in memory is gone; the source announces again."""
        self.closure = closure(give_up=10_000)
        self.announce()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 6), st.frozensets(st.integers(0, 5), max_size=2))
def test_any_schedule_counts_every_frame_once_or_names_it(seed, n_frames, dead):
    dead = frozenset(seq for seq in dead if seq < n_frames)
    net = Network(random.Random(seed), n_frames, dead)
    net.announce()
    for step in range(2000):
        if net.commits:
            break
        if step == 7 and seed % 2:
            net.collector_dies()
        net.one_step()
    (commit,) = net.commits
    counted = set(range(n_frames)) - dead
    assert commit.n_counted == commit.tally.count("events") == 10 * len(counted)
    named = {seq for first, last, _ in commit.missing for seq in range(first, last + 1)}
    assert named == dead
    assert {why for *_, why in commit.missing} <= {"gone"}
    assert commit.headers_digest == sum_of_digests(counted)


def test_the_order_of_results_does_not_change_the_digest():
    seen = []
    for order in ((0, 1, 2), (2, 0, 1)):
        machine = closure()
        machine.on_sob(sob_record(), 0)
        machine.on_eob(eob(3), 0)
        actions = [action for seq in order for action in machine.on_result(KEY, result(seq), 0)]
        seen.append(commits(actions)[0].headers_digest)
    assert seen[0] == seen[1]


def test_a_frame_is_counted_once_and_its_repeat_is_noted():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_result(KEY, result(0), 0)
    machine.on_result(KEY, result(0), 0)
    machine.on_eob(eob(2), 0)
    (commit,) = machine.on_result(KEY, result(1), 0)
    assert commit.n_counted == 20
    assert machine.duplicates == 1


def test_nothing_leaves_without_sob():
    machine = closure()
    assert machine.on_result(KEY, result(0), 0) == []
    assert machine.on_eob(eob(1), 0) == []
    (commit,) = machine.on_sob(sob_record(), 0)
    assert commit.n_counted == 10


def test_an_empty_burst_is_committed():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    (commit,) = machine.on_eob(eob(0), 0)
    assert (commit.n_counted, commit.missing) == (0, ())


def test_missing_frames_are_asked_for_after_the_stall_and_not_before():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(4), 0)
    machine.on_result(KEY, result(1), SECOND)
    assert machine.on_tick(2 * SECOND - 1) == []
    assert machine.on_tick(2 * SECOND) == [AskAgain(KEY, (0, 2, 3))]
    assert machine.on_tick(2 * SECOND + 1) == []


def test_no_answer_at_all_ends_incomplete_with_the_reason():
    machine = closure(give_up=3)
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(3), 0)
    machine.on_result(KEY, result(1), 0)
    actions = [action for i in range(1, 6) for action in machine.on_tick(i * SECOND)]
    assert [type(action) for action in actions] == [AskAgain, AskAgain, Commit]
    assert actions[-1].missing == ((0, 0, NO_ANSWER), (2, 2, NO_ANSWER))


def test_a_source_that_answers_is_waited_for_as_long_as_it_takes():
    """Frames without a worker are late, not lost."""
    machine = closure(give_up=3)
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(1), 0)
    for i in range(1, 1000):
        now = i * SECOND
        assert machine.on_tick(now) == [AskAgain(KEY, (0,))]
        assert machine.on_unavailable(KEY, {}, now) == []
    (commit,) = machine.on_result(KEY, result(0), 1000 * SECOND)
    assert commit.n_counted == 10


def test_a_burst_given_up_without_answer_can_be_counted_again():
    machine = closure(give_up=1)
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(1), 0)
    assert len(commits(machine.on_tick(SECOND))) == 1
    machine.committed(KEY)
    machine.reopen(KEY)
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(1), 0)
    (commit,) = machine.on_result(KEY, result(0), 0)
    assert (commit.n_counted, commit.missing) == (10, ())


def test_results_that_nobody_announced_are_forgotten_and_never_block_an_announced_burst():
    machine = closure()
    for burst in range(2, 2 + MAX_OPEN_BURSTS):
        machine.on_result((1, burst), result(0), 0)
    machine.on_sob(sob_record(), 0)
    (commit,) = machine.on_eob(eob(0), 0)
    assert commit.sob == sob_record()
    machine.committed(KEY)
    assert len(machine.progress()) == MAX_OPEN_BURSTS
    machine.on_tick(GHOST_STALLS * SECOND)
    assert machine.progress() == {}


def test_reasons_for_frames_that_do_not_exist_are_ignored():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(2), 0)
    (commit,) = machine.on_unavailable(KEY, {0: "gone", 1: "gone", 7: "gone"}, 0)
    assert commit.missing == ((0, 1, "gone"),)


def test_memory_of_closed_bursts_is_bounded():
    machine = closure()
    for burst in range(MAX_DONE + 10):
        machine.drop((1, burst))
    assert not machine.is_done((1, 0))
    assert machine.is_done((1, MAX_DONE + 9))


def test_a_wrong_frame_makes_the_burst_start_again():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(2), 0)
    machine.on_result(KEY, result(0, crc=99), 0)
    assert machine.on_result(KEY, result(1), 0) == []
    assert machine.digest_failures == 1
    assert machine.on_tick(SECOND) == [AskAgain(KEY, (0, 1))]
    machine.on_result(KEY, result(0), SECOND)
    (commit,) = machine.on_result(KEY, result(1), SECOND)
    assert commit.n_counted == 20


def test_a_burst_whose_digest_never_fits_is_given_up_with_the_reason():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(1), 0)
    actions = [a for _ in range(MAX_DIGEST_FAILURES) for a in machine.on_result(KEY, result(0, crc=99), 0)]
    (commit,) = actions
    assert (commit.n_counted, commit.missing) == (0, ((0, 0, "digest of the burst is wrong"),))


@pytest.mark.parametrize("early", [True, False])
def test_a_frame_number_beyond_the_burst_is_never_counted(early):
    machine = closure()
    machine.on_sob(sob_record(), 0)
    if early:
        machine.on_result(KEY, result(5), 0)
    machine.on_eob(eob(1), 0)
    machine.on_result(KEY, result(5), 0)
    (commit,) = machine.on_result(KEY, result(0), 0)
    assert commit.n_counted == 10


def test_a_committed_burst_stays_closed():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    machine.on_eob(eob(0), 0)
    machine.committed(KEY)
    assert machine.on_sob(sob_record(), 0) == machine.on_eob(eob(0), 0) == machine.on_result(KEY, result(0), 0) == []
    assert machine.is_done(KEY)
    assert machine.duplicates == 1


def test_while_the_ledger_is_busy_nothing_is_asked_for_or_committed_twice():
    machine = closure()
    machine.on_sob(sob_record(), 0)
    assert len(commits(machine.on_eob(eob(0), 0))) == 1
    assert machine.on_tick(10 * SECOND) == []
    assert machine.on_eob(eob(0), 10 * SECOND) == []
