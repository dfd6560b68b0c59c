"""From the frames of a recording to a closed burst, by the state machine that closes live ones."""

from __future__ import annotations

from dataclasses import dataclass, field

from daq.errors import DataError, StoreError
from daq.frame import EventFrame, decode_frame
from daq.recording import RecordedBurst
from daq.records import EobRecord, SobRecord
from streaming.closure import MAX_DIGEST_FAILURES, Action, Closure, Commit, Result
from streaming.reco.pipeline import Reconstruction

NOT_THERE = "not in the journal"
CORRUPT_ON_ARRIVAL = "handed out {} times without a result"
"""Reasons of missing frames as the source says them: a replay of a damaged burst gives the row that live gave."""

FOR_EVER = 1 << 62


@dataclass(slots=True)
class Frames:
    """What became of the frames of one recording."""

    results: list[Result] = field(default_factory=list)
    lost: dict[int, str] = field(default_factory=dict)
    """Seqs that can't be counted, with the reason."""

    def discard(self) -> None:
        """Throw the masked counts away."""
        for result in self.results:
            result.masked.discard()


def analyse_frame(recorded: RecordedBurst, seq: int, reconstruction: Reconstruction) -> Result:
    """Analyse one frame as a worker does.

    Raises
    ------
    DataError
        The frame does not decode.
    """
    info = recorded.frames[seq]
    frame: EventFrame = decode_frame(recorded.frame(seq))
    found = reconstruction.analyse(frame)
    return Result(seq, frame.n_events, info.length, info.crc32c, found.headers_digest, found.tally, found.masked)


def analyse_frames(
    recorded: RecordedBurst, eob: EobRecord, reconstruction: Reconstruction, max_attempts: int
) -> Frames:
    """Analyse every frame whose bytes are as they were written; the others are named."""
    frames = Frames()
    for seq in range(min(len(recorded.frames), eob.n_frames)):
        damage = recorded.check(seq)
        if damage is not None:
            frames.lost[seq] = damage
            continue
        try:
            frames.results.append(analyse_frame(recorded, seq, reconstruction))
        except DataError:
            frames.lost[seq] = CORRUPT_ON_ARRIVAL.format(max_attempts)
    frames.lost.update(dict.fromkeys(range(len(recorded.frames), eob.n_frames), NOT_THERE))
    return frames


def close_burst(sob: SobRecord, eob: EobRecord, frames: Frames) -> Commit:
    """Fold what was found, check the digest of the burst, and close it.

    Raises
    ------
    StoreError
        The burst does not close: a fault of this program.
    """
    closure = Closure(FOR_EVER, FOR_EVER)
    actions: list[Action] = [*closure.on_sob(sob, 0), *closure.on_eob(eob, 0)]
    # a wrong digest makes the closure count again from nothing; what is given then is the same, so it ends
    for _ in range(MAX_DIGEST_FAILURES + 1):
        actions += closure.on_unavailable(sob.key, frames.lost, 0)
        for result in frames.results:
            actions += closure.on_result(sob.key, result, 0)
        for action in actions:
            if isinstance(action, Commit):
                return action
    msg = f"run {sob.run} burst {sob.burst}: does not close; keep the recording and call the DAQ expert"
    raise StoreError(msg)
