"""Alerts as Alertmanager sends them to its webhook: checked, kept in bounded number, logged when a state changes."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from monitor.ledger.log import LogRow
from monitor.opslog.text import NAME_LIMIT, clean_line
from monitor.spill import Public

MAX_ALERTS = 200
"""More in one message are refused; so many are kept."""

MAX_LABELS = 32
WATCHDOG = "Watchdog"
"""The alert that always fires: silence of it means that Prometheus or Alertmanager is gone."""

ACTOR = "alertmanager"
"""Actor in the log."""

_Short = Annotated[str, Field(max_length=200)]
_Long = Annotated[str, Field(max_length=4000)]
_Labels = Annotated[dict[_Short, _Long], Field(max_length=MAX_LABELS)]


class _Received(BaseModel):
    """A message may hold more than is known here; it is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class ReceivedAlert(_Received):
    """One alert of a message."""

    status: Literal["firing", "resolved"]
    labels: _Labels
    annotations: _Labels = Field(default_factory=dict)
    starts_at: AwareDatetime = Field(alias="startsAt")
    ends_at: AwareDatetime | None = Field(None, alias="endsAt")
    fingerprint: str = Field("", max_length=64)


class WebhookMessage(_Received):
    """Version 4 of Alertmanager's webhook message."""

    version: Literal["4"]
    status: Literal["firing", "resolved"]
    alerts: list[ReceivedAlert] = Field(max_length=MAX_ALERTS)


class AlertView(Public):
    """One alert as the page shows it."""

    name: str
    status: Literal["firing", "resolved"]
    severity: str
    stream: str | None
    summary: str
    starts_ns: int
    """When Prometheus saw it first [ns since 1970]."""
    changed_ns: int
    """When its state changed here last [ns since 1970]."""
    fingerprint: str

    @property
    def key(self) -> str:
        """What makes it the same alert when it is told again."""
        return self.fingerprint or f"{self.name}:{self.stream or ''}:{self.severity}"


class Alerts:
    """Alerts that were told, newest change last; the oldest resolved ones go when there are too many."""

    def __init__(self, limit: int = MAX_ALERTS) -> None:
        self._limit = limit
        self._alerts: dict[str, AlertView] = {}
        self._lock = threading.Lock()
        self.heard_ns: int | None = None
        """When Alertmanager last said anything [ns since 1970]; None: not since this program started."""

    def __len__(self) -> int:
        return len(self._alerts)

    def views(self) -> list[AlertView]:
        """Give all alerts, oldest change first."""
        with self._lock:
            return list(self._alerts.values())

    def has_watchdog(self) -> bool:
        """Whether the alert that always fires was ever told: only then does silence mean anything."""
        return any(view.name == WATCHDOG for view in self.views())

    def changes(self, message: WebhookMessage, now_ns: int) -> list[AlertView]:
        """Give the alerts of a message whose state is another one than before; `keep` them when they are logged."""
        with self._lock:
            self.heard_ns = now_ns
            changed: dict[str, AlertView] = {}
            for alert in message.alerts:
                view = _view(alert, now_ns)
                before = self._alerts.get(view.key)
                if before is None or before.status != view.status:
                    changed[view.key] = view
            return list(changed.values())

    def keep(self, view: AlertView) -> None:
        """Take over the state of an alert."""
        with self._lock:
            self._keep(view)

    def read(self, rows: Iterable[LogRow]) -> None:
        """Take in what the log kept of alerts, in its order; lines that are no alerts are passed over."""
        for row in rows:
            if row.kind == "alert" and row.document is not None:
                try:
                    self.keep(AlertView.model_validate(row.document))
                except ValueError:
                    continue  # of another version of the program

    def _keep(self, view: AlertView) -> None:
        self._alerts.pop(view.key, None)
        self._alerts[view.key] = view
        while len(self._alerts) > self._limit:
            quiet = (key for key, alert in self._alerts.items() if alert.status == "resolved")
            del self._alerts[next(quiet, next(iter(self._alerts)))]


def _view(alert: ReceivedAlert, now_ns: int) -> AlertView:
    def label(name: str) -> str:
        return clean_line(alert.labels.get(name, ""), NAME_LIMIT)

    summary = alert.annotations.get("summary") or alert.annotations.get("description") or ""
    return AlertView(
        name=label("alertname") or "unnamed",
        status=alert.status,
        severity=label("severity") or "none",
        stream=label("stream") or None,
        summary=clean_line(summary, 500),
        starts_ns=_to_ns(alert.starts_at),
        changed_ns=now_ns,
        fingerprint=clean_line(alert.fingerprint, NAME_LIMIT),
    )


def _to_ns(when: datetime) -> int:
    since = when - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000


def log_values(view: AlertView) -> dict[str, Any]:
    """Give the line of the log that keeps a change."""
    text = f"{view.name} {view.status}: {view.summary}" if view.summary else f"{view.name} {view.status}"
    return {
        "kind": "alert",
        "who": ACTOR,
        "subject": view.name,
        "text": text,
        "document": view.model_dump(mode="json"),
    }
