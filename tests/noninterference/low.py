"""Low equivalence, by its own definition: what is masked is decided by the slow twins, never by the gate.

`L(x)` puts the canonical rejected event in the place of every hidden event: the header stays, and that there were
several tracks. Hidden is what the mask hides, and (decision 14) every other event with several tracks and not exactly
one vertex. So the streams that are compared may differ in more than the definition of the specification asks for.
"""

from __future__ import annotations

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from tests.noninterference.contents import content
from tests.noninterference.edges import EDGES, is_masked
from tests.reference import selection_slow
from tests.strategies import make_frame

CUTS, REGIONS, GATE = RecoConfig(residual_field=False), RegionsConfig(), GateConfig()

Slot = tuple[str, int]
"""Family and number of an event."""

_VERDICTS: dict[Slot, bool] = {}


def is_hidden(slot: Slot) -> bool:
    """Whether the event must not be seen."""
    if slot not in _VERDICTS:
        _VERDICTS[slot] = _is_hidden(content(*slot))
    return _VERDICTS[slot]


def _is_hidden(event: dict) -> bool:
    tracks = event.get("straw", [])
    if len(tracks) < 2:
        return False
    if tracks[0]["p"] in EDGES:
        return is_masked(EDGES[tracks[0]["p"]])
    try:
        counts, _, _ = selection_slow.analyse(make_frame([event]), CUTS, REGIONS, GATE)
    except ZeroDivisionError:
        return True  # slopes beyond 40 digits: nothing is proved
    return counts["tracks"] == 0


def low(headers: list[dict], slots: list[Slot]) -> list[tuple]:
    """L of a stream of events."""
    seen = []
    for header, slot in zip(headers, slots, strict=True):
        several = len(content(*slot).get("straw", [])) >= 2
        kept = ("stripped",) if is_hidden(slot) else slot
        seen.append((tuple(sorted(header.items())), several, kept))
    return seen
