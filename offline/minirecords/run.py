"""Mini-records of recorded runs: one task a burst, on this process, local processes or a Dask cluster."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from daq.config import Config
from daq.recording.manifest import Manifest
from offline.minirecords.make import selection_digest
from offline.minirecords.product import NAME
from offline.minirecords.store import LAST, table_path
from offline.replay.connect import engine
from offline.replay.order import Control, Job, in_order
from offline.replay.place import manifest_of
from offline.replay.progress import Pace, progress
from offline.replay.start import plan_work, recordings
from offline.replay.stop import stop_on_signals
from offline.replay.task import Outcome, Refusal


@dataclass(frozen=True, slots=True)
class Made:
    """What became of the bursts: how many were made, how many were there; the others by name and reason."""

    made: int
    kept: int
    refused: tuple[str, ...]
    stopped: bool


def make_records(config: Config, given: Sequence[str], into: Path, *, workers: int, scheduler: str | None) -> Made:
    """Make the mini-records of recordings below paths and URLs; a burst that is there already is left alone.

    Raises
    ------
    ConfigError, RecordingError
        There is no recording, or one burst lies in two places.
    TransportError
        The scheduler or its workers are gone; what was made stays.
    """
    places = recordings(given)
    wanted = selection_digest(config)
    jobs = [Job(key, place) for key, place in places.items() if not _is_there(into, key, place, wanted)]
    kept, refused, made = len(places) - len(jobs), [], 0
    if not jobs:
        return Made(0, kept, (), stopped=False)
    work, pace = plan_work(config, (NAME,), str(into.resolve())), Pace(len(jobs))
    with engine(workers, scheduler) as where, progress(pace) as tick, stop_on_signals() as stopping:
        begin = time.monotonic()

        def arrived(_: Job, outcome: Outcome) -> None:
            if not isinstance(outcome, Refusal):
                pace.add(outcome.spill.n_counted)

        control = Control(stopping, lambda: time.monotonic() - begin, lambda _: None, arrived, tick)
        for job, found in in_order(where, work, jobs, control):
            if isinstance(found, Refusal):
                refused.append(f"run {job.key[0]} burst {job.key[1]} ({job.place}): {found.reason}")
            else:
                made += 1
        return Made(made, kept, tuple(refused), stopped=made + len(refused) < len(jobs))


def _is_there(into: Path, key: tuple[int, int], place: str, selection: str) -> bool:
    """Whether a burst was made from this recording with this selection."""
    path = table_path(into, LAST, *key)
    manifest: Manifest | None = manifest_of(place) if path.exists() else None
    if manifest is None:
        return False
    row = pq.read_table(path).to_pylist()[0]
    said = (row.get("selection_digest"), row.get("sob_time_ns"), row.get("n_counted"))
    return said == (selection, manifest.sob.sob_time_ns, manifest.eob.n_events)
