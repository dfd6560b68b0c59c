"""Metrics for Prometheus, made at each scrape from committed rows. The only home of prometheus_client.

Nothing is counted here: the numbers are those of the ledger, so they survive a restart. Label values come from
closed sets; a region, a burst or a run is never a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from monitor.spill import Quality, Spill
from monitor.totals import Totals
from streaming.tally import CHANNELS

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

OTHER = "other"
"""What is not in a closed set is counted under this."""

MASKS = ("Q1", "H2", "LKR")
FRAME_REASONS = ("truncated", "magic", "version", "checksum", "meta", "wire")
"""Reasons of `daq.errors.WireError`."""

LABEL_VALUES: dict[str, frozenset[str]] = {
    "mask": frozenset({*MASKS, OTHER}),
    "channel": frozenset(CHANNELS),
    "state": frozenset({"complete", "incomplete"}),
    "reason": frozenset({*(flag.value.lower() for flag in Quality), *FRAME_REASONS, OTHER}),
}
"""Every label there is, and every value it can have."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a scrape shows: sums over the ledger, its newest spill, and what the chain says of itself."""

    totals: Totals | None
    """None while there is no ledger to read."""
    last_spill: Spill | None = None
    chain: Mapping[str, object] = field(default_factory=dict)
    """Provisional status; a missing key is unknown and not exported."""


def render(snapshot: Snapshot) -> bytes:
    """Write a snapshot in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(snapshot))
    return generate_latest(registry)


class _Once(Collector):
    """Hands out the samples of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Make all samples."""
        snapshot = self._snapshot
        readable = GaugeMetricFamily("dumpwatch_ledger_readable", "1 when the ledger could be read, 0 when not.")
        readable.add_metric([], float(snapshot.totals is not None))
        yield readable
        if snapshot.totals is not None:
            yield from _books(snapshot.totals)
            yield from _counts(snapshot.totals)
        if snapshot.last_spill is not None:
            yield from _last(snapshot.last_spill)
        yield from _chain(snapshot.chain)


def _books(totals: Totals) -> Iterator[Metric]:
    spills = CounterMetricFamily("dumpwatch_spills", "Spills in the ledger, by state.", labels=["state"])
    spills.add_metric(["complete"], totals.n_complete)
    spills.add_metric(["incomplete"], totals.n_incomplete)
    yield spills
    flags = CounterMetricFamily("dumpwatch_spills_flagged", "Spills with a quality flag, by flag.", labels=["reason"])
    for flag in Quality:
        flags.add_metric([flag.value.lower()], totals.quality.get(flag.value, 0))
    yield flags
    plain = {
        "dumpwatch_frames": ("Event frames that sources made.", totals.n_frames),
        "dumpwatch_events_generated": ("Triggered events that sources made.", totals.n_events),
        "dumpwatch_events_counted": ("Triggered events counted exactly once.", totals.n_counted),
        "dumpwatch_events_missing": ("Triggered events in frames that could not be had.", totals.n_missing),
        "dumpwatch_pot_protons": ("Protons on target; 20 % error, fully correlated.", totals.pot),
    }
    for name, (text, value) in plain.items():
        family = CounterMetricFamily(name, text)
        family.add_metric([], value)
        yield family
    yield _gauge(
        "dumpwatch_ledger_imbalance_events", "Events neither counted nor missing; not 0 is a fault.", totals.imbalance
    )


def _counts(totals: Totals) -> Iterator[Metric]:
    generated: Counter[str] = Counter(dict.fromkeys(MASKS, 0))
    sent: Counter[str] = Counter(dict.fromkeys(MASKS, 0))
    for name, mask in totals.triggers.items():
        label = name if name in MASKS else OTHER
        generated[label] += mask.generated
        sent[label] += mask.sent
    for what, values, text in (
        ("generated", generated, "L0 triggers before downscaling, by mask."),
        ("sent", sent, "L0 triggers after downscaling, by mask."),
    ):
        family = CounterMetricFamily(f"dumpwatch_triggers_{what}", text, labels=["mask"])
        for label, value in values.items():
            family.add_metric([label], value)
        yield family
    pairs = CounterMetricFamily(
        "dumpwatch_open_candidates", "Pairs in the open regions, by channel.", labels=["channel"]
    )
    for channel in CHANNELS:
        pairs.add_metric([channel], sum(totals.candidates.get(channel, {}).values()))
    yield pairs


def _last(spill: Spill) -> Iterator[Metric]:
    yield _gauge(
        "dumpwatch_last_spill_timestamp_seconds", "Wall clock at SOB of the newest spill [s].", spill.sob_time_ns / 1e9
    )
    known = {
        "dumpwatch_last_spill_pot_protons": ("Protons on target of the newest spill.", spill.pot),
        "dumpwatch_last_spill_b1c_current_amperes": ("Current of B1C in the newest spill [A].", spill.b1c_current_a),
        "dumpwatch_last_spill_b2_current_amperes": ("Current of B2 in the newest spill [A].", spill.b2_current_a),
        "dumpwatch_last_spill_live_ratio": ("Live fraction of the newest spill.", spill.live_fraction),
        "dumpwatch_last_spill_muv3_per_1e12_protons": (
            "MUV3 counts per 1e12 protons on target, newest spill.",
            spill.halo.muv3_per_1e12_pot,
        ),
        "dumpwatch_last_spill_q1_per_1e12_protons": (
            "Q1_OR counts per 1e12 protons on target, newest spill.",
            spill.halo.q1_per_1e12_pot,
        ),
    }
    for name, (text, value) in known.items():
        if value is not None:
            yield _gauge(name, text, value)


def _chain(chain: Mapping[str, object]) -> Iterator[Metric]:
    for key, name, text in (
        ("workers", "dumpwatch_workers_ready", "Workers that are ready."),
        ("open_bursts", "dumpwatch_open_bursts", "Bursts that are not yet in the ledger."),
    ):
        value = chain.get(key)
        if isinstance(value, int):
            yield _gauge(name, text, value)
    for key, name, text in (
        ("duplicates", "dumpwatch_frames_duplicate", "Results that came again and were not counted, since start."),
        ("refused", "dumpwatch_bursts_refused", "Bursts refused because of other content, since start."),
    ):
        value = chain.get(key)
        if isinstance(value, int):
            family = CounterMetricFamily(name, text)
            family.add_metric([], value)
            yield family
    bad = chain.get("bad_frames")
    if isinstance(bad, Mapping):
        yield _bad_frames(bad)


def _bad_frames(bad: Mapping[str, object]) -> Metric:
    counts = Counter(dict.fromkeys((*FRAME_REASONS, OTHER), 0))
    for reason, n in bad.items():
        counts[reason if reason in FRAME_REASONS else OTHER] += n if isinstance(n, int) else 0
    family = CounterMetricFamily("dumpwatch_frames_bad", "Frames refused, by reason, since start.", labels=["reason"])
    for reason, n in counts.items():
        family.add_metric([reason], n)
    return family


def _gauge(name: str, text: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, text)
    family.add_metric([], value)
    return family
