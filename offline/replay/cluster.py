"""Dask schedulers of this machine: in this process, or with spawned workers on loopback. No dashboard, no open port.

Whoever reaches a Dask scheduler runs code as its owner. In this process it has no socket at all; between processes it
is on loopback, encrypted, with certificates that live as long as the replay and are known to its own workers only.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable
from multiprocessing import resource_tracker
from typing import Any

import dask
from distributed import Nanny, Scheduler, Security, Worker
from distributed import SpecCluster as _SpecCluster

from offline.replay.stop import SIGNALS

Cluster = Any
"""Dask's functions carry no types."""

SpecCluster: Callable[..., Cluster] = _SpecCluster
temporary_security: Callable[[], Any] = Security.temporary

LOOPBACK = "127.0.0.1"
DEATHS = 3
"""A burst on which so many workers died is given up and named."""

SETTINGS = {
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.scheduler.allowed-failures": DEATHS,
    # what a mapped recording fills is the page cache; it is no reason to pause or to end a worker
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    # what nobody looks at costs several milliseconds a burst
    "distributed.worker.profile.enabled": False,
    "distributed.scheduler.active-memory-manager.start": False,
    "distributed.scheduler.work-stealing": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "60s",
}


class QuietScheduler(Scheduler):
    """Scheduler without an HTTP server."""

    def start_http_server(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - signature of the library
        """Open no port."""


class QuietWorker(Worker):
    """Worker without an HTTP server."""

    def start_http_server(self, *_: Any, **__: Any) -> None:  # noqa: ANN401 - as above
        """Open no port."""


def in_process() -> Cluster:
    """Scheduler and one worker thread in this process; nothing listens."""
    _set_up()
    worker = {"cls": QuietWorker, "options": {"nthreads": 1, "memory_limit": 0, "protocol": "inproc://"}}
    scheduler = {"cls": QuietScheduler, "options": {"protocol": "inproc://", "dashboard": False}}
    return SpecCluster(workers={0: worker}, scheduler=scheduler, silence_logs=logging.CRITICAL)


def on_this_machine(workers: int) -> Cluster:
    """So many spawned worker processes of one thread each; one that dies is started again."""
    _set_up()
    security = temporary_security()
    # the processes inherit it, those that replace a dead one as well: Ctrl-C in a terminal reaches all of them, and
    # only this one may decide what it means
    resource_tracker.ensure_running()  # its first start unblocks them in the thread that starts it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        return _spawned(workers, security)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _spawned(workers: int, security: Any) -> Cluster:  # noqa: ANN401
    common = {"protocol": "tls://", "host": LOOPBACK, "security": security}
    options = {
        **common,
        "nthreads": 1,
        "memory_limit": 0,
        "silence_logs": logging.CRITICAL,
        "worker_class": QuietWorker,
    }
    return SpecCluster(
        workers={index: {"cls": Nanny, "options": options} for index in range(workers)},
        scheduler={"cls": QuietScheduler, "options": {**common, "port": 0, "dashboard": False}},
        security=security,
        silence_logs=logging.CRITICAL,
    )


def _set_up() -> None:
    dask.config.set(SETTINGS)
    # what matters of it is said in our own words
    for name in [*logging.root.manager.loggerDict, "distributed"]:
        if name.partition(".")[0] == "distributed":
            logging.getLogger(name).setLevel(logging.CRITICAL)
