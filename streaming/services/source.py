"""The source role: bursts out to workers, records to the collector, nothing released before it is committed."""

from __future__ import annotations

import logging
from collections import Counter, deque
from pathlib import Path

from daq.codec import Kind, Message, decode, encode
from daq.config.streaming import StreamingConfig
from daq.errors import DumpwatchError, RecordingError, TransportError, WireError
from daq.recording import RecordedBurst, find_bursts, seal
from daq.records import BurstKey, EobRecord
from streaming.dispatch import Dispatcher
from streaming.messages import Again, Committed, Eob, Frame, Hello, Refused, Sob, Unavailable, Want, Welcome
from streaming.services.lifetime import Lifetime, monotonic_ns
from streaming.services.producer import Appended, Ended, Finished, Producer, Started
from streaming.services.publish import Publisher
from streaming.services.source_burst import SourceBurst
from streaming.transport import Hub, Link

log = logging.getLogger(__name__)

HELLO_EVERY_NS = 500_000_000
SAY_AGAIN_NS = 5_000_000_000
"""A burst that is not answered so long after its EOB is announced again: the answer may have been lost."""
REASONS_AT_ONCE = 4096
CONTROL_BYTES = 1 << 20


class SourceService:
    """Moves frames and records; `Dispatcher` decides which, `Producer` makes them.

    keep : whether a committed recording is moved into place; otherwise it is removed, the ledger has the counts
    publisher : makes the public recording; None: recordings are moved into place as they are, for restricted storage
    """

    def __init__(
        self,
        hub: Hub,
        work: Link,
        control: Link,
        config: StreamingConfig,
        run: int,
        *,
        keep: bool,
        publisher: Publisher | None = None,
    ) -> None:
        self._hub = hub
        self._work = work
        self._control = control
        self._config = config
        self._run = run
        self._keep = keep
        self._publisher = publisher
        self._producer: Producer | None = None
        self._dispatch = Dispatcher(config.max_attempts)
        self._bursts: dict[BurstKey, SourceBurst] = {}
        self._epoch: str | None = None
        self._hello_ns = 0
        self._bad: Counter[str] = Counter()
        self._finished = False
        self.n_committed = 0
        self.n_refused = 0
        self.close_ns: deque[int] = deque(maxlen=10_000)
        """EOB sent to COMMITTED received, newest last [ns]; inside only, for the benchmark."""
        self.last_booked = 0
        """Last burst of this run that the ledger had when the collector was first met."""

    def greet(self, lifetime: Lifetime) -> bool:
        """Wait for the collector and for the first worker; False when the role has to stop before."""
        while not lifetime.should_stop():
            self._hello()
            self._receive(100)
            if self._epoch is not None and self._dispatch.has_workers:
                return True
        return False

    def run(self, producer: Producer, lifetime: Lifetime) -> int:
        """Serve until every burst is committed; returns the exit code."""
        producer.start()
        drain_until: int | None = None
        while not (self._finished and not self._bursts):
            if lifetime.should_stop() and drain_until is None:
                producer.stop.set()
                drain_until = monotonic_ns() + round(self._config.drain_seconds * 1e9)
                log.info("stopping: %d bursts to be committed", len(self._bursts))
            if drain_until is not None and monotonic_ns() > drain_until:
                log.warning("stopped with %d uncommitted bursts; their journals stay", len(self._bursts))
                return 1
            self._receive(100)
            self._take(producer)
            self._announce()
            self._send_frames()
            self._hello()
        self._control.send(encode(Kind.BYE))
        return 1 if self.n_refused else 0

    def _receive(self, timeout_ms: int) -> None:
        for link in self._hub.wait(timeout_ms):
            while (received := link.receive()) is not None:
                peer, parts = received
                try:
                    message = decode(parts, CONTROL_BYTES)
                    self._on_message(peer, message)
                except WireError as error:
                    self._bad[error.reason] += 1
                    log.warning("%s", error)

    def _on_message(self, peer: bytes, message: Message) -> None:
        if message.kind is Kind.WANT:
            want = Want.of(message)
            self._dispatch.on_want(peer, want.credits, reset=want.reset)
        elif message.kind is Kind.BYE:
            self._dispatch.on_leave(peer)
        elif message.kind is Kind.WELCOME:
            self._on_welcome(Welcome.of(message))
        elif message.kind is Kind.ASK_AGAIN and message.key in self._bursts:
            self._on_ask_again(message.key, Again.of(message).seqs)
        elif message.kind is Kind.COMMITTED:
            self._on_committed(message.key, Committed.of(message).state)
        elif message.kind is Kind.REFUSED:
            self._on_refused(message.key, Refused.of(message).why)

    def _on_welcome(self, welcome: Welcome) -> None:
        if self._epoch is None:
            self.last_booked = welcome.last_booked
        if welcome.epoch != self._epoch:
            self._dispatch.on_new_collector()
            for burst in self._bursts.values():
                burst.forget_sent()
        self._epoch = welcome.epoch

    def _on_ask_again(self, key: BurstKey, seqs: list[int]) -> None:
        burst = self._bursts[key]
        refused = self._dispatch.on_ask_again(key, seqs, len(burst.frames))
        for seq in seqs:
            if seq not in refused and self._dispatch.attempts(key, seq) > 0 and (why := self._damage(burst, seq)):
                refused[seq] = why
        log.info("run %d burst %d: %d frames asked for again, %d can't be given", *key, len(seqs), len(refused))
        reasons = list(refused.items())
        # also when all of them can be given: the answer says that the source is alive and has them in its queue
        for first in range(0, max(1, len(reasons)), REASONS_AT_ONCE):
            body = Unavailable(reasons=reasons[first : first + REASONS_AT_ONCE])
            self._control.send(encode(Kind.UNAVAILABLE, key, meta=body.meta()))

    @staticmethod
    def _damage(burst: SourceBurst, seq: int) -> str | None:
        try:
            return None if burst.is_good(seq) else "corrupt on disk"
        except RecordingError:
            return "truncated on disk"

    def _on_committed(self, key: BurstKey, state: str) -> None:
        if key not in self._bursts or self._bursts[key].eob is None:
            return  # not ours, or not yet whole: then it can't be this one that was booked
        burst = self._release(key)
        self.n_committed += 1
        self.close_ns.append(monotonic_ns() - burst.eob_sent_ns)
        if burst.is_journal and (self._keep or state == "INCOMPLETE") and burst.eob is not None:
            kept = self._record(burst, burst.eob)
            if not self._keep:
                log.warning("run %d burst %d is INCOMPLETE; %s is kept, `dumpwatch replay` may complete it", *key, kept)
        elif burst.is_journal:
            burst.path.unlink()

    def _record(self, burst: SourceBurst, eob: EobRecord) -> Path:
        if self._publisher is None:
            return seal(burst.path, burst.sob, eob, burst.frames)
        recording = self._publisher.publish(burst)
        burst.close()
        if recording is None:
            recording = set_aside(burst.path, ".restricted")
            message = "run %d burst %d has damaged frames and is kept whole as %s: move it to restricted storage"
            log.warning(message, *burst.key, recording)
        return recording

    def _on_refused(self, key: BurstKey, why: str) -> None:
        if key not in self._bursts:
            return
        if self._bursts[key].eob is None:
            msg = f"run {key[0]} burst {key[1]} refused by the collector while it is taken: {why}"
            raise TransportError(msg)
        burst = self._release(key)
        self.n_refused += 1
        kept = set_aside(burst.path, ".refused") if burst.is_journal else burst.path
        log.error("run %d burst %d refused by the collector: %s; kept as %s", *key, why, kept)

    def _release(self, key: BurstKey) -> SourceBurst:
        burst = self._bursts.pop(key)
        burst.close()
        self._dispatch.on_done(key)
        if self._producer is not None:
            self._producer.committed()
        return burst

    def _take(self, producer: Producer) -> None:
        self._producer = producer
        while not producer.events.empty():
            event = producer.events.get()
            match event:
                case Started(burst):
                    self._bursts[burst.key] = burst
                    self._dispatch.on_burst(burst.key, range(len(burst.frames)))
                case Appended(key, frame):
                    self._bursts[key].frames.append(frame)
                    self._dispatch.on_frame(key, frame.seq)
                case Ended(key, eob):
                    self._bursts[key].eob = eob
                case Finished(failure):
                    self._finished = True
                    if failure is not None:
                        raise _as_dumpwatch_error(failure) from failure

    def _announce(self) -> None:
        if self._epoch is None:
            return
        now = monotonic_ns()
        for burst in self._bursts.values():
            if burst.eob_sent and now - burst.eob_sent_ns > SAY_AGAIN_NS:
                burst.forget_sent()
            if not burst.sob_sent:
                burst.sob_sent = self._control.send(encode(Kind.SOB, burst.key, meta=Sob(sob=burst.sob).meta()))
            if burst.sob_sent and burst.eob is not None and not burst.eob_sent:
                burst.eob_sent = self._control.send(encode(Kind.EOB, burst.key, meta=Eob(eob=burst.eob).meta()))
                burst.eob_sent_ns = now

    def _send_frames(self) -> None:
        while (chosen := self._dispatch.next()) is not None:
            worker, key, seq = chosen
            burst = self._bursts[key]
            frame = burst.frames[seq]
            try:
                payload = burst.payload(seq)
            except RecordingError as error:
                log.warning("%s", error)
                self._dispatch.on_unreadable(worker)
                continue  # the closure will ask for it, and is then told why it can't be given
            meta = Frame(n_events=frame.n_events).meta()
            parts = encode(Kind.FRAME, key, seq, meta, payload, payload_crc=frame.crc32c)
            if not self._work.send(parts, to=worker, timeout_ms=0):
                self._dispatch.on_unsent(worker, key, seq)
            elif burst.faults.duplicate and self._work.send(parts, to=worker, timeout_ms=0):
                # the worker will ask for one more frame for each of the two
                self._dispatch.on_want(worker, -1, reset=False)

    def _hello(self) -> None:
        now = monotonic_ns()
        if now - self._hello_ns >= HELLO_EVERY_NS:
            self._hello_ns = now
            self._control.send(encode(Kind.HELLO, (self._run, 0), meta=Hello(bad_frames=dict(self._bad)).meta()))


def _as_dumpwatch_error(failure: BaseException) -> BaseException:
    if isinstance(failure, DumpwatchError):
        return failure
    return TransportError(f"source: producer failed with {type(failure).__name__}: {failure}")


def set_aside(path: Path, suffix: str) -> Path:
    """Rename a journal so that it is not taken for one any more; nothing is overwritten."""
    aside = path.with_suffix(suffix)
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_suffix(f"{suffix}-{number}")
    return path.rename(aside)


def recover(root: Path) -> list[Path]:
    """Journals below `root` that no ledger has acknowledged; unreadable ones are set aside, never removed."""
    usable = []
    for path in find_bursts(root, journals=True):
        try:
            recorded = RecordedBurst(path)
        except RecordingError as error:
            log.error("%s; kept as %s", error, set_aside(path, ".unreadable"))
            continue
        if recorded.dropped_bytes:
            # not how many bytes: that follows from what masked events hold
            log.warning("journal %s: torn, %d whole frames kept, the rest is set aside", path, len(recorded.frames))
        recorded.close()
        usable.append(path)
    return usable
