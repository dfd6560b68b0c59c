"""Samples of the alarm desk: streams and alarms. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from statistics import NormalDist

from monitor.alarms.model import Alarm, StreamPoint, StreamView
from monitor.metrics.labels import ALARMS, NONE, OTHER, STATES, STREAMS
from monitor.metrics.sample import Sample

_SMALLEST = 1e-300
"""Tail probabilities below this are told as this one: 37 sigma."""

_BADNESS = ("OK", "WARN", "UNKNOWN", "ALARM")


def stream_samples(streams: Iterable[StreamView]) -> Iterator[Sample]:
    """What the desk says of each stream, at its newest spill. A stream of no known name is left out."""
    for stream in streams:
        if stream.name not in STREAMS:
            continue
        name = stream.name
        yield Sample("dumpwatch_stream_state", STATES[stream.state], name)
        yield Sample("dumpwatch_predicted_false_alarms_per_week", stream.predicted_false_alarms_per_week, name)
        if stream.reference is not None:
            yield Sample("dumpwatch_stream_phi_eff", stream.reference.phi_eff, name)
            yield Sample("dumpwatch_stream_autocorrelation", stream.reference.rho, name)
        if stream.points:
            yield from _point(name, stream.points[-1])


def _point(name: str, point: StreamPoint) -> Iterator[Sample]:
    yield Sample("dumpwatch_stream_cusum", point.cusum_up, name, "up")
    yield Sample("dumpwatch_stream_cusum", point.cusum_down, name, "down")
    known = {
        "counts_per_1e12_protons": point.value,
        "expected_per_1e12_protons": point.expected,
        "low_per_1e12_protons": point.low,
        "high_per_1e12_protons": point.high,
        "excess_sigma": excess_sigma(point.p_high, point.p_low),
    }
    for what, value in known.items():
        if value is not None:
            yield Sample(f"dumpwatch_stream_{what}", value, name)


def excess_sigma(p_high: float | None, p_low: float | None) -> float | None:
    """Turn the smaller of two tail probabilities into a normal deviate.

    Parameters
    ----------
    p_high, p_low : P(N >= n) and P(N <= n); None when the spill was not judged

    Returns
    -------
    float or None
        Positive above expectation, negative below, 0 where neither tail is under one half.
    """
    if p_high is None or p_low is None:
        return None
    sign = 1.0 if p_high <= p_low else -1.0
    tail = min(max(min(p_high, p_low), _SMALLEST), 0.5)
    return sign * abs(NormalDist().inv_cdf(tail))


def alarm_samples(alarms: Iterable[Alarm]) -> Iterator[Sample]:
    """State of each alarm. Alarms of no known name share one label, which tells the worst of them."""
    worst: dict[tuple[str, str], Alarm] = {}
    for alarm in alarms:
        key = _closed(alarm)
        if key not in worst or _BADNESS.index(alarm.state) > _BADNESS.index(worst[key].state):
            worst[key] = alarm
    for (name, stream), alarm in worst.items():
        yield Sample("dumpwatch_alarm_state", STATES[alarm.state], name, stream)
        yield Sample("dumpwatch_alarm_inhibited", float(alarm.inhibited is not None), name, stream)
        yield Sample("dumpwatch_alarm_acknowledged", float(alarm.acknowledged is not None), name, stream)


def _closed(alarm: Alarm) -> tuple[str, str]:
    stream = alarm.stream or NONE
    return (
        alarm.name if alarm.name in ALARMS else OTHER,
        stream if stream in (NONE, *STREAMS) else OTHER,
    )
