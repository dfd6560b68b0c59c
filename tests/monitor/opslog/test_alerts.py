"""Alertmanager's messages: checked, bounded, logged once a change."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from monitor.ledger import LogRow
from monitor.opslog.alerts import MAX_ALERTS, Alerts, WebhookMessage, log_values

START = "2026-10-01T12:00:00.5Z"


def alert(name: str, status: str = "firing", **change: Any) -> dict[str, Any]:
    labels = {"alertname": name, "severity": "page"}
    base = {"status": status, "labels": labels, "annotations": {"summary": "so and so"}, "startsAt": START}
    return base | {"endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://x", "fingerprint": name} | change


def message(*alerts: dict[str, Any], **change: Any) -> WebhookMessage:
    base = {"version": "4", "status": "firing", "alerts": list(alerts), "receiver": "page", "truncatedAlerts": 0}
    return WebhookMessage.model_validate_json(json.dumps(base | change))


def take(alerts: Alerts, *told: dict[str, Any], now_ns: int = 5) -> list[tuple[str, str]]:
    changed = alerts.changes(message(*told), now_ns)
    for view in changed:
        alerts.keep(view)
    return [(view.name, view.status) for view in changed]


def test_a_change_is_news_once() -> None:
    alerts = Alerts()
    assert alerts.heard_ns is None
    assert take(alerts, alert("A"), alert("B")) == [("A", "firing"), ("B", "firing")]
    assert take(alerts, alert("A"), alert("B")) == []
    assert take(alerts, alert("A", "resolved")) == [("A", "resolved")]
    assert [(a.name, a.status) for a in alerts.views()] == [("B", "firing"), ("A", "resolved")]
    assert alerts.heard_ns == 5
    view = alerts.views()[0]
    assert view.starts_ns == 1_790_856_000_500_000_000 and view.summary == "so and so" and view.stream is None
    assert datetime.fromtimestamp(view.starts_ns / 1e9, UTC).isoformat().startswith("2026-10-01T12:00:00.5")


def test_what_was_not_kept_comes_again() -> None:
    alerts = Alerts()
    assert alerts.changes(message(alert("A")), 5) and alerts.changes(message(alert("A")), 6)


def test_the_log_gives_the_same_after_a_restart() -> None:
    before, rows = Alerts(), []
    for told in (alert("A"), alert("B"), alert("A", "resolved")):
        for view in before.changes(message(told), 7):
            before.keep(view)
            values = log_values(view)
            rows.append(LogRow(id=len(rows) + 1, booked_ns=7, run=None, burst=None, **values))
    after = Alerts()
    after.read([*rows, rows[0].model_copy(update={"document": {"of": "another version"}})])
    assert after.views() == before.views()


@given(st.lists(st.tuples(st.integers(0, 12), st.sampled_from(["firing", "resolved"])), max_size=80))
def test_never_more_than_the_limit_and_firing_ones_stay_longest(told: list[tuple[int, str]]) -> None:
    alerts = Alerts(limit=5)
    for number, status in told:
        take(alerts, alert(f"A{number}", status))
        assert len(alerts) <= 5
        now = {view.name: view.status for view in alerts.views()}
        assert now.get(f"A{number}", status) == status


@pytest.mark.parametrize(
    "change",
    [
        {"version": "3"},
        {"alerts": [alert("A", "perhaps")]},
        {"alerts": [alert("A")] * (MAX_ALERTS + 1)},
        {"alerts": [alert("A", startsAt="yesterday")]},
        {"alerts": [alert("A", startsAt="2026-10-01T12:00:00")]},
        {"alerts": [alert("A", labels={f"l{i}": "x" for i in range(50)})]},
        {"alerts": None},
    ],
)
def test_bad_messages(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        message(**change)


def test_odd_dates_and_labels_are_kept_within_bounds() -> None:
    alerts = Alerts()
    odd = alert("x" * 150 + "\x1b[0m", startsAt="0001-01-01T00:00:00+14:00", fingerprint="", labels={})
    assert take(alerts, odd) == [("unnamed", "firing")]
    long = alert("y" * 150 + "\u202e", fingerprint="f")
    take(alerts, long)
    assert len(alerts.views()[-1].name) <= 64
