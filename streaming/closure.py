"""Closure of bursts: what was counted, what is missing, when to ask again, when to commit.

A state machine without I/O: every method takes one event and returns the actions to carry out. Time comes in as
monotonic nanoseconds. A frame is folded at most once; a burst leaves only through `Commit`.

A burst is open from its first sign (SOB, EOB or a result) until the ledger has it. It is complete when SOB and EOB
are here, every seq 0..n_frames-1 is folded, and the digest of the folded frames is the one in the EOB. While no
result arrives for `stall_ns` after the EOB, the missing frames are asked for again; frames that the source says it
can't give are named with the reason; when nothing is left to wait for, the burst is committed INCOMPLETE. As long as
the source answers, it is waited for: frames without a worker are late, not lost. Only a source that has not answered
for `give_up_ns` is given up, and a burst that was given up so is counted again when its source is back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from daq.recording.layout import frames_digest
from daq.records import BurstKey, EobRecord, SobRecord
from streaming.headers import DIGEST_BYTES, add_digests
from streaming.masked import Masked
from streaming.tally import Tally

MAX_OPEN_BURSTS = 64
"""Results of bursts that nobody announced are not kept beyond so many; they are asked for again once announced."""

GHOST_STALLS = 30
"""A burst with results but no SOB and no EOB for so many stalls is forgotten: late copies of a booked one."""

NO_ANSWER = "no answer of the source"

MAX_DONE = 10_000
"""Closed bursts that are remembered here; the ledger knows all of them."""

MAX_DIGEST_FAILURES = 3
"""Times a burst is counted again from nothing before its frames are given up."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker found in one frame, with the identity of the frame that it saw."""

    seq: int
    n_events: int
    length: int
    crc32c: int
    headers_digest: bytes
    tally: Tally
    masked: Masked
    keys: bytes = b""
    """Digest of the sealing keys of the worker."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask the source to hand these frames out again."""

    key: BurstKey
    seqs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything that can be known about a burst is known: book it, then call `committed`."""

    sob: SobRecord
    eob: EobRecord
    tally: Tally
    masked: Masked
    n_counted: int
    """Events counted."""
    missing: tuple[tuple[int, int, str], ...]
    """Ranges of missing frames: first seq, last seq, reason."""
    headers_digest: bytes
    """Identity of the headers of all events that were counted."""
    keys: frozenset[bytes] = frozenset()
    """Digests of the sealing keys of all workers that counted; none where nothing was to be counted."""


Action = AskAgain | Commit


@dataclass(slots=True)
class _Open:
    sob: SobRecord | None = None
    eob: EobRecord | None = None
    tally: Tally = field(default_factory=Tally.zero)
    masked: Masked = field(default_factory=Masked.zero)
    frames: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    headers_digest: bytes = bytes(DIGEST_BYTES)
    keys: set[bytes] = field(default_factory=set)
    unavailable: dict[int, str] = field(default_factory=dict)
    progress_ns: int = 0
    answered_ns: int = 0
    digest_failures: int = 0
    committing: bool = False

    def wanted(self) -> list[int]:
        """Seqs that may still come."""
        n_frames = self.eob.n_frames if self.eob else 0
        if len(self.frames) + len(self.unavailable) >= n_frames:
            return []
        return [seq for seq in range(n_frames) if seq not in self.frames and seq not in self.unavailable]

    def forget_frames(self) -> None:
        self.tally, self.masked = Tally.zero(), Masked.zero()
        self.frames.clear()
        self.headers_digest = bytes(DIGEST_BYTES)
        self.keys.clear()


class Closure:
    """All open bursts. Counters are plain integers for the status of the chain."""

    def __init__(self, stall_ns: int, give_up_ns: int) -> None:
        self._stall_ns = stall_ns
        self._give_up_ns = give_up_ns
        self._open: dict[BurstKey, _Open] = {}
        self._done: dict[BurstKey, None] = {}
        self.duplicates = 0
        self.refused = 0
        self.digest_failures = 0

    def on_sob(self, sob: SobRecord, now_ns: int) -> list[Action]:
        """Start of burst, possibly repeated."""
        burst = self._burst(sob.key, now_ns, announced=True)
        if burst is None:
            return []
        if burst.sob is None:
            burst.sob = sob
        burst.answered_ns = now_ns
        return self._close(sob.key, burst)

    def on_eob(self, eob: EobRecord, now_ns: int) -> list[Action]:
        """End of burst, possibly repeated, possibly before its SOB."""
        burst = self._burst(eob.key, now_ns, announced=True)
        if burst is None:
            return []
        burst.answered_ns = now_ns
        if burst.eob is None:
            burst.eob = eob
            burst.progress_ns = now_ns
            if any(seq >= eob.n_frames for seq in burst.frames):
                self._start_again(burst)
        return self._close(eob.key, burst)

    def on_result(self, key: BurstKey, result: Result, now_ns: int) -> list[Action]:
        """One frame was analysed, perhaps not for the first time."""
        burst = self._burst(key, now_ns, announced=False)
        if burst is None or result.seq in burst.frames:
            self.duplicates += key in self._done or burst is not None
            return []
        if burst.eob is not None and result.seq >= burst.eob.n_frames:
            self.refused += 1
            return []
        burst.frames[result.seq] = (result.n_events, result.length, result.crc32c)
        burst.headers_digest = add_digests(burst.headers_digest, result.headers_digest)
        burst.tally.add(result.tally)
        burst.masked.add(result.masked)
        burst.keys.add(result.keys)
        burst.unavailable.pop(result.seq, None)
        burst.progress_ns = now_ns
        return self._close(key, burst)

    def on_unavailable(self, key: BurstKey, reasons: Mapping[int, str], now_ns: int) -> list[Action]:
        """Take the answer of the source: it can't give these frames, the others that were asked for wait at it."""
        burst = self._open.get(key)
        if burst is None or burst.committing:
            return []
        n_frames = burst.eob.n_frames if burst.eob else 0
        lost = {seq: why for seq, why in reasons.items() if seq not in burst.frames and seq < n_frames}
        burst.unavailable.update(lost)
        burst.answered_ns = burst.progress_ns = now_ns
        return self._close(key, burst)

    def on_tick(self, now_ns: int) -> list[Action]:
        """Look for bursts in which nothing moves."""
        actions: list[Action] = []
        for key, burst in list(self._open.items()):
            quiet_ns = now_ns - burst.progress_ns
            if burst.sob is None and burst.eob is None and quiet_ns >= GHOST_STALLS * self._stall_ns:
                del self._open[key]
            if quiet_ns < self._stall_ns or burst.committing or burst.sob is None or burst.eob is None:
                continue
            wanted = burst.wanted()
            burst.progress_ns = now_ns
            if wanted and now_ns - burst.answered_ns >= self._give_up_ns:
                burst.unavailable.update(dict.fromkeys(wanted, NO_ANSWER))
                actions += self._close(key, burst)
            elif wanted:
                actions.append(AskAgain(key, tuple(wanted)))
        return actions

    def committed(self, key: BurstKey) -> None:
        """Remember that the ledger has the burst."""
        self._finish(key)

    def reopen(self, key: BurstKey) -> None:
        """Count a burst again that was booked without frames its source can give now."""
        self._done.pop(key, None)

    def drop(self, key: BurstKey) -> None:
        """Forget a burst that was refused; it is not counted."""
        self._finish(key)
        self.refused += 1

    def _finish(self, key: BurstKey) -> None:
        self._open.pop(key, None)
        self._done[key] = None
        while len(self._done) > MAX_DONE:
            del self._done[next(iter(self._done))]

    def is_done(self, key: BurstKey) -> bool:
        """Whether the burst was committed or refused."""
        return key in self._done

    def progress(self) -> dict[BurstKey, tuple[int, int, int | None]]:
        """Frames counted, events counted and frames expected (None before EOB) of each open burst."""
        return {
            key: (len(b.frames), sum(n for n, _, _ in b.frames.values()), b.eob.n_frames if b.eob else None)
            for key, b in self._open.items()
        }

    def sob_of(self, key: BurstKey) -> SobRecord | None:
        """SOB record of an open burst."""
        return self._open[key].sob if key in self._open else None

    def eob_of(self, key: BurstKey) -> EobRecord | None:
        """EOB record of an open burst."""
        return self._open[key].eob if key in self._open else None

    def _burst(self, key: BurstKey, now_ns: int, *, announced: bool) -> _Open | None:
        if key in self._done:
            return None
        burst = self._open.get(key)
        if burst is None:
            if len(self._open) >= MAX_OPEN_BURSTS and not announced:
                return None
            burst = self._open[key] = _Open(progress_ns=now_ns, answered_ns=now_ns)
        return None if burst.committing else burst

    def _close(self, key: BurstKey, burst: _Open) -> list[Action]:
        if burst.sob is None or burst.eob is None or burst.wanted():
            return []
        if not burst.unavailable and not self._digest_is_right(burst, burst.eob):
            self._start_again(burst)
            if burst.digest_failures < MAX_DIGEST_FAILURES:
                return []
            burst.unavailable.update(dict.fromkeys(burst.wanted(), "digest of the burst is wrong"))
        burst.committing = True
        return [_commit(burst, burst.sob, burst.eob)]

    def _start_again(self, burst: _Open) -> None:
        """Forget what was counted: a frame that is not the one of the source is among it."""
        self.digest_failures += 1
        burst.digest_failures += 1
        burst.forget_frames()

    @staticmethod
    def _digest_is_right(burst: _Open, eob: EobRecord) -> bool:
        return frames_digest((seq, *frame) for seq, frame in burst.frames.items()) == eob.frames_digest


def _commit(burst: _Open, sob: SobRecord, eob: EobRecord) -> Commit:
    missing: list[tuple[int, int, str]] = []
    for seq, reason in sorted(burst.unavailable.items()):
        if missing and missing[-1][1] == seq - 1 and missing[-1][2] == reason:
            missing[-1] = (missing[-1][0], seq, reason)
        else:
            missing.append((seq, seq, reason))
    n_counted = sum(n for n, _, _ in burst.frames.values())
    keys = frozenset(burst.keys)
    return Commit(sob, eob, burst.tally, burst.masked, n_counted, tuple(missing), burst.headers_digest, keys)
