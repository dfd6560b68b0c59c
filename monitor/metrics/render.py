"""From a snapshot to the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from monitor.metrics.books import book_samples, spill_samples
from monitor.metrics.catalogue import CATALOGUE, MetricSpec
from monitor.metrics.chain import chain_samples, refusal_samples
from monitor.metrics.sample import Sample
from monitor.metrics.snapshot import Snapshot
from monitor.metrics.watch import alarm_samples, stream_samples

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


def render(snapshot: Snapshot) -> bytes:
    """Write a snapshot in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once(snapshot))
    return generate_latest(registry)


def samples(snapshot: Snapshot) -> Iterator[Sample]:
    """All numbers of a snapshot."""
    yield Sample("dumpwatch_ledger_readable", float(snapshot.totals is not None))
    if snapshot.totals is not None:
        yield from book_samples(snapshot.totals)
    if snapshot.last_spill is not None:
        yield from spill_samples(snapshot.last_spill)
    yield from _of_the_page(snapshot)
    yield from stream_samples(snapshot.streams)
    yield from alarm_samples(snapshot.alarms)
    yield from chain_samples(snapshot.chain)


def _of_the_page(snapshot: Snapshot) -> Iterator[Sample]:
    booked = snapshot.last_spill_booked_ns
    known = {
        "dumpwatch_last_booking_timestamp_seconds": None if booked is None else booked / 1e9,
        "dumpwatch_good_spills_total": snapshot.good_spills,
        "dumpwatch_sealed_chain_spills": snapshot.sealed_chain_spills,
        "dumpwatch_viewers": snapshot.viewers,
        "dumpwatch_ledger_disk_free_ratio": snapshot.disk_free_ratio,
    }
    for name, value in known.items():
        if value is not None:
            yield Sample(name, value)
    if snapshot.http_refused is not None:
        yield from refusal_samples(snapshot.http_refused)


class _Once(Collector):
    """Hands out the samples of one snapshot."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """Make one family for each metric that has a number, in the order of the catalogue."""
        found: dict[str, list[Sample]] = {}
        for sample in samples(self._snapshot):
            found.setdefault(sample.name, []).append(sample)
        for name, spec in CATALOGUE.items():
            if name in found:
                yield _family(spec, found[name])


def _family(spec: MetricSpec, numbers: list[Sample]) -> Metric:
    made: CounterMetricFamily | GaugeMetricFamily
    if spec.kind == "counter":
        made = CounterMetricFamily(spec.name.removesuffix("_total"), spec.text, labels=spec.labels)
    else:
        made = GaugeMetricFamily(spec.name, spec.text, labels=spec.labels)
    for sample in numbers:
        made.add_metric(sample.labels, sample.value)
    return made
