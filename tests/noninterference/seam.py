"""The determinism seam: a clock that is told, randomness that is counted, sealing that nobody can break, and edges.

Sealing is replaced by an ideal one: what comes out is a function of how often it was used and of the length of what
goes in, and of nothing else. This is what HPKE and the commitment promise (RFC 9180, section 9: who
has no private key learns the length only). So the sealed bytes of two runs can be compared byte for byte: all that the
rest of the program adds to them shows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np

from monitor.sealed import mask_growth
from monitor.sealed.counts import CountSealer
from monitor.sealed.record import Record
from monitor.sealed.seal import SpillSealer
from monitor.services import booking, collector
from streaming import gate
from streaming.reco import find
from streaming.sealing import keys
from streaming.sealing.hpke import OVERHEAD
from streaming.services import source, worker
from tests.noninterference.edges import EDGES, edge_of

WALL_NS = 1_760_000_000_000_000_000
CYCLE_NS = 14_400_000_000
STEP_NS = 5_000_000
"""Time that passes in each turn of the chain."""

BREAKS = {"find_vertices": 13.0, "identify": 13.5, "pack_event": 14.5}
"""Functions inside the gate that raise, with the value in the text, when a track has this momentum [GeV/c]."""


class Clock:
    """Time since the start of a burst, the same for every run of it."""

    def __init__(self) -> None:
        self.ns = 0

    def begin(self, burst: int) -> None:
        self.ns = burst * CYCLE_NS

    def tick(self) -> None:
        self.ns += STEP_NS

    def monotonic_ns(self) -> int:
        return self.ns

    def time_ns(self) -> int:
        return WALL_NS + self.ns


CLOCK = Clock()


class Ideal:
    """Randomness and sealing of one run over one burst."""

    def __init__(self) -> None:
        self.begin(0)

    def begin(self, burst: int) -> None:
        self._burst = burst
        self._n = 0
        self._fresh: set[bytes] = set()

    def _stream(self, what: bytes, n: int) -> bytes:
        self._n += 1
        return hashlib.shake_128(b"%d|%d|%s" % (self._burst, self._n, what)).digest(n)

    def random(self, n: int) -> bytes:
        """Random bytes that were never used."""
        made = self._stream(b"random", n)
        self._fresh.add(made)
        return made

    def seal(self, _key: object, _context: bytes, plain: bytes) -> bytes:
        """As long as HPKE makes it. Key and context do not show: they are not part of what HPKE makes."""
        return self._stream(b"seal", len(plain) + OVERHEAD)

    def commit(self, record: Record) -> bytes:
        """Random for a fresh nonce. With any other one it can be guessed: then it is what it is."""
        if record.nonce in self._fresh:
            self._fresh.discard(record.nonce)
            return self._stream(b"commit", 32)
        return REAL_COMMITMENT(record)


IDEAL = Ideal()
REAL_COMMITMENT = Record.commitment


def begin(burst: int) -> None:
    """Begin a run over a burst: from here on two runs see the same time and the same randomness."""
    CLOCK.begin(burst)
    IDEAL.begin(burst)


@contextmanager
def sealed_world() -> Iterator[None]:
    """Put clock, randomness, sealing, faults and edges in place."""
    with ExitStack() as stack:

        def put(home: object, name: str, value: object) -> None:
            stack.enter_context(patch.object(home, name, value))

        for module in (source, worker, collector):
            put(module, "monotonic_ns", CLOCK.monotonic_ns)
        put(booking, "time", CLOCK)
        put(collector, "uuid", SimpleNamespace(uuid4=lambda: SimpleNamespace(hex="e" * 32)))
        put(keys, "seal_bytes", IDEAL.seal)
        put(Record, "commitment", lambda record: IDEAL.commit(record))
        for sealer in (CountSealer, SpillSealer):
            put(sealer.__init__, "__defaults__", (IDEAL.random,))
        put(mask_growth, "is_superset", _remembered(mask_growth.is_superset))
        put(find, "find_vertices", _breaking("find_vertices", find.find_vertices, _momentum_of_states))
        put(find, "identify", _breaking("identify", find.identify, lambda momentum, *_: momentum))
        put(gate, "pack_event", _breaking("pack_event", gate.pack_event, _momentum_of_event))
        put(find, "point_back", _with_edges(find.point_back, "tax"))
        put(find, "pair_mass", _with_edges(find.pair_mass, "mass"))
        yield


def _remembered(real):
    """Compare two masks once; every command that counts does it again."""
    known: dict[tuple[str, str], bool] = {}

    def remembered(new, old):
        key = new.model_dump_json(), old.model_dump_json()
        if key not in known:
            known[key] = real(new, old)
        return known[key]

    return remembered


def _breaking(name, real, momenta):
    def wrapped(*args):
        if np.any(momenta(*args) == BREAKS[name]):
            msg = f"secret {momenta(*args)}"
            raise ValueError(msg)
        return real(*args)

    return wrapped


def _momentum_of_states(first, *_):
    return first[:, 5]


def _momentum_of_event(frame, row):
    straw = frame.detectors["straw"]
    return straw.fields["p"][straw.offsets[row] : straw.offsets[row + 1]]


def _with_edges(real, what):
    """Put the kinematics of pairs whose first momentum is a mark exactly on an edge."""

    def wrapped(first, *args):
        found = real(first, *args)
        p_first = args[1] if what == "tax" else args[0]
        for k in np.flatnonzero(np.isin(p_first, list(EDGES))):
            edge = edge_of(float(p_first[k]))
            found[k] = (edge.z_mm, edge.cda_mm) if what == "tax" else edge.mass_gev
        return found

    return wrapped
