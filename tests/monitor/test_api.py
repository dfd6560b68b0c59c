"""Answers of the API, its wall, and what it says when there is nothing to say."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from monitor.alarms.model import Acknowledged, Alarm
from monitor.api.app import STATIC, Site, make_app
from monitor.api.chain_alarms import Facts, chain_alarms
from monitor.api.guard import ERRORS
from monitor.api.status import Chain, read_chain
from monitor.api.stream import Broadcaster
from monitor.api.systems import SYSTEMS, systems
from monitor.api.view import LedgerView, Seen
from monitor.ledger import Ledger
from tests.monitor.conftest import CHAIN, NOW_NS
from tests.monitor.synthetic import make_spill


def ask(site: Site, path: str, method: str = "GET", hosts: tuple[str, ...] = (), **kwargs: Any) -> httpx.Response:
    """One request straight into the application."""

    async def go() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(site, hosts), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8062") as client:
            return await client.request(method, path, **kwargs)

    return asyncio.run(go())


def test_spills_are_the_contract(site: Site, filled: Ledger) -> None:
    answer = ask(site, "/api/v1/spills?run=9001&last=2").json()
    assert answer["run"] == 9001
    assert answer["spills"] == [spill.model_dump(mode="json") for spill in filled.spills()[1:]]
    assert answer["totals"]["n_spills"] == 3 and answer["totals"]["n_missing"] == 12_000
    assert ask(site, "/api/v1/spills?run=5").json()["spills"] == []


def test_pot_and_runs(site: Site, filled: Ledger) -> None:
    answer = ask(site, "/api/v1/pot?by=spill").json()
    assert [row["running_pot"] for row in answer["rows"]] == [5 * 10**12, 10**13, 10**13]
    assert answer["goals"] == [1.4e17, 1e18]
    (run,) = ask(site, "/api/v1/runs").json()["runs"]
    assert (run["run"], run["n_spills"], run["n_incomplete"], run["pot_error"]) == (9001, 3, 1, 2 * 10**12)


def test_status_knows_only_what_it_was_told(site: Site, filled: Ledger) -> None:
    response = ask(site, "/api/v1/status")
    answer = response.json()
    assert answer["last_spill_age_s"] == 7.0 and answer["last_spill_burst"] == 3
    chain = answer["chain"]
    assert (chain["workers"], chain["frames_expected"], chain["age_s"]) == (2, None, 1.2)
    assert chain["bad_frames"] == {"checksum": 2, "other": 5}
    assert "SR=1" not in response.text and "gremlins" not in response.text


@pytest.mark.parametrize("bad", [True, "3", -1, 2.5, None, [1]])
def test_wrong_types_are_unknown_not_zero(bad: object) -> None:
    assert read_chain({"workers": bad, "mode": bad, "bad_frames": bad, "updated_ns": "x"}, NOW_NS) == Chain()


def test_histograms_add_up_and_follow_corrections(site: Site, filled: Ledger) -> None:
    for run in ("", "?run=9001"):
        for _ in range(2):
            answer = ask(site, f"/api/v1/histograms/ztax_cda{run}").json()
            expected = filled.histograms().tally.histograms["ztax_cda"]
            assert answer["counts"] == expected.ravel().tolist() and answer["n_spills"] == 3
            shape = [axis["bins"] + 2 for axis in answer["axes"]]
            assert np.prod(shape) == len(answer["counts"])
    filled.upgrade(*make_spill(burst=2, fill=True), who="replay", why="frames found")
    filled.commit(*make_spill(burst=9, fill=True))
    answer = ask(site, "/api/v1/histograms/momentum?run=9001").json()
    assert answer["counts"] == filled.histograms().tally.histograms["momentum"].tolist() and answer["n_spills"] == 4


def test_alarms_are_honest(site: Site, filled: Ledger) -> None:
    answer = ask(site, "/api/v1/alarms").json()
    states = {alarm["name"]: alarm["state"] for alarm in answer["alarms"] if alarm["state"] != "OK"}
    assert (
        states.items()
        >= {
            "SpillIncomplete": "WARN",
            "FramesBad": "WARN",
            "PotMissing": "WARN",
            "TriggerSilent": "UNKNOWN",  # the last spill has no protons: its triggers say nothing
        }.items()
    )
    assert all(alarm["runbook"] == f"/runbook#{alarm['name'].lower()}" for alarm in answer["alarms"])
    keys = [(alarm["name"], alarm["stream"]) for alarm in answer["alarms"]]
    assert len(set(keys)) == len(keys) and ("BackgroundRateExcursion", "muv3") in keys
    seen = site.view.refresh()
    chain = read_chain(CHAIN, NOW_NS)

    def state(name: str, **change: Any) -> str:
        facts = {"seen": seen, "chain": chain, "now_ns": NOW_NS, "overdue_seconds": 120.0} | change
        return next(alarm.state for alarm in chain_alarms(Facts(**facts)) if alarm.name == name)

    assert state("NoSpills", now_ns=NOW_NS + 200 * 10**9) == "UNKNOWN"
    assert state("WorkersDown", chain=Chain()) == state("ChainSilent", chain=Chain()) == "UNKNOWN"
    assert state("ChainSilent", chain=chain.model_copy(update={"age_s": 60.0})) == "UNKNOWN"
    assert state("WorkersDown", chain=chain.model_copy(update={"workers": 0})) == "ALARM"
    assert state("LedgerUnwritable", chain=chain.model_copy(update={"unbooked": 1})) == "ALARM"
    assert state("LedgerUnwritable", log_failed=True) == "WARN"
    assert state("AlertmanagerSilent") == state("AlertmanagerSilent", alertmanager_silent=False) == "OK"
    assert state("AlertmanagerSilent", alertmanager_silent=True) == "UNKNOWN"
    assert state("FramesBad", bad_frames_lately=1) == state("BurstsRefused", refused_lately=1) == "WARN"
    wrong = seen.totals.model_copy(update={"n_counted": seen.totals.n_counted - 1})
    assert state("LedgerImbalance", seen=replace(seen, totals=wrong)) == "ALARM"
    assert state("LedgerUnreadable", seen=replace(seen, readable=False)) == "ALARM"
    assert state("LedgerUnreadable", seen=replace(seen, readable=False, totals=None)) == "UNKNOWN"
    nothing = chain_alarms(Facts(Seen(), Chain(), NOW_NS, 120.0))
    assert {a.state for a in nothing if a.name not in ("AlertmanagerSilent", "LedgerUnwritable")} == {"UNKNOWN"}


def test_worst_of_a_system() -> None:
    def alarm(state: str, text: str, system: str = "beam", **more: Any) -> Alarm:
        return Alarm(name="A", system=system, severity="page", state=state, text=text, action="", runbook="", **more)

    def beam(*alarms: Alarm, arrive: bool = True) -> tuple[str, str]:
        first = systems(alarms, spills_arrive=arrive)[0]
        return first.state.value, first.text

    fine, warn, dark, bad = (alarm(s, s.lower()) for s in ("OK", "WARN", "UNKNOWN", "ALARM"))
    elsewhere = alarm("ALARM", "x", "chain")
    assert beam() == ("UNKNOWN", "Nothing watches this.")
    assert beam(fine, elsewhere) == ("OK", "ok") and beam(fine, fine) == ("OK", "All is well.")
    assert beam(fine, warn) == ("WARN", "warn")
    assert beam(warn, dark, fine) == ("UNKNOWN", "unknown warn")
    assert beam(dark, bad, warn) == ("ALARM", "alarm And 2 more.")
    assert beam(fine, arrive=False)[0] == beam(warn, arrive=False)[0] == "UNKNOWN"
    assert beam(bad, arrive=False)[0] == "ALARM"  # silence resolves nothing
    seen = bad.model_copy(update={"acknowledged": Acknowledged(who="ann", when_ns=1)})
    assert beam(seen) == ("ALARM", "alarm Seen by ann.")
    assert beam(seen, alarm("ALARM", "new")) == ("ALARM", "new And 1 more.")  # what nobody has seen comes first


def test_a_trigger_that_is_silent(site: Site, ledger_url: str) -> None:
    spill, tally = make_spill()
    no_h2 = {**spill.triggers, "H2": spill.triggers["H2"].model_copy(update={"generated": 0, "sent": 0})}
    with Ledger.open(ledger_url) as ledger:
        ledger.commit(spill, tally)
        assert alarm_of(site, "TriggerSilent")["state"] == "OK"
        ledger.commit(spill.model_copy(update={"burst": 2, "triggers": no_h2}), tally)
    assert alarm_of(site, "TriggerSilent")["state"] == "ALARM"
    assert "H2" in alarm_of(site, "TriggerSilent")["text"]


def alarm_of(site: Site, name: str) -> dict[str, Any]:
    return next(alarm for alarm in ask(site, "/api/v1/alarms").json()["alarms"] if alarm["name"] == name)


def test_six_systems_always(site: Site, filled: Ledger) -> None:
    found = ask(site, "/api/v1/status").json()["systems"]
    assert [system["name"] for system in found] == list(SYSTEMS)
    states = {system["name"]: system["state"] for system in found}
    # the last spill has no protons: rates cannot be judged, and that is not called well
    assert states.items() >= dict(background="UNKNOWN", accounting="UNKNOWN", chain="WARN").items()
    assert "T10" in found[3]["text"]


def test_no_ledger_yet(site: Site, ledger_url: str) -> None:
    assert ask(site, "/healthz").status_code == 200
    assert ask(site, "/readyz").status_code == 503
    for path in ("spills", "pot", "runs", "histograms/momentum"):
        response = ask(site, f"/api/v1/{path}")
        assert (response.status_code, response.json()) == (503, {"error": "not available"})
    assert ask(site, "/api/v1/status").json()["totals"] is None
    assert b"dumpwatch_ledger_readable 0.0" in ask(site, "/metrics").content
    with Ledger.open(ledger_url) as ledger:
        ledger.commit(*make_spill())
    assert ask(site, "/readyz").status_code == 200
    assert ask(site, "/api/v1/status").json()["totals"]["n_spills"] == 1


def test_ledger_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no ledger" * 1000)
    view = LedgerView(f"sqlite:///{tmp_path}/x.db")
    assert not view.refresh().readable


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "0.0.0.0", "[::2]:8062", "wall.lab"])
def test_foreign_hosts_are_refused(site: Site, filled: Ledger, host: str) -> None:
    for path in ("/", "/api/v1/status", "/metrics", "/static/page.js", "/nothing"):
        response = ask(site, path, headers={"host": host})
        assert (response.status_code, response.json()) == (403, {"error": ERRORS[403]})


@pytest.mark.parametrize("host", ["localhost:1", "127.0.0.1", "[::1]:8062", "LOCALHOST", "Wall.lab:80"])
def test_known_hosts_are_served(site: Site, filled: Ledger, host: str) -> None:
    assert ask(site, "/healthz", hosts=("wall.lab",), headers={"host": host}).status_code == 200


def test_two_host_headers_are_refused(site: Site) -> None:
    headers = [("host", "localhost"), ("host", "evil.example")]
    assert ask(site, "/healthz", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/metrics", "/static/page.js", "/nothing", "/api/v1/pot"]
)
def test_headers_are_on_every_answer(site: Site, filled: Ledger, path: str) -> None:
    headers = ask(site, path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src 'self'" in policy
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static/") else "no-store")
    assert not [name for name in headers if name.startswith("access-control")]


def test_read_only_and_small(site: Site, filled: Ledger) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        assert ask(site, "/api/v1/spills", method).status_code == 405
    response = ask(site, "/api/v1/spills", content=b"x" * 70_000)
    assert (response.status_code, response.json()) == (413, {"error": "request too large"})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/api/v1/histograms/sr", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/__init__.py", 404),
        ("/api/v1/pot?by=<script>", 400),
        ("/api/v1/spills?run=x", 400),
        ("/api/v1/spills?last=0", 400),
        ("/api/v1/spills?last=99999999", 400),
    ],
)
def test_errors_are_constant(site: Site, filled: Ledger, path: str, status: int) -> None:
    response = ask(site, path)
    assert (response.status_code, response.json()) == (status, {"error": ERRORS[status]})


def test_a_fault_inside_tells_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.view, "refresh", lambda: 1 / 0)
    response = ask(site, "/api/v1/status")
    assert (response.status_code, response.json()) == (500, {"error": "internal error"})
    assert "content-security-policy" in response.headers


def test_docs_list_every_answer(site: Site, filled: Ledger) -> None:
    paths = ask(site, "/openapi.json").json()["paths"]
    text = ask(site, "/docs").text
    assert "http:" not in text and "https:" not in text and "<script" not in text
    for path in [*(f"/api/v1/{name}" for name in ("status", "spills", "pot", "runs", "alarms", "stream")), "/metrics"]:
        assert path in paths and path in text


def test_page_needs_nothing_from_elsewhere(site: Site) -> None:
    html = ask(site, "/").text
    assert "http" not in html and "style=" not in html and "<script>" not in html
    for name in ("page.css", "vendor/echarts.min.js", "vendor/LICENSE-echarts", "vendor/NOTICE-echarts"):
        assert (STATIC / name).is_file() and ask(site, f"/static/{name}").status_code == 200
    own = [path for path in STATIC.rglob("*.js") if "vendor" not in path.parts]
    assert len(own) > 10
    for source in own:
        assert "innerHTML" not in source.read_text() and "insertAdjacentHTML" not in source.read_text()


def test_slow_viewer_is_told_and_dropped() -> None:
    async def go() -> None:
        hall = Broadcaster(max_viewers=2, queue_size=3)
        slow, quick = hall.join(), hall.join()
        assert hall.join() is None
        got = []
        for i in range(6):
            hall.publish("spill", json.dumps(i), i)
            got.append(await quick.next(1.0))
        assert got == [f"id: {i}\nevent: spill\ndata: {i}\n\n".encode() for i in range(6)]
        assert len(hall) == 1 and not slow.open
        assert b"dropped" in await slow.next(1.0)
        assert await slow.next(1.0) is None
        assert hall.join() is not None
        hall.close()
        assert hall.join() is None and await quick.next(1.0) is None

    asyncio.run(go())


def test_nothing_is_sent_elsewhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    settings = make_app(site)._app._telemetry
    switches = {name: value for name, value in settings.items() if isinstance(value, bool)}
    assert len(switches) >= 5 and not any(switches.values())


def test_running_sums_are_those_of_the_database(site: Site, filled: Ledger) -> None:
    assert site.view.refresh().totals == filled.totals()
    for step in range(4, 12):
        if step == 7:
            filled.upgrade(*make_spill(burst=2, fill=True), who="replay", why="frames found")
        filled.commit(*make_spill(burst=step, t10=None if step % 3 else 40.0))
        if step % 2:
            seen = site.view.refresh()
            assert seen.totals == filled.totals() and seen.entry == filled.last_entry()
            assert seen.last_spill.burst == step
