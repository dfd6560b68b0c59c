"""Hand-out of frames: never without credit, oldest burst first, nothing queued twice, poison named."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.dispatch import Dispatcher

A, B = b"a", b"b"
ONE, TWO = (1, 1), (1, 2)


def drain(dispatcher: Dispatcher):
    out = []
    while (chosen := dispatcher.next()) is not None:
        out.append(chosen)
    return out


@given(st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 3)), max_size=8), st.integers(0, 12))
def test_no_more_frames_leave_than_were_asked_for(wants, n_frames):
    dispatcher = Dispatcher(8)
    dispatcher.on_burst(ONE, range(n_frames))
    for worker, credits in wants:
        dispatcher.on_want(worker, credits, reset=False)
    sent = drain(dispatcher)
    assert len(sent) == min(n_frames, sum(credits for _, credits in wants))
    assert [seq for *_, seq in sent] == list(range(len(sent)))


def test_oldest_burst_first_and_work_spread_over_workers():
    dispatcher = Dispatcher(8)
    dispatcher.on_burst(ONE, [0, 1])
    dispatcher.on_burst(TWO, [0, 1])
    dispatcher.on_want(A, 2, reset=True)
    dispatcher.on_want(B, 2, reset=True)
    sent = drain(dispatcher)
    assert [key for _, key, _ in sent] == [ONE, ONE, TWO, TWO]
    assert sorted(worker for worker, *_ in sent) == [A, A, B, B]


def test_reset_replaces_credits_of_a_source_that_forgot():
    dispatcher = Dispatcher(8)
    dispatcher.on_burst(ONE, range(10))
    for _ in range(5):
        dispatcher.on_want(A, 2, reset=True)
    assert len(drain(dispatcher)) == 2


def test_asked_again_frames_are_queued_once_and_unknown_ones_refused():
    dispatcher = Dispatcher(8)
    dispatcher.on_burst(ONE, [0, 1])
    assert dispatcher.on_ask_again(ONE, [0, 1, 2], known=2) == {2: "not in the journal"}
    dispatcher.on_want(A, 10, reset=True)
    assert [seq for *_, seq in drain(dispatcher)] == [0, 1]
    assert dispatcher.on_ask_again(ONE, [1], known=2) == {}
    assert [seq for *_, seq in drain(dispatcher)] == [1]


def test_poison_is_given_up_after_its_attempts():
    dispatcher = Dispatcher(2)
    dispatcher.on_burst(ONE, [0])
    dispatcher.on_want(A, 10, reset=True)
    drain(dispatcher)
    assert dispatcher.on_ask_again(ONE, [0], known=1) == {}
    drain(dispatcher)
    assert dispatcher.on_ask_again(ONE, [0], known=1) == {0: "handed out 2 times without a result"}


def test_a_frame_for_a_dead_worker_goes_to_the_next_without_costing_an_attempt():
    dispatcher = Dispatcher(1)
    dispatcher.on_burst(ONE, [0])
    dispatcher.on_want(A, 1, reset=True)
    dispatcher.on_unsent(*dispatcher.next())
    dispatcher.on_want(B, 1, reset=True)
    assert dispatcher.next() == (B, ONE, 0)


def test_a_new_collector_starts_the_count_of_attempts_again():
    dispatcher = Dispatcher(1)
    dispatcher.on_burst(ONE, [0])
    dispatcher.on_want(A, 10, reset=True)
    drain(dispatcher)
    dispatcher.on_new_collector()
    assert dispatcher.on_ask_again(ONE, [0], known=1) == {}


def test_a_frame_that_cannot_be_read_costs_no_credit():
    dispatcher = Dispatcher(8)
    dispatcher.on_burst(ONE, [0, 1])
    dispatcher.on_want(A, 1, reset=True)
    worker, _, _ = dispatcher.next()
    dispatcher.on_unreadable(worker)
    assert dispatcher.next() == (A, ONE, 1)
