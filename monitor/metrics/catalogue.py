"""The list of metrics: name, kind, unit, help, labels. Rules, dashboards and the operator's table are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge"]


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric as it is exported."""

    name: str
    kind: Kind
    unit: str
    """protons, amperes, seconds, hertz, ratio, sigma, count, per_1e12_protons, boolean, state."""
    text: str
    labels: tuple[str, ...] = ()


def _counter(name: str, unit: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(f"dumpwatch_{name}_total", "counter", unit, text, labels)


def _gauge(name: str, unit: str, text: str, *labels: str) -> MetricSpec:
    return MetricSpec(f"dumpwatch_{name}", "gauge", unit, text, labels)


_PER_POT = "counts per 1e12 protons on target"

_BOOKS = (
    _gauge("ledger_readable", "boolean", "1 when the ledger could be read, 0 when not."),
    _counter("spills", "count", "Spills in the ledger, by state.", "state"),
    _counter("spills_flagged", "count", "Spills with a quality flag, by flag.", "reason"),
    _counter("good_spills", "count", "Spills that the accounting judges good."),
    _gauge("sealed_chain_spills", "count", "Sealed spills in the hash chain; a chain that gets shorter was cut off."),
    _counter("frames", "count", "Event frames that sources made."),
    _counter("events_generated", "count", "Triggered events that sources made."),
    _counter("events_counted", "count", "Triggered events counted exactly once."),
    _counter("events_missing", "count", "Triggered events in frames that could not be had."),
    _counter("pot_protons", "protons", "Protons on target; 20 % error, fully correlated."),
    _gauge("ledger_imbalance_events", "count", "Events neither counted nor missing; not 0 is a fault."),
    _counter("triggers_generated", "count", "L0 triggers before downscaling, by mask.", "mask"),
    _counter("triggers_sent", "count", "L0 triggers after downscaling, by mask.", "mask"),
    _counter("open_candidates", "count", "Pairs in the open regions, by channel.", "channel"),
)

_LAST_SPILL = (
    _gauge("last_spill_timestamp_seconds", "timestamp", "Wall clock at SOB of the newest spill [s]."),
    _gauge("last_booking_timestamp_seconds", "timestamp", "Wall clock at which the newest row was committed [s]."),
    _gauge("last_spill_length_seconds", "seconds", "Length of the newest spill [s]."),
    _gauge("last_spill_pot_protons", "protons", "Protons on target of the newest spill."),
    _gauge("last_spill_b1c_current_amperes", "amperes", "Current of B1C in the newest spill [A]."),
    _gauge("last_spill_b2_current_amperes", "amperes", "Current of B2 in the newest spill [A]."),
    _gauge("last_spill_b2_setting_amperes", "amperes", "Setting of B2 that the newest spill was announced with [A]."),
    _gauge("last_spill_live_ratio", "ratio", "Live fraction of the newest spill."),
    _gauge("last_spill_muv3_per_1e12_protons", "per_1e12_protons", f"MUV3 {_PER_POT}, newest spill."),
    _gauge("last_spill_q1_per_1e12_protons", "per_1e12_protons", f"Q1_OR {_PER_POT}, newest spill."),
    _gauge("last_spill_generated_hertz", "hertz", "L0 triggers before downscaling, newest spill [1/s].", "mask"),
    _gauge("last_spill_sent_hertz", "hertz", "L0 triggers after downscaling, newest spill [1/s].", "mask"),
    _gauge("last_spill_events", "count", "Triggered events of the newest spill."),
)

_STREAMS = (
    _gauge("stream_state", "state", "State of a watched stream: 0 OK, 1 WARN, 2 ALARM, 3 UNKNOWN.", "stream"),
    _gauge("stream_counts_per_1e12_protons", "per_1e12_protons", f"{_PER_POT.capitalize()}, newest spill.", "stream"),
    _gauge("stream_expected_per_1e12_protons", "per_1e12_protons", f"Expected {_PER_POT}, newest spill.", "stream"),
    _gauge("stream_low_per_1e12_protons", "per_1e12_protons", f"Lower control limit, {_PER_POT}.", "stream"),
    _gauge("stream_high_per_1e12_protons", "per_1e12_protons", f"Upper control limit, {_PER_POT}.", "stream"),
    _gauge(
        "stream_excess_sigma",
        "sigma",
        "Tail probability of the newest spill as a normal deviate, negative below expectation.",
        "stream",
    ),
    _gauge("stream_cusum", "loglikelihood", "Log-likelihood CUSUM of a stream, by side.", "stream", "side"),
    _gauge("stream_phi_eff", "variance", "Relative variance beyond Poisson that the charts use.", "stream"),
    _gauge("stream_autocorrelation", "ratio", "Autocorrelation of successive good spills.", "stream"),
    _gauge(
        "predicted_false_alarms_per_week",
        "per_week",
        "False alarms that the thresholds of a stream give in a quiet week.",
        "stream",
    ),
)

_ALARMS = (
    _gauge("alarm_state", "state", "State of an alarm: 0 OK, 1 WARN, 2 ALARM, 3 UNKNOWN.", "alarm", "stream"),
    _gauge("alarm_inhibited", "boolean", "1 while an alarm is held back for a known reason.", "alarm", "stream"),
    _gauge("alarm_acknowledged", "boolean", "1 when an operator has acknowledged an alarm.", "alarm", "stream"),
)

_CHAIN = (
    _gauge("workers_ready", "count", "Workers that are ready."),
    _gauge("open_bursts", "count", "Bursts that are not yet in the ledger."),
    _gauge("unbooked_bursts", "count", "Closed bursts that the ledger has not taken yet."),
    _gauge("chain_silence_seconds", "seconds", "Time since the chain last spoke [s]."),
    _counter("frames_duplicate", "count", "Results that came again and were not counted, since start."),
    _counter("bursts_refused", "count", "Bursts refused because of other content, since start."),
    _counter("frames_bad", "count", "Frames refused, by reason, since start.", "reason"),
    _gauge("viewers", "count", "Pages that are open."),
    _counter("http_refused", "count", "HTTP requests refused, by reason, since start.", "reason"),
    _gauge("ledger_disk_free_ratio", "ratio", "Free part of the disk that holds the ledger."),
)

CATALOGUE: dict[str, MetricSpec] = {spec.name: spec for spec in (*_BOOKS, *_LAST_SPILL, *_STREAMS, *_ALARMS, *_CHAIN)}
"""Every exported metric, by the name that Prometheus has for it."""
