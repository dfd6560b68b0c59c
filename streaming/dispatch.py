"""Which frame goes to which worker next. Pure: no sockets, no clock.

Workers ask for work with credits; a frame goes to the worker that has the most credits left, the oldest burst
first. The source keeps no record of who has what: what gets lost is found by the closure, which asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from daq.records import BurstKey


@dataclass(slots=True)
class _Queue:
    pending: deque[int] = field(default_factory=deque)
    waiting: set[int] = field(default_factory=set)
    attempts: dict[int, int] = field(default_factory=dict)


class Dispatcher:
    """Credits of workers and frames that wait, for all bursts of a source."""

    def __init__(self, max_attempts: int) -> None:
        self._max_attempts = max_attempts
        self._credits: dict[bytes, int] = {}
        self._queues: dict[BurstKey, _Queue] = {}

    @property
    def has_workers(self) -> bool:
        """Whether any worker has asked for work."""
        return bool(self._credits)

    def attempts(self, key: BurstKey, seq: int) -> int:
        """Times a frame was handed out."""
        return self._queues[key].attempts.get(seq, 0)

    def on_want(self, worker: bytes, credits: int, *, reset: bool) -> None:
        """Take note that a worker can take more; with `reset` the number replaces what was known of it."""
        self._credits[worker] = credits if reset else self._credits.get(worker, 0) + credits

    def on_leave(self, worker: bytes) -> None:
        """Take note that a worker stops."""
        self._credits.pop(worker, None)

    def on_burst(self, key: BurstKey, seqs: Iterable[int] = ()) -> None:
        """Open a burst whose frames `seqs` are there already."""
        self._queues[key] = _Queue()
        for seq in seqs:
            self.on_frame(key, seq)

    def on_frame(self, key: BurstKey, seq: int) -> None:
        """Queue a frame once."""
        queue = self._queues[key]
        if seq not in queue.waiting:
            queue.waiting.add(seq)
            queue.pending.append(seq)

    def on_ask_again(self, key: BurstKey, seqs: Iterable[int], known: int) -> dict[int, str]:
        """Queue missing frames again; returns those that can't be given, with the reason.

        `known` is the number of frames that the burst has.
        """
        queue = self._queues[key]
        refused: dict[int, str] = {}
        for seq in seqs:
            if seq >= known:
                refused[seq] = "not in the journal"
            elif seq not in queue.waiting and queue.attempts.get(seq, 0) >= self._max_attempts:
                refused[seq] = f"handed out {self._max_attempts} times without a result"
            else:
                self.on_frame(key, seq)
        return refused

    def on_new_collector(self) -> None:
        """Forget attempts: frames whose results another collector took with it are no poison."""
        for queue in self._queues.values():
            queue.attempts.clear()

    def on_unreadable(self, worker: bytes) -> None:
        """Give a credit back: the frame chosen for the worker can't be read from disk."""
        self.on_want(worker, 1, reset=False)

    def on_done(self, key: BurstKey) -> None:
        """Forget a burst."""
        self._queues.pop(key, None)

    def next(self) -> tuple[bytes, BurstKey, int] | None:
        """Worker, burst and seq of the next frame to send; None when frames or credits are lacking."""
        worker = max(self._credits, key=self._credits.__getitem__, default=None)
        if worker is None or self._credits[worker] <= 0:
            return None
        for key, queue in self._queues.items():
            if queue.pending:
                seq = queue.pending.popleft()
                queue.waiting.discard(seq)
                queue.attempts[seq] = queue.attempts.get(seq, 0) + 1
                self._credits[worker] -= 1
                return worker, key, seq
        return None

    def on_unsent(self, worker: bytes, key: BurstKey, seq: int) -> None:
        """Take a frame back that could not be handed over: the worker is gone."""
        self.on_leave(worker)
        queue = self._queues[key]
        queue.attempts[seq] -= 1
        if seq not in queue.waiting:
            queue.waiting.add(seq)
            queue.pending.appendleft(seq)
