"""Bursts that everybody must see alike: one plan of headers and open events, several fillings of the hidden ones."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from functools import cached_property

from hypothesis import strategies as st

from daq.frame import EventFrame
from tests.noninterference.contents import HIDDEN, SHOWN, content
from tests.noninterference.low import Slot, low
from tests.strategies import make_frame

SEEDS = 1 << 16
"""Numbers of events of a family."""


@dataclass(frozen=True)
class Fate:
    """What happens to the frames of a burst on their way; the same for every filling."""

    duplicate: bool = False
    reverse: bool = False
    """Results reach the collector in the other order."""
    lose: bool = False
    """The first result is lost once."""
    corrupt: bool = False
    """The first frame is damaged on disk: the burst ends INCOMPLETE."""
    no_eob: bool = False
    """The source closes the burst itself."""


@dataclass(frozen=True)
class Burst:
    """One plan and its fillings.

    sizes : events of each frame
    headers : of every event
    slots : filling -> event -> family and number
    """

    sizes: tuple[int, ...]
    headers: tuple[dict, ...]
    slots: tuple[tuple[Slot, ...], ...]
    fate: Fate = Fate()

    def frames(self, filling: int) -> list[EventFrame]:
        """Frames of one filling."""
        events = [content(*slot) | header for slot, header in zip(self.slots[filling], self.headers, strict=True)]
        ends = [sum(self.sizes[: i + 1]) for i in range(len(self.sizes))]
        return [make_frame(events[end - n : end]) for n, end in zip(self.sizes, ends, strict=True)]

    @cached_property
    def is_low_equivalent(self) -> bool:
        """Whether all fillings are the same to everybody who sees L only."""
        first = low(list(self.headers), list(self.slots[0]))
        return all(low(list(self.headers), list(slots)) == first for slots in self.slots[1:])

    def plain(self) -> dict:
        """What is needed to make it again."""
        return {
            "sizes": self.sizes,
            "headers": self.headers,
            "slots": self.slots,
            "fate": dataclasses.asdict(self.fate),
        }

    @classmethod
    def of_plain(cls, plain: dict) -> Burst:
        slots = tuple(tuple((family, seed) for family, seed in filling) for filling in plain["slots"])
        return cls(tuple(plain["sizes"]), tuple(plain["headers"]), slots, Fate(**plain["fate"]))


_SIZES = st.sampled_from([(1,), (2,), (3,), (3,), (4,), (4,), (5,), (6,), (0, 1), (2, 2), (1, 4)])
"""Events of each frame; a frame costs, whatever is in it."""


@st.composite
def bursts(draw, fillings: int = 2, hidden=tuple(HIDDEN), first=tuple(HIDDEN), *, eager=False) -> Burst:
    """One or two frames of a few events.

    hidden, first : families of the hidden events of the fillings, and of the first of them
    eager : nothing goes wrong on the way, and there is something hidden and something open
    """
    sizes = draw(st.sampled_from([(3,), (5,)]) if eager else _SIZES)
    headers, slots = [], [[] for _ in range(fillings)]
    for number in range(sum(sizes)):
        headers.append(header_of(number, draw(st.integers(0, SEEDS))))
        if number % 2 == 0 if eager else draw(st.integers(0, 2)):  # any of them, the first and the last as well
            for filling in range(fillings):
                family = draw(st.sampled_from(hidden if filling else first))
                slots[filling].append((family, draw(st.integers(0, SEEDS))))
        else:
            slot = (draw(st.sampled_from(list(SHOWN))), draw(st.integers(0, SEEDS)))
            for filling in range(fillings):
                slots[filling].append(slot)
    fate = Fate() if eager else draw(_fates())
    return Burst(sizes, tuple(headers), tuple(map(tuple, slots)), fate)


@st.composite
def _fates(draw) -> Fate:
    what = draw(st.sampled_from(["", "", "", "duplicate", "reverse", "lose", "corrupt", "no_eob"]))
    return Fate(**{what: True}) if what else Fate()


def header_of(number: int, seed: int) -> dict:
    """Header of an event: any time, any trigger."""
    r = random.Random(seed)
    flags, kind = r.choice([2, 2, 3, 1, 0]), r.choice([1, 0x21])
    return {
        "event_number": number, "timestamp": r.randint(0, 1 << 28), "fine_time": r.randint(0, 255),
        "trigger_flags": flags, "trigger_type": kind,
    }  # fmt: skip
