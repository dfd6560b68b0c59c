"""The chain over TCP, fed from a recorded burst in the page cache, beside bare ZeroMQ moving the same bytes."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from daq.config import Config
from daq.recording import RecordedBurst
from monitor.ledger import Ledger
from monitor.services.live import Chain, work_place
from monitor.services.roles import Endpoints
from monitor.services.supervisor import Supervisor
from offline.bench.load import BENCH_RUN, record_burst
from streaming.services.lifetime import Lifetime
from streaming.services.producer import Producer, Started
from streaming.services.source import SourceService
from streaming.services.source_burst import SourceBurst
from streaming.transport import Hub, Pattern
from streaming.transport.bare import move_bare

BYTES_PER_EVENT = 200.0
"""Size at which the budget of the chain is given."""

READY_S = 60.0


@dataclass(frozen=True, slots=True)
class Passage:
    """What came out of one passage of bursts through the chain."""

    seconds: float
    events: int
    lost: int
    close_ns: list[int]
    cpu_seconds: float
    """Processor time of source, workers and collector, start-up excluded."""


def bench_chain(config: Config, bursts: int, workers: int) -> dict[str, object]:
    """Events per second from a recording to committed rows, and the part of bare ZeroMQ that this is."""
    with work_place(config, "") as chain:
        recorded = record_burst(config, chain.folder, BYTES_PER_EVENT)
        frames = [recorded.frame(seq) for seq in range(len(recorded.frames))]
        n_bytes = sum(view.nbytes for view in frames)
        bare = move_bare(frames * bursts)
        passage = run_bursts(chain, recorded, bursts, workers, in_flight=config.streaming.bursts_in_flight)
        del frames
        events_per_s = passage.events / passage.seconds
        bytes_per_s = n_bytes * bursts / passage.seconds
        return {
            "events": passage.events,
            "lost": passage.lost,
            "workers": workers,
            "bytes_per_event": n_bytes / recorded.n_events,
            "events_per_s": events_per_s,
            "bytes_per_s": bytes_per_s,
            "reference": "bare ZeroMQ PUSH-PULL over TCP, the same messages, two processes",
            "reference_bytes_per_s": bare,
            "ratio": bytes_per_s / bare,
            "cpu_s_per_million_events": passage.cpu_seconds / passage.events * 1e6,
            "core_fraction_of_a_true_time_spill": passage.cpu_seconds / bursts / config.beam.spill_seconds,
        }


def bench_close(config: Config, bursts: int) -> dict[str, object]:
    """EOB to committed row, one burst of one full frame at a time, beside the commit alone."""
    with work_place(config, "") as chain:
        recorded = record_burst(config, chain.folder, BYTES_PER_EVENT, max_frames=1)
        passage = run_bursts(chain, recorded, bursts, workers=1, in_flight=1)
        with Ledger.open(chain.ledger_url) as ledger, Ledger.open(f"sqlite:///{chain.folder}/alone.db") as alone:
            commits = []
            for spill in ledger.spills():
                tally = ledger.histograms(*spill.key).tally
                begin = time.perf_counter()
                alone.commit(spill, tally)
                commits.append(time.perf_counter() - begin)
    close_ms, commit_ms = np.array(passage.close_ns) * 1e-6, np.array(commits) * 1e3
    return {
        "bursts": bursts,
        "lost": passage.lost,
        "eob_to_commit_p50_ms": float(np.percentile(close_ms, 50)),
        "eob_to_commit_p99_ms": float(np.percentile(close_ms, 99)),
        "reference": "the ledger's transaction alone",
        "reference_p50_ms": float(np.percentile(commit_ms, 50)),
        "reference_p99_ms": float(np.percentile(commit_ms, 99)),
        "ratio": float(np.percentile(close_ms, 99) / np.percentile(commit_ms, 99)),
    }


def run_bursts(chain: Chain, recorded: RecordedBurst, bursts: int, workers: int, in_flight: int) -> Passage:
    """Send copies of a recorded burst, each under its own number, through collector and workers over TCP."""
    config = chain.config
    chain.ledger_url = f"sqlite:///{chain.folder}/bench.db"
    hub = Hub(None, config.streaming.max_frame_bytes)
    work = hub.bind(Pattern.WORK_SERVER, "tcp://127.0.0.1:0")
    chain.endpoints = Endpoints(work.endpoint, *_free_endpoints(3))
    chain.add_back_end(workers)
    with _running(chain):
        control = hub.connect(Pattern.CONTROL_CLIENT, chain.endpoints.control, "collector")
        service = SourceService(hub, work, control, config.streaming, BENCH_RUN, keep=True)
        lifetime = Lifetime("bench")
        service.greet(lifetime)
        producer = Producer(lambda p: _copies(recorded, bursts, p), in_flight, hub.wake)
        cpu = _cpu_seconds(chain)
        begin = time.perf_counter()
        service.run(producer, lifetime)
        seconds = time.perf_counter() - begin
        cpu = _cpu_seconds(chain) - cpu
    hub.close()
    with Ledger.open(chain.ledger_url, readonly=True) as ledger:
        totals = ledger.totals()
    lost = bursts * recorded.n_events - totals.n_counted
    return Passage(seconds, totals.n_counted, lost, list(service.close_ns), cpu)


def _copies(recorded: RecordedBurst, bursts: int, producer: Producer) -> None:
    for number in range(1, bursts + 1):
        if not producer.wait_for_room():
            return
        sob = recorded.sob.model_copy(update={"burst": number})
        eob = recorded.eob.model_copy(update={"burst": number}) if recorded.eob else None
        burst = SourceBurst(sob, recorded.path, eob, list(recorded.frames), is_journal=False)
        producer.put(Started(burst))


@contextmanager
def _running(chain: Chain) -> Iterator[Supervisor]:
    supervisor = Supervisor(chain.folder, chain.roles, 10.0, "warning")
    supervisor.start()
    end = time.monotonic() + READY_S
    try:
        supervisor.run(lambda: _all_ready(supervisor) or time.monotonic() > end, lambda: None)
        yield supervisor
    finally:
        supervisor.stop(("worker", "collector"))
        supervisor.kill()


def _all_ready(supervisor: Supervisor) -> bool:
    return all(role.ready for role in supervisor.roles.values())


def _free_endpoints(n: int) -> list[str]:
    """Loopback endpoints that were free a moment ago."""
    hub = Hub(None, 1 << 16)
    found = [hub.bind(Pattern.RESULTS_IN, "tcp://127.0.0.1:0").endpoint for _ in range(n)]
    hub.close(0)
    return found


def _cpu_seconds(chain: Chain) -> float:
    """Processor time so far of this process and of the roles."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    seconds = own.ru_utime + own.ru_stime
    for role in chain.roles:
        if role.process is not None:
            fields = Path(f"/proc/{role.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
            seconds += (int(fields[11]) + int(fields[12])) / 100.0
    return seconds
