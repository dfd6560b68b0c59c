"""What runs where the counting is done. Two strings in, bytes of our own codec out: nothing counted is pickled.

Dask moves the call itself with cloudpickle, by the name of this function.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from daq.errors import DumpwatchError
from daq.version import PROGRAM_VERSION
from offline.replay.burst import CountedBurst, count_burst
from offline.replay.work import Work

COUNTED, REFUSED = b"C", b"R"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a burst was not counted."""

    reason: str


Outcome = CountedBurst | Refusal


def count_task(work: str, place: str) -> bytes:
    """Count one burst; a burst that can't be counted is an answer, everything else is tried again elsewhere."""
    wanted = Work.unpack(work)
    if wanted.program != PROGRAM_VERSION:
        host = socket.gethostname()
        why = f"worker on {host} runs dumpwatch {PROGRAM_VERSION}, wanted {wanted.program}; install one version"
        return REFUSED + why.encode()
    try:
        return COUNTED + count_burst(place, wanted).pack()
    except DumpwatchError as error:
        return REFUSED + str(error).encode()


def count_tasks(work: str, places: list[str]) -> list[bytes]:
    """Count some bursts one after the other; an answer for each."""
    return [count_task(work, place) for place in places]


def outcome(answer: bytes) -> Outcome:
    """Read the answer of a task.

    Raises
    ------
    ValueError
        It is none.
    """
    kind, body = answer[:1], answer[1:]
    if kind == COUNTED:
        return CountedBurst.unpack(body)
    if kind == REFUSED:
        return Refusal(body.decode())
    msg = f"replay: an answer of kind {kind!r}; peers run different versions"
    raise ValueError(msg)
