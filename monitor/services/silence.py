"""When the dead-man's switch speaks: a class without I/O and without a clock. Events go in, verdicts come out.

The heartbeat is the alert `Watchdog`, which fires always. Alertmanager repeats what it was told last, also when
Prometheus is dead; so a beat counts only when its stamp, the time of Prometheus at its evaluation, is another one than
before. No two clocks are compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HEARTBEAT = "Watchdog"
STAMP = "heartbeat"
"""Annotation of the heartbeat that changes with each evaluation."""

SILENCE = "silence"

TOLD_NS = 900_000_000_000
"""An alert that was not told again for so long is forgotten: its end may have been lost [ns]."""


@dataclass(frozen=True, slots=True)
class Told:
    """One alert, as Alertmanager tells it."""

    name: str
    instance: str
    firing: bool
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the switch says: ALARM with reasons, or OK without."""

    reasons: tuple[str, ...]

    @property
    def state(self) -> str:
        """ALARM or OK."""
        return "ALARM" if self.reasons else "OK"

    @property
    def text(self) -> str:
        """One line for people."""
        return "; ".join(self.reasons) or "the heartbeat of Prometheus arrives"


class DeadmanSwitch:
    """Speaks when the heartbeat stops, ends, or brings bad news; and when all is well again."""

    def __init__(self, silence_ns: int, now_ns: int) -> None:
        self._limit_ns = silence_ns
        self._beat_ns = now_ns  # the start counts as a beat: a chain that never came up is told too
        self._stamp = ""
        self._told: dict[tuple[str, str], tuple[str, int]] = {}

    @property
    def beat_ns(self) -> int:
        """When the last beat that counted arrived."""
        return self._beat_ns

    def hear(self, alerts: Iterable[Told], now_ns: int) -> None:
        """Take in the alerts of one message."""
        for alert in alerts:
            if alert.name == HEARTBEAT and alert.firing:
                self._beat(alert.stamp, now_ns)
            elif alert.firing or alert.name == HEARTBEAT:
                self._told[alert.name, alert.instance] = ("told" if alert.firing else "ended", now_ns)
            else:
                self._told.pop((alert.name, alert.instance), None)

    def judge(self, now_ns: int) -> Verdict:
        """Say how things stand."""
        self._told = {key: told for key, told in self._told.items() if now_ns - told[1] < TOLD_NS}
        reasons = [
            f"{name} {why}" + (f" by {instance}" if instance else "")
            for (name, instance), (why, _) in sorted(self._told.items())
        ]
        silent_ns = now_ns - self._beat_ns
        if silent_ns > self._limit_ns:
            reasons.insert(0, f"{SILENCE}: no heartbeat for more than {self._limit_ns / 1e9:g} s")
        return Verdict(tuple(reasons))

    def _beat(self, stamp: str, now_ns: int) -> None:
        if stamp and stamp == self._stamp:
            return  # said again by an Alertmanager whose Prometheus says nothing
        self._stamp, self._beat_ns = stamp, now_ns
        self._told = {key: told for key, told in self._told.items() if key[0] != HEARTBEAT}


def read_message(document: object) -> list[Told]:
    """Read the alerts of a webhook message of Alertmanager; what is not one is passed over.

    Raises
    ------
    ValueError
        The document is no such message.
    """
    alerts = document.get("alerts") if isinstance(document, Mapping) else None
    if not isinstance(alerts, list):
        msg = "no list of alerts"
        raise ValueError(msg)  # noqa: TRY004 - one error for whatever is wrong with the message
    return [told for alert in alerts if (told := _read_alert(alert)) is not None]


def _read_alert(alert: object) -> Told | None:
    if not isinstance(alert, Mapping):
        return None
    labels, notes = alert.get("labels"), alert.get("annotations")
    name = labels.get("alertname") if isinstance(labels, Mapping) else None
    if not isinstance(name, str) or not isinstance(labels, Mapping):
        return None
    stamp = notes.get(STAMP, "") if isinstance(notes, Mapping) else ""
    return Told(name[:100], str(labels.get("instance", ""))[:100], alert.get("status") == "firing", str(stamp)[:100])
