"""The collector role: results and records in, one committed row a burst out.

`streaming.closure` decides when a burst is closed and what is asked for again; this service carries it out. A burst
is acknowledged to its source only after the ledger has it on disk.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

from daq.codec import Kind, Message, decode, encode
from daq.config import Config
from daq.errors import BadMeta, ContentConflict, StoreError, WireError
from daq.records import BurstKey, EobRecord, SobRecord
from monitor.ledger import Ledger
from monitor.sealed.start import sealer_at_start
from monitor.services.booking import agree, book, is_same_burst, make_spill
from monitor.spill import Spill
from streaming.closure import NO_ANSWER, Action, AskAgain, Closure, Commit, Result
from streaming.masked import Masked
from streaming.messages import (
    MAX_SEQS,
    Again,
    Committed,
    Eob,
    Hello,
    Refused,
    ResultMeta,
    Sob,
    Status,
    Unavailable,
    Welcome,
)
from streaming.services.lifetime import Lifetime, monotonic_ns
from streaming.tally import Tally
from streaming.transport import Hub, Link

log = logging.getLogger(__name__)

R = TypeVar("R", SobRecord, EobRecord)

STATUS_EVERY_NS = 100_000_000
WORKER_SILENT_NS = 3_000_000_000
FORGET_NS = 60_000_000_000
RETRY_NS = 2_000_000_000
"""A commit that the ledger could not take is tried again after this."""
LATENCY_STEP_MS = 10
"""Latencies are shown in steps of this: a finer one could tell what the events of a burst hold."""

TALLY_BYTES = len(Tally.zero().pack())
RESULT_BYTES = TALLY_BYTES + len(Masked.zero().pack())


class CollectorService:
    """Moves messages between sources, workers, `Closure` and the ledger."""

    def __init__(self, hub: Hub, results: Link, control: Link, display: Link, ledger: Ledger, config: Config) -> None:
        self._hub = hub
        self._links = {results, control}
        self._control = control
        self._display = display
        self._ledger = ledger
        self._max_bytes = max(RESULT_BYTES, 1 << 20)
        times = (config.streaming.stall_seconds, config.streaming.give_up_seconds)
        self._closure = Closure(*(round(seconds * 1e9) for seconds in times))
        self._sealer = sealer_at_start(config.sealing.keys)
        self._epoch = uuid.uuid4().hex
        self._sources: dict[bytes, Counter[str]] = {}
        self._source_of: dict[BurstKey, bytes] = {}
        self._source_seen: dict[bytes, int] = {}
        self._workers: dict[str, int] = {}
        self._bad: Counter[str] = Counter()
        self._gone_bad: Counter[str] = Counter()
        self._worker_bad: dict[str, Counter[str]] = {}
        self._eob_ns: dict[BurstKey, int] = {}
        self._unbooked: dict[BurstKey, tuple[int, Commit]] = {}
        self._status_ns = 0
        self._last_key: BurstKey | None = None
        self.latencies_ns: list[int] = []
        """EOB to committed row of each burst [ns]; inside only."""

    def run(self, lifetime: Lifetime) -> int:
        """Serve until stopped."""
        while not lifetime.should_stop():
            for link in self._hub.wait(50) & self._links:
                while (received := link.receive()) is not None:
                    self._on_parts(*received)
            self._carry_out(self._closure.on_tick(monotonic_ns()))
            self._carry_out([burst for due, burst in list(self._unbooked.values()) if due <= monotonic_ns()])
            self._show()
        return 0

    def _on_parts(self, peer: bytes, parts: list[memoryview]) -> None:
        try:
            message = decode(parts, self._max_bytes)
            self._carry_out(self._on_message(peer, message))
        except WireError as error:
            self._bad[error.reason] += 1
            log.warning("%s", error)

    def _on_message(self, peer: bytes, message: Message) -> list[Action]:
        now = monotonic_ns()
        match message.kind:
            case Kind.RESULT:
                return self._closure.on_result(message.key, read_result(message), now)
            case Kind.SOB:
                return self._on_sob(peer, _of_envelope(Sob.of(message).sob, message), now)
            case Kind.EOB:
                return self._on_eob(peer, _of_envelope(Eob.of(message).eob, message), now)
            case Kind.UNAVAILABLE:
                return self._closure.on_unavailable(message.key, dict(Unavailable.of(message).reasons), now)
            case Kind.STATUS:
                self._on_status(Status.of(message), now)
            case Kind.HELLO:
                self._sources[peer] = Counter(Hello.of(message).bad_frames)
                self._source_seen[peer] = now
                welcome = Welcome(epoch=self._epoch, last_booked=self._ledger.last_burst(message.run) or 0)
                self._control.send(encode(Kind.WELCOME, meta=welcome.meta()), to=peer)
            case Kind.BYE:
                self._sources.pop(peer, None)
            case _:
                self._bad["kind"] += 1
        return []

    def _on_status(self, status: Status, now: int) -> None:
        self._workers[status.worker] = now
        self._worker_bad[status.worker] = Counter(status.bad_frames)

    def _on_sob(self, peer: bytes, sob: SobRecord, now: int) -> list[Action]:
        if self._closure.sob_of(sob.key) not in (None, sob):
            self._refuse_peer(peer, sob.key)
            return []
        self._source_of[sob.key] = peer
        self._last_key = sob.key
        return self._closure.on_sob(sob, now)

    def _on_eob(self, peer: bytes, eob: EobRecord, now: int) -> list[Action]:
        if self._closure.eob_of(eob.key) not in (None, eob):
            self._refuse_peer(peer, eob.key)
            return []
        self._source_of[eob.key] = peer
        booked = self._ledger.spill(*eob.key)
        if booked is not None and (booked.state == "COMPLETE" or self._closure.is_done(eob.key)):
            if not any(missing.reason == NO_ANSWER for missing in booked.missing):
                self._answer_again(eob, booked)
                return []
            self._closure.reopen(eob.key)  # its source was away, and is back; the SOB comes again before long
        self._eob_ns.setdefault(eob.key, now)
        return self._closure.on_eob(eob, now)

    def _answer_again(self, eob: EobRecord, booked: Spill) -> None:
        """Answer for a burst that is in the ledger: the same one is acknowledged, another one refused."""
        sob = self._closure.sob_of(eob.key)
        if is_same_burst(eob, booked):
            self._closure.committed(eob.key)
            self._tell(Kind.COMMITTED, eob.key, Committed(state=booked.state).meta())
        else:
            self._refuse(eob.key, "the ledger has other content under this run and burst; use another run number")
        if sob is not None:
            log.info("run %d burst %d announced again; it is in the ledger", *eob.key)

    def _carry_out(self, actions: Iterable[Action]) -> None:
        for action in actions:
            match action:
                case AskAgain(key, seqs):
                    log.info("run %d burst %d: asking for %d frames again", *key, len(seqs))
                    self._tell(Kind.ASK_AGAIN, key, Again(seqs=list(seqs[:MAX_SEQS])).meta())
                case Commit():
                    self._commit(action)

    def _refuse_peer(self, peer: bytes, key: BurstKey) -> None:
        """Refuse a second source that announces a burst of which another one is being counted."""
        why = "another source announced this run and burst with other records; give every source a run of its own"
        log.error("run %d burst %d announced twice: %s", *key, why)
        self._control.send(encode(Kind.REFUSED, key, meta=Refused(why=why).meta()), to=peer)

    def _commit(self, burst: Commit) -> None:
        key = burst.sob.key
        agreed, sealer = agree(burst, self._sealer)
        try:
            spill = make_spill(agreed, sealed=sealer is not None)
        except StoreError as error:
            self._refuse(key, str(error))
            return
        try:
            spill = book(self._ledger, agreed, spill, sealer)
        except ContentConflict as error:
            self._refuse(key, str(error))
            return
        except StoreError as error:
            # the ledger is full or away: what was counted is kept here, and its recording at the source
            log.warning("run %d burst %d: %s; trying again in %.0f s", *key, error, RETRY_NS * 1e-9)
            self._unbooked[key] = (monotonic_ns() + RETRY_NS, burst)
            return
        self._unbooked.pop(key, None)
        burst.masked.discard()
        self._forget_silent()
        self._closure.committed(key)
        began = self._eob_ns.pop(key, None)
        if began is not None:
            self.latencies_ns.append(monotonic_ns() - began)
            del self.latencies_ns[:-1000]
        log.info("run %d burst %d %s: %d events, %d missing", *key, spill.state, spill.n_events, spill.n_missing)
        self._tell(Kind.COMMITTED, key, Committed(state=spill.state).meta())
        self._source_of.pop(key, None)
        self._status_ns = 0

    def _forget_silent(self) -> None:
        """Forget peers that have long been gone, so that nothing grows with the length of a run."""
        long_ago = monotonic_ns() - FORGET_NS
        for peer in [peer for peer, seen in self._source_seen.items() if seen < long_ago]:
            self._sources.pop(peer, None)
            del self._source_seen[peer]
        for name in [name for name, seen in self._workers.items() if seen < long_ago]:
            del self._workers[name]
            self._gone_bad += self._worker_bad.pop(name, Counter())

    def _refuse(self, key: BurstKey, why: str) -> None:
        log.error("run %d burst %d refused: %s", *key, why)
        self._closure.drop(key)
        self._eob_ns.pop(key, None)
        self._tell(Kind.REFUSED, key, Refused(why=why[:1000]).meta())

    def _tell(self, kind: Kind, key: BurstKey, meta: dict[str, Any] | None = None) -> None:
        peer = self._source_of.get(key)
        if peer is not None:
            # a source that is gone announces its bursts again when it is back, and is then answered again
            self._control.send(encode(kind, key, meta=meta), to=peer)

    def _show(self) -> None:
        now = monotonic_ns()
        if now - self._status_ns < STATUS_EVERY_NS:
            return
        self._status_ns = now
        self._display.send([json.dumps(self._status(now)).encode()])

    def _status(self, now: int) -> dict[str, Any]:
        progress = self._closure.progress()
        key = max(progress, default=self._last_key)
        frames, events, expected = progress.get(key, (None, None, None)) if key else (None, None, None)
        sob = self._closure.sob_of(key) if key else None
        bad = sum([*self._worker_bad.values(), *self._sources.values()], self._bad + self._gone_bad)
        return {
            "run": key[0] if key else None,
            "burst": key[1] if key else None,
            "mode": sob.mode if sob else None,
            "phase": _phase(key in progress if key else False, expected, self._has_source(now)),
            "frames_counted": frames,
            "events_counted": events,
            "frames_expected": expected,
            "workers": sum(now - seen < WORKER_SILENT_NS for seen in self._workers.values()),
            "open_bursts": len(progress),
            "unbooked": len(self._unbooked),
            "duplicates": self._closure.duplicates,
            "bad_frames": dict(bad),
            "refused": self._closure.refused,
            "commit_ms": self._shown_latency(),
        }

    def _has_source(self, now: int) -> bool:
        return any(now - seen < WORKER_SILENT_NS for seen in self._source_seen.values())

    def _shown_latency(self) -> int | None:
        if not self.latencies_ns:
            return None
        return (self.latencies_ns[-1] // 1_000_000 // LATENCY_STEP_MS + 1) * LATENCY_STEP_MS


def read_result(message: Message) -> Result:
    """Result of a worker.

    Raises
    ------
    BadMeta
        Fields or sizes that are not those of a result.
    """
    body = ResultMeta.of(message)
    where = f"result run {message.run} burst {message.burst}"
    if message.payload.nbytes != RESULT_BYTES:
        msg = f"{where}: {message.payload.nbytes} B, wanted {RESULT_BYTES}; do all hosts run one version? dropped"
        raise BadMeta(msg)
    tally = Tally.unpack(message.payload[:TALLY_BYTES])
    if tally.count("events") != body.n_events:
        msg = f"{where}: its tally holds another number of events than its envelope says; dropped"
        raise BadMeta(msg)
    return Result(
        message.seq,
        body.n_events,
        body.length,
        body.crc32c,
        body.headers,
        tally,
        Masked.unpack(message.payload[TALLY_BYTES:]),
        body.keys,
    )


def _of_envelope(record: R, message: Message) -> R:
    if record.key != message.key:
        msg = f"{message.kind.name} run {record.run} burst {record.burst} in an envelope of {message.key}; dropped"
        raise BadMeta(msg)
    return record


def _phase(is_open: bool, expected: int | None, have_source: bool) -> str:
    if is_open:
        return "spill" if expected is None else "closing"
    return "gap" if have_source else "idle"
