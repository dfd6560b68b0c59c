"""What a program that leaks is made of: how a mutant is named, put in place, and what it may know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

import numpy as np

from monitor.services import collector
from streaming.masked import Masked
from streaming.reco import pipeline
from streaming.tally import COUNTS
from tests.noninterference.place import HERE

Put = Callable[[object, str, object], None]
"""Puts a value in the place of a name for as long as the mutant lives."""

BOOKED: Counter[str] = Counter()
"""Masked candidates that were booked, by place: what no part of the program knows that reads a ledger."""


@dataclass(frozen=True)
class Mutant:
    """One leak.

    row : of the table in section 1.3
    make : puts it in place
    families : hidden events that show it
    verbs : those of `world.LOOKS` in which it shows, when it is not in live or replay
    """

    row: int
    make: Callable[[Put], None]
    families: tuple[str, ...] = ("candidate",)
    verbs: tuple[str, ...] = ()


MUTANTS: dict[str, Mutant] = {}


def mutant(row: int, name: str, families: tuple[str, ...] = ("candidate",), *verbs: str):
    def register(make: Callable[[Put], None]) -> Callable[[Put], None]:
        MUTANTS[f"{row} {name}"] = Mutant(row, make, families, verbs)
        return make

    return register


def count(masked: Masked) -> int:
    return masked.hand_over(lambda counts, _: int(counts.sum()))


def here() -> int:
    """Masked candidates in the ledger that is looked at."""
    return BOOKED[str(HERE[0].folder)]


def after(put: Put, home: object, name: str, change: Callable) -> None:
    """Let `change` see the result and the arguments of a function, and give another result."""
    real = getattr(home, name)

    @wraps(real)
    def changed(*args, **keys):
        found = real(*args, **keys)
        return change(found, *args, **keys)

    put(home, name, changed)


def on_tally(put: Put, change: Callable) -> None:
    """Change the tally of a frame, knowing how many candidates are masked in it."""

    def changed(found, frame, findings):
        tally, masked = found
        change(tally, count(masked), frame, findings)
        return tally, masked

    after(put, pipeline, "publish", changed)


def add(name: str, sign: int) -> Callable:
    def change(tally, n, *_):
        tally.counts[COUNTS.index(name)] += sign * n

    return change


def candidates_of(frame) -> np.ndarray:
    """Events with a masked candidate, as a leaky program would find them."""
    found = HERE[0].keys.reconstruction._find(pipeline.checked(frame))
    rows = np.zeros(frame.n_events, np.int64)
    rows[found.events[(found.channel >= 0) & (found.inside >= 0)]] = 1
    return rows * found.stripped


def note_booked(put: Put) -> None:
    """Keep the number of masked candidates of each place, for mutants in what reads a ledger."""
    BOOKED.clear()
    real = collector.book

    def noted(ledger, burst, spill, sealer=None):
        BOOKED[str(HERE[0].folder)] += count(burst.masked)
        return real(ledger, burst, spill, sealer)

    put(collector, "book", noted)
