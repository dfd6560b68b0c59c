"""Samples of the ledger: its sums and its newest spill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from monitor.metrics.labels import MASKS, OTHER
from monitor.metrics.sample import Sample
from monitor.spill import Quality, Spill
from monitor.totals import Totals
from streaming.tally import CHANNELS


def book_samples(totals: Totals) -> Iterator[Sample]:
    """Sums over the ledger."""
    yield Sample("dumpwatch_spills_total", totals.n_complete, "complete")
    yield Sample("dumpwatch_spills_total", totals.n_incomplete, "incomplete")
    for flag in Quality:
        yield Sample("dumpwatch_spills_flagged_total", totals.quality.get(flag.value, 0), flag.value.lower())
    yield Sample("dumpwatch_frames_total", totals.n_frames)
    yield Sample("dumpwatch_events_generated_total", totals.n_events)
    yield Sample("dumpwatch_events_counted_total", totals.n_counted)
    yield Sample("dumpwatch_events_missing_total", totals.n_missing)
    yield Sample("dumpwatch_pot_protons_total", totals.pot)
    yield Sample("dumpwatch_ledger_imbalance_events", totals.imbalance)
    yield from _triggers(totals)
    for channel in CHANNELS:
        n_open = sum(totals.candidates.get(channel, {}).values())
        yield Sample("dumpwatch_open_candidates_total", n_open, channel)


def _triggers(totals: Totals) -> Iterator[Sample]:
    generated: Counter[str] = Counter(dict.fromkeys(MASKS, 0))
    sent: Counter[str] = Counter(dict.fromkeys(MASKS, 0))
    for name, mask in totals.triggers.items():
        label = name if name in MASKS else OTHER
        generated[label] += mask.generated
        sent[label] += mask.sent
    for label in generated:
        yield Sample("dumpwatch_triggers_generated_total", generated[label], label)
        yield Sample("dumpwatch_triggers_sent_total", sent[label], label)


def spill_samples(spill: Spill) -> Iterator[Sample]:
    """The newest spill; what it does not know is left out."""
    known = {
        "timestamp_seconds": spill.sob_time_ns / 1e9,
        "length_seconds": spill.spill_seconds,
        "pot_protons": spill.pot,
        "b1c_current_amperes": spill.b1c_current_a,
        "b2_current_amperes": spill.b2_current_a,
        "b2_setting_amperes": spill.b2_set_a,
        "live_ratio": spill.live_fraction,
        "muv3_per_1e12_protons": spill.halo.muv3_per_1e12_pot,
        "q1_per_1e12_protons": spill.halo.q1_per_1e12_pot,
        "events": spill.n_events,
    }
    for name, value in known.items():
        if value is not None:
            yield Sample(f"dumpwatch_last_spill_{name}", value)
    if spill.spill_seconds:
        for mask in MASKS:
            counts = spill.triggers.get(mask)
            if counts is not None:
                yield Sample("dumpwatch_last_spill_generated_hertz", counts.generated / spill.spill_seconds, mask)
                yield Sample("dumpwatch_last_spill_sent_hertz", counts.sent / spill.spill_seconds, mask)
