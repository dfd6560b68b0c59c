"""Bursts out to workers, outcomes back as they come, whoever dies in between."""

from __future__ import annotations

import logging
import queue
import time
import uuid
from typing import Any

from daq.errors import TransportError
from daq.records import BurstKey
from offline.replay.task import Outcome, Refusal, count_task, outcome
from offline.replay.work import Work

log = logging.getLogger(__name__)

RETRIES = 2
"""A task that fails for a reason that is not its recording is tried so many times more."""

QUEUED_PER_THREAD = 3
"""Tasks at a worker, so that it does not wait for the next one."""

LOOK_EVERY_S = 3.0
NO_WORKER_S = 60.0
"""Local workers that are away for so long do not come back."""

AGAIN = ("pending", "lost")
"""Status of a future whose task is to be done once more."""


_Done = queue.SimpleQueue[tuple[BurstKey, Any]]


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
        self._late: list[tuple[BurstKey, Any]] = []
        """Done once, but their worker died with the result: they are counted again."""
        self._futures: set[Any] = set()
        self._threads = 0
        self._looked = 0.0
        self._seen = time.monotonic()

    @property
    def in_flight(self) -> int:
        """Bursts that were handed out and have not come back."""
        return len(self._futures)

    @property
    def has_room(self) -> bool:
        """Whether a worker could do with one more task soon."""
        self._look()
        return self.in_flight < QUEUED_PER_THREAD * max(1, self._threads)

    def submit(self, key: BurstKey, work: Work, place: str) -> None:
        """Have one burst counted."""
        name = f"dumpwatch-{key[0]:06d}-{key[1]:06d}-{uuid.uuid4().hex}"
        future = self._client.submit(count_task, work.pack(), place, key=name, pure=False, retries=RETRIES)
        self._futures.add(future)
        done = self._done  # this one, not the one after a `forget`
        future.add_done_callback(lambda answered: done.put((key, answered)))

    def take(self, timeout_s: float) -> tuple[BurstKey, Outcome] | None:
        """Wait for the next outcome; None when there is none yet.

        Raises
        ------
        TransportError
            Scheduler or workers are gone.
        """
        for late in [late for late in self._late if late[1].status not in AGAIN]:
            self._late.remove(late)
            self._done.put(late)
        try:
            key, future = self._done.get(timeout=timeout_s)
        except queue.Empty:
            self._look()
            return None
        answer = self._answer(future)
        if answer is None:
            self._late.append((key, future))
            self._look()
            return None
        self._futures.discard(future)
        future.release()
        return key, answer

    def forget(self) -> None:
        """Forget what was handed out; outcomes that come all the same go nowhere."""
        self._done = queue.SimpleQueue()
        for future in self._futures:
            future.cancel()
        self._futures.clear()
        self._late.clear()

    def _answer(self, future: Any) -> Outcome | None:  # noqa: ANN401
        from distributed import TimeoutError as LateError
        from distributed.scheduler import KilledWorker

        if future.status == "error":
            error = future.exception()
            if isinstance(error, KilledWorker):
                return Refusal("every worker that took it died; keep the recording, call the DAQ expert")
            # its text may come from anywhere, also from the events
            return Refusal(f"failed {1 + RETRIES} times with {type(error).__name__}; see the log of the worker")
        if future.status == "finished":
            try:
                return outcome(future.result(timeout=LOOK_EVERY_S))
            except LateError:
                return None
            except ValueError as error:
                return Refusal(str(error))
        if future.status in AGAIN:
            return None
        msg = f"replay: {self.name} does not answer any more; what was counted so far is reported, start it again"
        raise TransportError(msg)

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
