"""One place with a whole chain in it: source, worker and collector in this process, ledger, recordings."""

from __future__ import annotations

import io
import logging
import shutil
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

from daq.config import load_config
from daq.frame import encode_frame
from daq.recording import Journal, burst_path, seal
from daq.records import BeamRecord, EobRecord, MaskCounts, SobRecord
from daq.source.conditions import WireFaults
from monitor.ledger import Ledger
from monitor.sealed.keygen import make_keys
from monitor.services.collector import CollectorService
from streaming.reco.pipeline import Reconstruction
from streaming.sealing.keys import RECORDING, SealingKeys
from streaming.services.lifetime import _OneLine
from streaming.services.producer import Appended, Ended, Finished, Producer, Started, eob_of_journal
from streaming.services.publish import Publisher
from streaming.services.source import SourceService
from streaming.services.source_burst import SourceBurst
from streaming.services.worker import WorkerService
from tests.noninterference import seam
from tests.noninterference.streams import Burst
from tests.noninterference.wire import Hub, Wire

RUN = 7
TURNS, PATIENCE = 200, 3
"""More turns than any burst needs, and turns after which time goes faster: something was lost."""

Observed = dict[str, bytes]
"""What everybody may see, by what it is."""


HERE: list[Place] = []
"""The place that is looked at now; only the leak mutants ask for it."""


class Turn:
    """A lifetime of one turn."""

    def __init__(self) -> None:
        self._left = 1

    def should_stop(self) -> bool:
        self._left -= 1
        return self._left < 0


class Keys:
    """A key set for all places, and a reconstruction that is compiled."""

    def __init__(self, folder: Path) -> None:
        self.public = make_keys(folder / "keys", ["a", "b"], 2, demonstration=False)
        self.file = folder / "config.toml"
        self.file.write_text(f'[reco]\nresidual_field = false\n[sealing]\nkeys = "{self.public}"\n')
        self.config = load_config(self.file)
        cfg = self.config
        self.reconstruction = Reconstruction(cfg.reco, cfg.regions, cfg.gate, cfg.channels)
        self.reconstruction.warm()
        self.sealing = SealingKeys.load(self.public)


class Place:
    """A chain that takes in bursts one after the other."""

    def __init__(self, folder: Path, keys: Keys) -> None:
        self.folder, self.keys, cfg = folder, keys, keys.config
        folder.mkdir(parents=True)
        self.url = f"sqlite:///{folder}/ledger.db"
        self.ledger = Ledger.open(self.url, now_ns=seam.CLOCK.time_ns, rules=cfg.accounting)
        self.rows = sqlite3.connect(folder / "ledger.db", isolation_level=None, check_same_thread=False)
        self.recordings, self.clear = folder / "recordings", folder / "clear"
        self.wire = wire = Wire()
        publisher = Publisher(keys.reconstruction, lambda context, plain: keys.sealing.seal(RECORDING, context, plain))
        at_source = Hub(wire.work_source, wire.control_source)
        self.source = SourceService(
            at_source, wire.work_source, wire.control_source, cfg.streaming, RUN, keep=True, publisher=publisher
        )
        self.worker = WorkerService(
            Hub(wire.work_worker), wire.work_worker, wire.results_worker, cfg, keys.reconstruction,
            bytes.fromhex(keys.sealing.digest),
        )  # fmt: skip
        at_collector = Hub(wire.results_collector, wire.control_collector)
        meeting = (wire.results_collector, wire.control_collector, wire.display)
        self.collector = CollectorService(at_collector, *meeting, self.ledger, cfg)
        self.producer = Producer(lambda _: None, 64, lambda: None)

    def close(self) -> None:
        """Remove everything."""
        self.rows.close()
        self.ledger.close()
        shutil.rmtree(self.folder)

    def recording(self, kind: str, number: int) -> Path:
        """Recording of a burst, `public` or `clear`, whether it is there or not."""
        return burst_path({"public": self.recordings, "clear": self.clear}[kind], (RUN, number))

    def plain(self, text: str) -> bytes:
        """Text without the place on disk, which is another one for every place."""
        return text.replace(str(self.folder), "PLACE").encode()

    def live(self, burst: Burst, filling: int, number: int) -> Observed:
        """Carry one filling of a burst through the chain; returns what everybody may see of that.

        The recordings of the burst before are removed.
        """
        seam.begin(number)
        HERE[:] = [self]
        self.wire.notes.clear()
        for folder in (self.recordings, self.clear):
            shutil.rmtree(folder, ignore_errors=True)
        with watched(self.folder) as seen:
            self._keep_clear(self._take(burst, filling, number))
            turns = self._run(burst)
        seen |= {"turns": b"%d" % turns, "wire": "\n".join(self.wire.notes).encode()}
        return seen | self._tables(number) | tree(self.recordings)

    def _take(self, burst: Burst, filling: int, number: int) -> SourceBurst:
        """Write the journal, and hand it to the source as the detector would."""
        sob = SobRecord(
            run=RUN, burst=number, sob_time_ns=seam.CLOCK.time_ns(), mode="EMULATED", b2_set_a=-250.0,
            config_digest=self.keys.config.digest(), mask_digest=self.keys.config.mask_digest(),
        )  # fmt: skip
        journal = Journal(self.recordings, sob)
        taken = SourceBurst(sob, journal.path, faults=WireFaults(duplicate=burst.fate.duplicate))
        for frame in burst.frames(filling):
            journal.append(encode_frame(frame), frame.n_events)
        eob = self._eob(burst, journal)
        journal.close(eob)
        if burst.fate.corrupt:
            _damage(journal)
        self.producer.put(Started(taken))
        for info in journal.frames:
            self.producer.put(Appended(sob.key, info))
        self.producer.put(Ended(sob.key, eob))
        self.producer.put(Finished())
        return replace(taken, eob=eob, frames=list(journal.frames))

    def _eob(self, burst: Burst, journal: Journal) -> EobRecord:
        n_events, digest = sum(burst.sizes), journal.digest()
        if burst.fate.no_eob:
            return eob_of_journal("LOST", journal.sob.key, len(journal.frames), n_events, digest)
        now = seam.CLOCK.time_ns()
        beam = BeamRecord(
            t10_intensity=50.0, t10_stamp_ns=now, b1c_current_a=-770.0, b2_current_a=-250.0, magnet_stamp_ns=now,
            scalers={"MUV3": 200_000, "Q1_OR": 1_300_000, "LAV": 90_000, "ANTI0": 800_000},
        )  # fmt: skip
        masks = {"H2": MaskCounts(generated=9000, sent=9000, downscaling=1)}
        return EobRecord(
            run=RUN, burst=journal.sob.burst, end="NORMAL", n_frames=len(journal.frames), n_events=n_events,
            frames_digest=digest, beam=beam, masks=masks, primitives={}, n_choked=0, dead_ticks=0,
            spill_ticks=192_000_000,
        )  # fmt: skip

    def _keep_clear(self, taken: SourceBurst) -> None:
        """Keep a copy of the journal as a recording in clear, as restricted storage would have it."""
        folder = self.clear / taken.path.parent.name
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / taken.path.name
        shutil.copyfile(taken.path, copy)
        seal(copy, taken.sob, taken.eob, taken.frames)

    def _run(self, burst: Burst) -> int:
        """Let the roles take turns until the burst is committed; returns the number of turns."""
        lost = not burst.fate.lose
        self.worker._want(self.keys.config.streaming.credits, reset=True)
        for turn in range(TURNS):
            seam.CLOCK.tick()
            if turn > PATIENCE:
                seam.CLOCK.ns += 1_100_000_000  # nothing moves: the closure asks again
            self._source_turn()
            self._worker_turn()
            results = self.wire.results_collector.inbox
            if not lost and results:
                results.popleft()
                lost = True
            if burst.fate.reverse:
                results.reverse()
            self.collector.run(Turn())
            if not self.source._bursts:
                return turn
        msg = "the burst was not committed"
        raise RuntimeError(msg)

    def _source_turn(self) -> None:
        source = self.source
        source._receive(0)
        source._take(self.producer)
        source._announce()
        source._send_frames()
        source._hello()

    def _worker_turn(self) -> None:
        while (received := self.wire.work_worker.receive()) is not None:
            self.worker._on_parts(received[1], Turn())
        self.worker._status()

    def _tables(self, number: int) -> Observed:
        """Every row that belongs to the burst, and the sizes of the database."""
        seen: Observed = {}
        names = self.rows.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            columns = [row[1] for row in self.rows.execute(f"PRAGMA table_info({name})")]
            where = f" WHERE burst = {number}" if "burst" in columns else ""
            seen[f"table {name}"] = repr(self.rows.execute(f"SELECT * FROM {name}{where}").fetchall()).encode()
        pages = self.rows.execute("PRAGMA page_count").fetchone()[0]
        wal = (self.folder / "ledger.db-wal").stat().st_size
        return seen | {"database": f"{pages} pages, {wal} bytes ahead".encode()}


RESTRICTED = (".restricted", ".torn", ".part", ".unreadable", ".refused")
"""Ends of names of files that hold events in clear."""


def tree(root: Path) -> Observed:
    """Every file of a folder: name, mode, size, bytes. Of a restricted one name and mode: others may not read it."""
    seen: Observed = {}
    for path in sorted(root.rglob("*")):
        if not path.is_dir():
            about = path.stat()
            content = b"" if path.suffix in RESTRICTED else b"%d " % about.st_size + path.read_bytes()
            seen[f"file {path.relative_to(root)}"] = b"%o " % about.st_mode + content
    return seen


@contextmanager
def watched(folder: Path) -> Iterator[Observed]:
    """Collect what goes to the log, to stdout and stderr, and every warning."""
    seen: Observed = {}
    text, out, err = io.StringIO(), io.StringIO(), io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(_OneLine("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    before, handlers = root.level, list(root.handlers)
    root.setLevel(logging.DEBUG)
    root.handlers = [handler]
    try:
        with warnings.catch_warnings(record=True) as warned, redirect_stdout(out), redirect_stderr(err):
            warnings.simplefilter("always")
            yield seen
    finally:
        root.setLevel(before)
        root.handlers = handlers
    said = "\n".join(f"{w.category.__name__} {w.message} {w.filename}:{w.lineno}" for w in warned)
    for name, value in (("log", text), ("stdout", out), ("stderr", err)):
        seen[name] = value.getvalue().replace(str(folder), "PLACE").encode()
    seen["warnings"] = said.encode()


def _damage(journal: Journal) -> None:
    """Change the magic of the first frame that has events, the same bytes whatever the frame holds."""
    frame = next((info for info in journal.frames if info.n_events), journal.frames[0])
    with journal.path.open("r+b") as file:
        file.seek(frame.offset)
        file.write(b"\x00\x00\x00\x00")
