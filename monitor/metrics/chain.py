"""Samples of what the chain and the page say of themselves: since their start, not from the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from monitor.metrics.labels import FRAME_REASONS, HTTP_REASONS, OTHER
from monitor.metrics.sample import Sample

_PLAIN = {
    "workers": "dumpwatch_workers_ready",
    "open_bursts": "dumpwatch_open_bursts",
    "unbooked": "dumpwatch_unbooked_bursts",
    "age_s": "dumpwatch_chain_silence_seconds",
    "duplicates": "dumpwatch_frames_duplicate_total",
    "refused": "dumpwatch_bursts_refused_total",
}


def chain_samples(chain: Mapping[str, object]) -> Iterator[Sample]:
    """Known keys of the provisional status, of the right type; anything else is unknown."""
    for key, name in _PLAIN.items():
        value = chain.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Sample(name, value)
    bad = chain.get("bad_frames")
    if isinstance(bad, Mapping):
        yield from _by_reason("dumpwatch_frames_bad_total", bad, FRAME_REASONS)


def refusal_samples(refused: Mapping[str, int]) -> Iterator[Sample]:
    """Requests that the page refused."""
    yield from _by_reason("dumpwatch_http_refused_total", refused, HTTP_REASONS)


def _by_reason(name: str, counted: Mapping[str, object], reasons: Sequence[str]) -> Iterator[Sample]:
    counts = Counter(dict.fromkeys((*reasons, OTHER), 0))
    for reason, n in counted.items():
        counts[reason if reason in reasons else OTHER] += n if isinstance(n, int) else 0
    for reason, count in counts.items():
        yield Sample(name, count, reason)
