"""Bursts out to workers, outcomes back as they come, whoever dies in between."""

from __future__ import annotations

import logging
import queue
import time
import uuid
from collections import deque
from collections.abc import Sequence
from typing import Any

from daq.errors import TransportError
from daq.records import BurstKey
from offline.replay.task import Outcome, Refusal, count_tasks, outcome
from offline.replay.work import Work

log = logging.getLogger(__name__)

RETRIES = 2
"""A task that fails for a reason that is not its recording is tried so many times more."""

QUEUED_PER_THREAD = 3
"""Tasks at a worker, so that it does not wait for the next one."""

MAX_CHUNK = 8
TASKS_LEFT = 4
"""Bursts are put together as long as so many tasks are left for every thread."""

LOOK_EVERY_S = 3.0
NO_WORKER_S = 60.0
"""Local workers that are away for so long do not come back."""

AGAIN = ("pending", "lost")
"""Status of a future whose task is to be done once more."""


Some = Sequence[tuple[BurstKey, str]]
"""Key and place of some bursts that are one task."""

_Done = queue.SimpleQueue[Any]


class Engine:
    """Hands bursts to workers and gives their outcomes back as they come.

    name : what a person would call it
    cluster : workers of this machine, which are started again when they die; None for those of somebody else
    """

    def __init__(self, client: Any, name: str, cluster: Any = None, workers: int = 1) -> None:  # noqa: ANN401
        self.name = name
        self._client = client
        self._cluster = cluster
        self._workers = workers
        self._done: _Done = queue.SimpleQueue()
        self._late: list[Any] = []
        """Done once, but their worker died with the result: they are counted again."""
        self._tasks: dict[Any, tuple[Work, Some]] = {}
        self._ready: deque[tuple[BurstKey, Outcome]] = deque()
        self._threads = 0
        self._looked = 0.0
        self._seen = time.monotonic()

    @property
    def in_flight(self) -> int:
        """Tasks that were handed out and have not come back, and outcomes that have and were not taken."""
        return len(self._tasks) + len(self._ready)

    @property
    def has_room(self) -> bool:
        """Whether a worker could do with one more task soon."""
        self._look()
        return len(self._tasks) < QUEUED_PER_THREAD * max(1, self._threads)

    def chunk(self, n_left: int) -> int:
        """Bursts to put into one task when `n_left` are left: more than one only as long as all workers have enough.

        Handing out a task costs some milliseconds, whatever is in it.
        """
        return max(1, min(MAX_CHUNK, n_left // (TASKS_LEFT * max(1, self._threads))))

    def submit(self, work: Work, some: Some) -> None:
        """Have some bursts counted, in one task."""
        run, burst = some[0][0]
        name = f"dumpwatch-{run:06d}-{burst:06d}-{uuid.uuid4().hex}"
        places = [place for _, place in some]
        future = self._client.submit(count_tasks, work.pack(), places, key=name, pure=False, retries=RETRIES)
        self._tasks[future] = (work, some)
        done = self._done  # this one, not the one after a `forget`
        future.add_done_callback(done.put)

    def take(self, timeout_s: float) -> tuple[BurstKey, Outcome] | None:
        """Wait for the next outcome; None when there is none yet.

        Raises
        ------
        TransportError
            Scheduler or workers are gone.
        """
        if not self._ready:
            self._receive(timeout_s)
        return self._ready.popleft() if self._ready else None

    def forget(self) -> None:
        """Forget what was handed out; outcomes that come all the same go nowhere."""
        self._done = queue.SimpleQueue()
        for future in self._tasks:
            future.cancel()
        self._tasks.clear()
        self._late.clear()
        self._ready.clear()

    def _receive(self, timeout_s: float) -> None:
        for future in [future for future in self._late if future.status not in AGAIN]:
            self._late.remove(future)
            self._done.put(future)
        try:
            future = self._done.get(timeout=timeout_s)
        except queue.Empty:
            self._look()
            return
        work, some = self._tasks[future]
        outcomes = self._outcomes(future, len(some))
        if outcomes is None:
            self._late.append(future)
            self._look()
            return
        del self._tasks[future]
        future.release()
        if len(outcomes) == len(some):
            self._ready.extend((key, answer) for (key, _), answer in zip(some, outcomes, strict=True))
            return
        for one in some:  # one of them is bad: alone, it is named, and the others are counted
            self.submit(work, [one])

    def _outcomes(self, future: Any, n: int) -> list[Outcome] | None:  # noqa: ANN401
        """Answers of a task; None when it is to be waited for, fewer than `n` when it failed as a whole."""
        from distributed import TimeoutError as LateError

        if future.status == "error":
            return [self._failure(future.exception())] if n == 1 else []
        if future.status == "finished":
            try:
                return [outcome(answer) for answer in future.result(timeout=LOOK_EVERY_S)]
            except LateError:
                return None
            except ValueError as error:
                return [Refusal(str(error))] * n
        if future.status in AGAIN:
            return None
        msg = f"replay: {self.name} does not answer any more; what was counted so far is reported, start it again"
        raise TransportError(msg)

    @staticmethod
    def _failure(error: BaseException) -> Refusal:
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            return Refusal("every worker that took it died; keep the recording, call the DAQ expert")
        # its text may come from anywhere, also from the events
        return Refusal(f"failed {1 + RETRIES} times with {type(error).__name__}; see the log of the worker")

    def _look(self) -> None:
        """See how many workers there are, every few seconds."""
        now = time.monotonic()
        if self._threads and now - self._looked < LOOK_EVERY_S:
            return
        self._looked = now
        before = self._threads
        try:
            self._threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError, ValueError) as error:
            msg = f"replay: {self.name} is gone ({type(error).__name__}); start it again"
            raise TransportError(msg) from None
        if self._threads < before:
            log.warning("%s: a worker is gone; what it had is counted again", self.name)
        if self._cluster is not None and self._threads < self._workers:
            # one that dies while it starts is not started again by Dask
            self._cluster.scale(self._workers)
        if self._threads:
            self._seen = now
        elif now - self._seen > NO_WORKER_S and self._cluster is None:
            self._seen = now
            log.warning("%s has no worker; waiting for one", self.name)
        elif now - self._seen > NO_WORKER_S:
            msg = f"replay: {self.name} has had no worker for {NO_WORKER_S:.0f} s; look above for what ended them"
            raise TransportError(msg)
