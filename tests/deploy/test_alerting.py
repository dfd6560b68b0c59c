"""The real Prometheus and Alertmanager with the deployed files: every alert on its cause, none on a quiet run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.deploy.causes import Cause, causes
from tests.deploy.http_fakes import serve
from tests.deploy.programs import Alertmanager, Prometheus, free_port, running
from tools.alerting.rules import RULES

CAUSES = causes()
FIRES = {cause.name: cause.fires for cause in CAUSES if cause.fires}
HELD_BACK = {cause.name: cause.held_back for cause in CAUSES if cause.held_back}
TOLD = {cause.name: cause.fires - cause.held_back for cause in CAUSES if cause.fires - cause.held_back}


@dataclass
class Seen:
    """What was seen when everything had settled."""

    firing: dict[str, set[str]]
    received: dict[str, set[str]]
    inhibited: dict[str, set[str]]
    told: dict[str, set[str]]
    """Alerts that reached the page, by instance."""
    to_deadman: set[str]
    tokens: set[str]
    messages: list[dict[str, Any]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("alerting")
    pages = {f"/{cause.name}": cause.page() for cause in CAUSES if cause.shown}
    with serve(pages) as exporter, serve() as page, serve() as deadman:
        at = f"http://127.0.0.1:{exporter.server_port}"
        nobody = f"http://127.0.0.1:{free_port()}"
        targets = {cause.name: f"{at if cause.shown else nobody}/{cause.name}" for cause in CAUSES}
        manager = Alertmanager(
            folder, f"http://127.0.0.1:{page.server_port}", f"http://127.0.0.1:{deadman.server_port}"
        )
        prometheus = Prometheus(folder, targets, manager.port)
        with running(manager, prometheus):
            _settle(lambda: {name: fired for name, fired in prometheus.firing().items() if name} == FIRES)
            _settle(lambda: _by_instance(manager.alerts(), inhibited=True) == HELD_BACK)
            # once more with fresh ears: what is repeated now is what is told
            page.heard.clear()
            deadman.heard.clear()
            _settle(lambda: _told(page.heard) == TOLD and len(deadman.heard) > 3)
            yield Seen(
                firing=prometheus.firing(),
                received=_by_instance(manager.alerts(), inhibited=False),
                inhibited=_by_instance(manager.alerts(), inhibited=True),
                told=_told(page.heard),
                to_deadman={alert["labels"]["alertname"] for m in deadman.heard for alert in m["alerts"]},
                tokens={*page.tokens, *deadman.tokens},
                messages=list(page.heard),
            )


def _settle(is_true: Any) -> None:
    """Wait, but not for ever: the tests say what is wrong."""
    end = time.monotonic() + 20
    while not is_true() and time.monotonic() < end:
        time.sleep(0.2)


def _by_instance(alerts: list[dict[str, Any]], *, inhibited: bool) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for alert in alerts:
        if inhibited and not alert["status"]["inhibitedBy"]:
            continue
        found.setdefault(alert["labels"].get("instance", ""), set()).add(alert["labels"]["alertname"])
    return found


def _told(messages: list[dict[str, Any]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for message in list(messages):
        for alert in message["alerts"]:
            if alert["status"] == "firing" and "instance" in alert["labels"]:
                found.setdefault(alert["labels"]["instance"], set()).add(alert["labels"]["alertname"])
    return found


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.name)
def test_exactly_the_alerts_of_this_cause_fire_and_arrive(seen: Seen, cause: Cause) -> None:
    assert seen.firing.get(cause.name, set()) == cause.fires
    assert seen.received.get(cause.name, set()) == cause.fires
    assert seen.inhibited.get(cause.name, set()) == cause.held_back
    assert seen.told.get(cause.name, set()) == cause.fires - cause.held_back


def test_every_alert_has_a_cause_here(seen: Seen) -> None:
    caused = {name for cause in CAUSES for name in cause.fires} | {"Watchdog"}
    absences = {f"{rule.name}Absent" for rule in RULES if rule.needs}
    assert caused == {rule.name for rule in RULES} | absences
    assert seen.firing[""] == {"Watchdog"}


def test_the_switch_hears_the_heartbeat_and_the_death_of_the_monitor_only(seen: Seen) -> None:
    assert seen.to_deadman == {"Watchdog", "MonitorDown"}


def test_the_page_is_told_with_its_token_in_words_with_numbers(seen: Seen) -> None:
    assert seen.tokens == {"Bearer not-a-real-token-but-long-enough-for-one"}
    alerts = {a["labels"]["alertname"]: a for m in seen.messages for a in m["alerts"]}
    excursion = alerts["BackgroundRateExcursion"]
    assert set(excursion["labels"]) == {"alertname", "instance", "stream", "severity", "method"}
    assert excursion["annotations"]["runbook_url"].endswith("/runbook#backgroundrateexcursion")
    assert excursion["annotations"]["description"] == (
        "muv3: observed per 1e12 protons 9000, expected 8950, sigma 0.25335, predicted false alarms per week 0.03."
    )
    for name, alert in alerts.items():
        assert alert["annotations"]["summary"] and "#" in alert["annotations"]["runbook_url"], name
        assert "error" not in alert["annotations"]["description"].lower(), alert["annotations"]
