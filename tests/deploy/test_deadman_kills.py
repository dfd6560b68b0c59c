"""Exporter, Prometheus and Alertmanager are killed in turn: the dead-man's switch speaks each time.

Times are a tenth of the deployed ones, or less. Deployed: a heartbeat about every 20 s, silence after 90 s, death of
the exporter told 30 s after the failed scrape. So it speaks within 100 s at worst; two minutes were asked for.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.deploy.causes import causes
from tests.deploy.http_fakes import serve
from tests.deploy.programs import DEPLOY, Alertmanager, Prometheus, free_port, running, wait_for
from tests.deploy.switch import Switch, switch, wait_for_state

QUIET = next(cause for cause in causes() if cause.name == "quiet")


def test_the_switch_speaks_when_any_of_the_three_dies(tmp_path: Path) -> None:
    port = free_port()
    pages = {"/metrics": QUIET.page()}
    with switch(tmp_path, "--silence", "4") as switched, serve() as page:
        manager = Alertmanager(tmp_path / "am", f"http://127.0.0.1:{page.server_port}", switched.url)
        prometheus = Prometheus(tmp_path / "prom", {"monitor": f"http://127.0.0.1:{port}/metrics"}, manager.port)
        with running(manager):
            with serve(pages, port):
                prometheus.start()
                wait_for("the first heartbeat", lambda: page.heard)
                wait_for("a scrape", lambda: prometheus.query("up == 1"))
            try:
                wait_for("the death of the exporter", lambda: "MonitorDown told by monitor" in said(switched))
                with serve(pages, port):
                    wait_for_state(switched, "OK")
                    prometheus.kill()
                    # Alertmanager goes on to repeat the last heartbeat: its stamp gives it away
                    text = wait_for_state(switched, "ALARM")
                    assert "Watchdog ended" in text or "silence" in text
                    prometheus.start()
                    wait_for_state(switched, "OK")
                    manager.kill()
                    assert "silence" in wait_for_state(switched, "ALARM")
            finally:
                prometheus.kill()


def said(switched: Switch) -> str:
    return "\n".join(line["text"] for line in switched.lines())


def test_the_deployed_times_add_up_to_less_than_two_minutes() -> None:
    """From the files themselves: heartbeat, its validity in Alertmanager, silence."""
    from monitor.commands_deadman import deadman

    routes = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())["route"]["routes"]
    (beat,) = [r for r in routes if r["matchers"] == ['alertname="Watchdog"'] and r["receiver"] == "deadman"]
    silence_s = 90.0
    assert deadman.__defaults__ is not None and silence_s in deadman.__defaults__
    beat_s = _seconds(beat["repeat_interval"]) + _seconds(beat["group_interval"])  # at worst
    assert 3 * beat_s <= silence_s, "one lost message must not be an alarm"
    # the last beat may arrive when Prometheus is dead for one interval of the group
    assert silence_s + _seconds(beat["group_interval"]) < 120
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alert.rules.yml").read_text())["groups"]
    (down,) = [rule for group in rules for rule in group["rules"] if rule.get("alert") == "MonitorDown"]
    scrape_s = _seconds(
        yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["global"]["scrape_interval"]
    )
    assert _seconds(down["for"]) + 3 * scrape_s < 120


def _seconds(text: str) -> float:
    return float(text[:-1]) * {"s": 1, "m": 60}[text[-1]]
