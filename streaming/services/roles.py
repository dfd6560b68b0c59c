"""What the source and the worker are made of. Called by the commands, one call a process."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from daq.config import Config
from daq.recording.layout import key_of
from daq.recording.lock import FolderLock
from daq.source.modes import RunMode
from daq.source.scenario import Scenario
from streaming.services.lifetime import Lifetime
from streaming.services.producer import EmulationPlan, Producer, emulate, replay, warm_up
from streaming.services.publish import Publisher
from streaming.services.source import SourceService, recover
from streaming.transport import Hub, Pattern, load_keys

NOMINAL_CYCLE_S = 14.4
"""SOB to SOB when nothing else is asked for [s]; shortest SPS cycle [recalled, physics notes A.1]."""

LOCK_WAIT_S = 10.0
"""A source waits so long for the one before it, which may still be ending."""


@dataclass(frozen=True, slots=True)
class SourceTask:
    """What a source has to deliver."""

    run: int
    seed: int
    first: int
    last: int | None
    cycle_seconds: float
    journals: Path
    keep: bool
    recordings: tuple[Path, ...] = ()
    scenario: Scenario | None = None
    mode: RunMode = RunMode.BEAM


def run_source(config: Config, task: SourceTask, work: str, control: str, lifetime: Lifetime) -> int:
    """Source role until its bursts are committed or it is stopped; returns the exit code."""
    lock = FolderLock(task.journals, ".source.lock", LOCK_WAIT_S, "source writes its journals there")
    if not task.recordings:
        warm_up(config)
    hub = Hub(load_keys(config.streaming.curve_directory), config.streaming.max_frame_bytes)
    work_link = hub.bind(Pattern.WORK_SERVER, work)
    control_link = hub.connect(Pattern.CONTROL_CLIENT, control, "collector")
    publisher = make_publisher(config) if config.recording.masked == "sealed" and task.keep else None
    service = SourceService(
        hub, work_link, control_link, config.streaming, task.run, keep=task.keep, publisher=publisher
    )
    producer = Producer(
        lambda p: _make(config, task, service.last_booked, p), config.streaming.bursts_in_flight, hub.wake
    )
    lifetime.ready(work=work_link.endpoint)
    try:
        return service.run(producer, lifetime) if service.greet(lifetime) else 0
    finally:
        producer.stop.set()
        hub.close()
        lock.release()


def make_publisher(config: Config) -> Publisher:
    """Build what makes public recordings, with its kernels compiled.

    Raises
    ------
    PolicyError
        The sealing keys can't be read, or the mask is not what the configuration says.
    """
    from streaming.reco.pipeline import Reconstruction
    from streaming.sealing.keys import RECORDING, SealingKeys

    keys = SealingKeys.load(Path(config.sealing.keys))
    reconstruction = Reconstruction(config.reco, config.regions, config.gate, config.channels)
    reconstruction.warm()
    return Publisher(reconstruction, lambda context, plain: keys.seal(RECORDING, context, plain))


def _make(config: Config, task: SourceTask, last_booked: int, producer: Producer) -> None:
    """Hand out first what an earlier source left behind, then the recordings or new bursts.

    No burst number is used twice: new ones follow the last one in the ledger and the last one in a journal.
    """
    leftovers = recover(task.journals) if task.journals.is_dir() else []
    replay(leftovers, producer)
    if task.recordings:
        replay(task.recordings, producer, in_true_time=task.cycle_seconds > 0)
        return
    begun = [key_of(path)[1] for path in leftovers if key_of(path)[0] == task.run]
    first = max(task.first, last_booked + 1, *(burst + 1 for burst in begun))
    bursts: Iterable[int] = range(first, task.last + 1) if task.last is not None else itertools.count(first)
    plan = EmulationPlan(
        config=config,
        seed=task.seed,
        run=task.run,
        bursts=bursts,
        root=task.journals,
        cycle_seconds=task.cycle_seconds,
        start_ns=time.time_ns(),
        nominal_cycle_seconds=NOMINAL_CYCLE_S,
        scenario=task.scenario,
        mode=task.mode,
    )
    emulate(plan, producer)


def run_worker(config: Config, work: str, results: str, lifetime: Lifetime) -> int:
    """Worker role until it is stopped; returns the exit code."""
    from streaming.messages import NO_KEYS
    from streaming.reco.pipeline import Reconstruction
    from streaming.sealing.start import keys_at_start
    from streaming.services.worker import WorkerService

    keys = keys_at_start(config.sealing.keys)
    reconstruction = Reconstruction(config.reco, config.regions, config.gate, config.channels, several=keys is not None)
    reconstruction.warm()
    hub = Hub(load_keys(config.streaming.curve_directory), config.streaming.max_frame_bytes)
    work_link = hub.connect(Pattern.WORK_CLIENT, work, "work")
    results_link = hub.connect(Pattern.RESULTS_OUT, results, "collector")
    lifetime.ready()
    try:
        digest = NO_KEYS if keys is None else bytes.fromhex(keys.digest)
        return WorkerService(hub, work_link, results_link, config, reconstruction, digest).run(lifetime)
    finally:
        hub.close()
