"""What the envelope of each kind of message holds: one model a kind, checked on arrival.

A message whose envelope does not fit is a bad frame with reason `meta`: dropped and counted, never half believed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daq.codec import Message
from daq.errors import BadMeta
from daq.records import EobRecord, SobRecord
from streaming.headers import DIGEST_BYTES

Seq = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Count = Annotated[int, Field(ge=0, le=1 << 48)]
Word = Annotated[str, Field(max_length=80)]
MAX_SEQS = 65536
"""Seqs in one request; the closure asks for the rest later."""


class Body(BaseModel):
    """Envelope of one kind of message."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def of(cls, message: Message) -> Self:
        """Envelope of a received message.

        Raises
        ------
        BadMeta
            Fields are missing, unknown or of the wrong kind; the text names them, not their values.
        """
        try:
            return cls.model_validate(dict(message.meta))
        except ValidationError as error:
            fields = ", ".join(sorted({".".join(map(str, fault["loc"])) for fault in error.errors()}))
            where = f"{message.kind.name} run {message.run} burst {message.burst}"
            msg = f"{where}: envelope does not fit in {fields or 'itself'}; dropped"
            raise BadMeta(msg) from None

    def meta(self) -> dict[str, Any]:
        """Map to be sent."""
        return self.model_dump(mode="python")


KEYS_BYTES = 32
NO_KEYS = bytes(KEYS_BYTES)
"""Of a worker without sealing keys: it looked at no event with several tracks."""


class Frame(Body):
    """Source to worker: one event frame."""

    n_events: Count


class ResultMeta(Body):
    """Worker to collector: identity of the analysed frame; the counts are the payload."""

    n_events: Seq
    length: Count
    crc32c: Seq
    headers: Annotated[bytes, Field(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
    keys: Annotated[bytes, Field(min_length=KEYS_BYTES, max_length=KEYS_BYTES)] = NO_KEYS
    """Digest of the key set under which events with several tracks were looked at."""


class Want(Body):
    """Worker to source: can take more frames; with `reset` the number replaces what the source believed."""

    credits: Annotated[int, Field(ge=0, le=64)]
    reset: bool


class Hello(Body):
    """Source to collector, twice a second: I am here; frames that I could not understand, by reason."""

    bad_frames: dict[Word, Count]


class Welcome(Body):
    """Collector to source: who I am (another epoch after a restart), and the last burst booked of your run."""

    epoch: Word
    last_booked: Count


class Sob(Body):
    """Source to collector: start of burst."""

    sob: SobRecord


class Eob(Body):
    """Source to collector: end of burst."""

    eob: EobRecord


class Again(Body):
    """Collector to source: hand these frames out again."""

    seqs: Annotated[list[Seq], Field(max_length=MAX_SEQS)]


class Unavailable(Body):
    """Source to collector: these frames can't be given, and why."""

    reasons: Annotated[list[tuple[Seq, Word]], Field(max_length=MAX_SEQS)]


class Committed(Body):
    """Collector to source: the burst is on disk in the ledger, and how."""

    state: Literal["COMPLETE", "INCOMPLETE"]


class Refused(Body):
    """Collector to source: this burst is not booked, and why; keep its recording."""

    why: Annotated[str, Field(max_length=1000)]


class Status(Body):
    """Worker to collector, twice a second: I am here; frames that I dropped, by reason."""

    worker: Word
    bad_frames: dict[Word, Count]
