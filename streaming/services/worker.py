"""The worker role: takes frames, analyses them, sends one result for each."""

from __future__ import annotations

import logging
import os
from collections import Counter

from daq.codec import Kind, Message, decode, encode
from daq.config import Config
from daq.errors import DataError, WireError
from daq.frame import decode_frame
from streaming.messages import NO_KEYS, Frame, ResultMeta, Status, Want
from streaming.reco.pipeline import Reconstruction
from streaming.services.lifetime import Lifetime, monotonic_ns
from streaming.transport import Hub, Link

log = logging.getLogger(__name__)

STATUS_EVERY_NS = 500_000_000
IDLE_NS = 1_000_000_000


class WorkerService:
    """Moves frames to `Reconstruction` and results to the collector.

    keys : digest of the sealing keys with which the reconstruction looks at events with several tracks
    """

    def __init__(
        self,
        hub: Hub,
        work: Link,
        results: Link,
        config: Config,
        reconstruction: Reconstruction,
        keys: bytes = NO_KEYS,
    ) -> None:
        self._hub = hub
        self._work = work
        self._results = results
        self._config = config.streaming
        self._reconstruction = reconstruction
        self._keys = keys
        self._bad: Counter[str] = Counter()
        self._name = f"{os.uname().nodename[:60]}-{os.getpid()}"
        self._status_ns = 0
        self._heard_ns = 0
        self.n_frames = 0

    def run(self, lifetime: Lifetime) -> int:
        """Work until stopped; the frame at hand is finished first."""
        self._want(self._config.credits, reset=True)
        while not lifetime.should_stop():
            ready = self._hub.wait(200)
            if self._work in ready and (received := self._work.receive()) is not None:
                self._heard_ns = monotonic_ns()
                self._on_parts(received[1], lifetime)
            elif monotonic_ns() - self._heard_ns > IDLE_NS:
                # the source may be a new one that knows nothing of this worker
                self._heard_ns = monotonic_ns()
                self._want(self._config.credits, reset=True)
            self._status()
        self._work.send(encode(Kind.BYE))
        return 0

    def _on_parts(self, parts: list[memoryview], lifetime: Lifetime) -> None:
        try:
            message = decode(parts, self._config.max_frame_bytes)
            if message.kind is Kind.FRAME:
                self._send_result(self._analyse(message), lifetime)
        except WireError as error:
            self._bad[error.reason] += 1
            log.warning("%s", error)
        except DataError as error:
            self._bad["schema"] += 1
            log.warning("%s", error)
        self._want(1, reset=False)

    def _analyse(self, message: Message) -> list[object]:
        Frame.of(message)
        frame = decode_frame(message.payload)
        found = self._reconstruction.analyse(frame)
        self.n_frames += 1
        body = ResultMeta(
            n_events=frame.n_events,
            length=message.payload.nbytes,
            crc32c=message.payload_crc,
            headers=found.headers_digest,
            keys=self._keys,
        )
        payload = found.tally.pack() + found.masked.pack()
        return encode(Kind.RESULT, message.key, message.seq, body.meta(), payload)

    def _send_result(self, parts: list[object], lifetime: Lifetime) -> None:
        # a collector that is away holds the worker back, and through its credits the source
        while not self._results.send(parts, timeout_ms=200):
            if lifetime.should_stop():
                return

    def _want(self, credits: int, *, reset: bool) -> None:
        self._work.send(encode(Kind.WANT, meta=Want(credits=credits, reset=reset).meta()), timeout_ms=100)

    def _status(self) -> None:
        now = monotonic_ns()
        if now - self._status_ns >= STATUS_EVERY_NS:
            self._status_ns = now
            self._results.send(encode(Kind.STATUS, meta=Status(worker=self._name, bad_frames=dict(self._bad)).meta()))
