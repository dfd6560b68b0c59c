"""Replay from the page cache, beside plain pyarrow reading the same files and a plain array analysis of them.

The bursts are emulated ones, padded to 200 bytes an event, each a file of its own, so that the bytes come from memory
and not from a cache of the processor. Wall time, the best of several passes, start-up and compilation excluded.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from daq.config import Config
from daq.errors import TransportError
from daq.recording import burst_path
from daq.recording.manifest import manifest_path
from offline.bench.chain import BYTES_PER_EVENT
from offline.bench.load import BENCH_RUN, record_burst
from offline.bench.plain_selection import plain_selection
from offline.replay.burst import CountedBurst
from offline.replay.connect import engine
from offline.replay.engine import Engine
from offline.replay.order import Control, Job, in_order
from offline.replay.work import Work

PASSES = 3
ROUNDS = 12
"""Times that every file is counted in a pass, so that its beginning and end weigh little."""
PLAIN_FILES = 2
"""The plain analysis is slow: so many files say how slow."""


def bench_replay(config: Config, bursts: int, workers: int) -> dict[str, object]:
    """Events per second on this process and on `workers` local ones, and both references."""
    with _recordings(config, bursts) as (paths, n_events):
        n_bytes = sum(path.stat().st_size for path in paths)
        work = Work.of(config)
        one = _rate(work, paths, n_events, 1)
        several = _rate(work, paths, n_events, workers)
        read = n_events / _best(lambda: [read_plainly(path) for path in paths])
        figures = {
            "bursts": bursts,
            "events": n_events,
            "bytes_per_event": n_bytes / n_events,
            "events_per_s": one,
            "bytes_per_s": one * n_bytes / n_events,
            "workers": workers,
            "events_per_s_workers": several,
            "speed_up": several / one,
            "reference": "pyarrow reads the same files into memory, and nothing else",
            "reference_events_per_s": read,
            "ratio": one / read,
        }
        return {**figures, **_beside_arrays(paths[:PLAIN_FILES], n_events / bursts * PLAIN_FILES, one)}


def read_plainly(path: Path) -> int:
    """Read a recording with pyarrow alone, every byte into memory; returns its rows."""
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
        return int(stream.read_all().num_rows)


def _beside_arrays(paths: Sequence[Path], n_events: float, one: float) -> dict[str, object]:
    text = "two-track events with awkward and vector: vertex, Z_TAX, CDA_TAX, CHOD, MUV3; no field, photons or gate"
    try:
        plain_selection(paths[0])
    except ModuleNotFoundError as error:
        return {"reference_arrays": f"not measured: {error.name} is not installed (requirements-test.in)"}
    plain = n_events / _best(lambda: [plain_selection(path) for path in paths])
    return {"reference_arrays": text, "reference_arrays_events_per_s": plain, "ratio_arrays": one / plain}


@contextmanager
def _recordings(config: Config, bursts: int) -> Iterator[tuple[list[Path], int]]:
    """Make recordings in a temporary folder; paths and events of all."""
    with tempfile.TemporaryDirectory(prefix="dumpwatch-bench-") as folder:
        first = record_burst(config, Path(folder), BYTES_PER_EVENT)
        n_events = first.n_events
        first.close()
        shutil.rmtree(Path(folder) / "plain")
        yield [first.path, *(_copy(first.path, number) for number in range(2, bursts + 1))], bursts * n_events


def _copy(path: Path, number: int) -> Path:
    """Copy a recording under the number of another burst."""
    final = burst_path(path.parent.parent, (BENCH_RUN, number))
    shutil.copyfile(path, final)
    text = json.loads(manifest_path(path).read_text("utf-8"))
    for part in (text, text["sob"], text["eob"]):
        part["burst"] = number
    manifest_path(final).write_text(json.dumps(text), encoding="utf-8")
    return final


def _rate(work: Work, paths: Sequence[Path], n_events: int, workers: int) -> float:
    with engine(workers, None) as where:
        return ROUNDS * n_events / _best(lambda: count_all(where, work, [*paths] * ROUNDS))


def count_all(where: Engine, work: Work, paths: Sequence[Path]) -> int:
    """Count recordings; returns their events.

    Raises
    ------
    TransportError
        A burst was not counted.
    """
    control = Control(lambda: False, lambda: 0.0, lambda _: None, lambda *_: None, lambda: None)
    jobs = [Job((BENCH_RUN, number), str(path)) for number, path in enumerate(paths, start=1)]
    counted = 0
    for job, found in in_order(where, work, jobs, control):
        if not isinstance(found, CountedBurst):
            msg = f"benchmark: {job.place} was not counted: {found}"
            raise TransportError(msg)
        counted += found.spill.n_counted
    return counted


def _best(call: Callable[[], object]) -> float:
    """Wall time of one call, the best of several passes; the first is not measured."""
    call()
    best = math.inf
    for _ in range(PASSES):
        begin = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - begin)
    return best
