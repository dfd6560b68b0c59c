"""The wall: whatever comes in, the answer is one of a few constant bodies, counted, and never a 500."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daq.config.monitor import MonitorConfig
from monitor.api.app import Setup, Site, make_app
from monitor.api.guard import BODY_LIMIT, Guard
from monitor.api.refusals import ERRORS, ORIGIN, REASONS, error_body
from monitor.api.view import LedgerView
from monitor.ledger import Ledger
from monitor.metrics import HTTP_REASONS
from monitor.spill import Spill
from streaming.tally import Tally
from tests.monitor.conftest import CHAIN, NOW_NS
from tests.monitor.serving import TOKEN
from tests.monitor.synthetic import make_spill

HOST = (b"host", b"127.0.0.1:8062")
RIGHT = [HOST, (b"authorization", b"Bearer " + TOKEN.encode()), (b"content-type", b"application/json")]
COMMENT = {"kind": "comment", "run": 9001, "burst": 1, "subject": None, "text": "hello", "who": "ann"}


class Wall:
    """One application over one filled ledger, asked as ASGI asks: no client library that repairs a bad request."""

    def __init__(self, url: str, token: str | None = TOKEN) -> None:
        self.now_ns = NOW_NS
        self.site = Site(LedgerView(url), lambda: CHAIN, MonitorConfig(), lambda: self.now_ns, Setup(token=token))
        self.app: Guard = make_app(self.site)

    def ask(
        self,
        method: str,
        path: str,
        headers: list[tuple[bytes, bytes]],
        chunks: list[bytes] | None = None,
        query: bytes = b"",
    ) -> tuple[int, bytes, list[tuple[bytes, bytes]]]:
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "path": path,
            "raw_path": path.encode(errors="replace"), "query_string": query, "root_path": "", "scheme": "http",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8062), "state": {},
        }  # fmt: skip
        left = list(chunks or [b""])
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not left:
                return {"type": "http.disconnect"}
            chunk = left.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(left)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        body = b"".join(message.get("body", b"") for message in sent[1:])
        return sent[0]["status"], body, sent[0]["headers"]

    def post(self, path: str, content: object, headers: list[tuple[bytes, bytes]] = RIGHT) -> tuple[int, Any]:
        self.now_ns += 61_000_000_000  # a new minute
        status, body, _ = self.ask("POST", path, headers, [json.dumps(content).encode()])
        return status, json.loads(body)


@pytest.fixture(scope="module")
def wall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wall]:
    url = f"sqlite:///{tmp_path_factory.mktemp('wall')}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill(burst=1, fill=True))
        ledger.commit(*make_spill(burst=2, fill=True, t10=None))
    wall = Wall(url)
    yield wall
    wall.site.close()


def refused(wall: Wall, status: int, answer: tuple[int, bytes, Any], reason: str = "") -> None:
    assert answer[:2] == (status, error_body(status))
    assert wall.site.refusals.by_reason()[reason or REASONS[status]] > 0


PATHS = st.one_of(
    st.sampled_from(
        [
            "/", "/metrics", "/docs", "/runbook", "/openapi.json", "/healthz", "/api/v1/status", "/api/v1/spills",
            "/api/v1/log", "/api/v1/alertmanager", "/api/v1/alarms/NoSpills/acknowledge", "/api/v1/alarms",
            "/api/v1/spills/9001/1", "/api/v1/spills/9001/7", "/api/v1/runs/9001", "/api/v1/halo", "/api/v1/streams",
            "/api/v1/histograms/momentum", "/api/v1/spills/9001/1/histograms/z_vtx", "/static/page.css", "/static/",
            "/static/\x00", "/api/v1/spills/9001/\x00", "/api/v1/pot", "/spill/9001/1", "/run/9001", "/static/../x",
        ]
    ),
    st.text(max_size=40).map(lambda text: "/" + text),
    st.text(max_size=20).map(lambda text: "/static/" + text),
    st.text(max_size=20).map(lambda text: "/api/v1/spills/" + text),
    st.integers().map(lambda n: f"/api/v1/spills/{n}/{n}"),
)  # fmt: skip
HEADERS = st.lists(
    st.one_of(
        st.just(HOST),
        st.sampled_from(RIGHT),
        st.tuples(
            st.sampled_from(
                [b"host", b"authorization", b"content-type", b"content-length", b"origin", b"sec-fetch-site", b"range",
                 b"if-none-match", b"if-modified-since", b"transfer-encoding", b"x-forwarded-host"]
            ),
            st.one_of(st.binary(max_size=20), st.sampled_from([b"0", b"99999999", b"-1", b"1" * 5000, b"bytes=5-"])),
        ),
    ),
    max_size=5,
)  # fmt: skip
JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "X" * 20]),
    path=PATHS,
    headers=st.one_of(HEADERS, st.just([HOST]), st.just(RIGHT)),
    chunks=st.lists(st.binary(max_size=50), max_size=3),
    query=st.one_of(st.just(b""), st.binary(max_size=30), st.sampled_from([b"run=1", b"run=x", b"last=5", b"by=%00"])),
)
def test_anything_gets_a_constant_answer(
    wall: Wall, method: str, path: str, headers: list[tuple[bytes, bytes]], chunks: list[bytes], query: bytes
) -> None:
    if path == "/api/v1/stream":
        return
    before = sum(wall.site.refusals.by_reason().values())
    status, body, _ = wall.ask(method, path, headers, chunks, query)
    assert status != 500 and status in {200, 201, 206, 304, *ERRORS}
    if status >= 400:
        assert body == error_body(status)
        assert sum(wall.site.refusals.by_reason().values()) == before + 1
    assert set(wall.site.refusals.by_reason()) == {*REASONS.values(), ORIGIN, "viewers"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["/api/v1/log", "/api/v1/alertmanager", "/api/v1/alarms/PotMissing/acknowledge"]),
    content=st.one_of(
        JSONS,
        st.fixed_dictionaries(
            {},
            optional={
                "kind": JSONS | st.just("comment"), "run": JSONS | st.just(9001), "burst": JSONS, "subject": JSONS,
                "text": JSONS, "who": JSONS, "stream": JSONS, "comment": JSONS, "version": JSONS | st.just("4"),
                "status": st.sampled_from(["firing", "x"]), "alerts": JSONS,
            },
        ),
    ),
)  # fmt: skip
def test_any_document_with_the_token(wall: Wall, path: str, content: object) -> None:
    status, body = wall.post(path, content)
    assert status in {200, 201, 400, 404, 409}
    if status >= 400:
        assert body == {"error": ERRORS[status]}


def test_the_order_of_refusals(wall: Wall) -> None:
    """Who has no token learns nothing else; the body is not even read."""
    body = [b"x" * 10_000] * 20
    refused(wall, 401, wall.ask("POST", "/api/v1/log", [HOST], body))
    refused(wall, 401, wall.ask("POST", "/api/v1/log", [HOST, (b"authorization", b"Bearer x")], body))
    refused(wall, 403, wall.ask("POST", "/api/v1/log", [(b"host", b"evil"), *RIGHT[1:]], body))
    refused(wall, 415, wall.ask("POST", "/api/v1/log", RIGHT[:2], body))
    refused(wall, 415, wall.ask("POST", "/api/v1/log", [*RIGHT[:2], (b"content-type", b"text/plain")], body))
    for name, value in ((b"origin", b"http://evil"), (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-site", b"none")):
        refused(wall, 403, wall.ask("POST", "/api/v1/log", [*RIGHT, (name, value)], body), ORIGIN)
    refused(wall, 405, wall.ask("POST", "/api/v1/spills", RIGHT, body))
    refused(wall, 405, wall.ask("POST", "/api/v1/alarms/..%2f/acknowledge", RIGHT))
    wall.now_ns += 61_000_000_000
    refused(wall, 413, wall.ask("POST", "/api/v1/log", RIGHT, body))  # no content-length: counted as it comes
    refused(wall, 413, wall.ask("POST", "/api/v1/log", [*RIGHT, (b"content-length", b"%d" % (BODY_LIMIT + 1))]))
    refused(wall, 400, wall.ask("POST", "/api/v1/log", RIGHT, [b"{"]))


def test_from_the_page_itself(wall: Wall) -> None:
    for extra in ([(b"origin", b"http://127.0.0.1:8062"), (b"sec-fetch-site", b"same-origin")], []):
        status, row = wall.post("/api/v1/log", COMMENT, [*RIGHT, *extra])
        assert status == 201 and (row["who"], row["run"], row["burst"], row["kind"]) == ("ann", 9001, 1, "comment")
    status, body, _ = wall.ask("GET", "/api/v1/log", [HOST], query=b"run=9001&burst=1")
    lines = json.loads(body)["log"]
    assert status == 200 and [r["text"] for r in lines][-2:] == ["hello", "hello"]


def test_bad_comments(wall: Wall) -> None:
    for change in (
        {"text": ""}, {"text": "\u200b"}, {"who": "\x00"}, {"text": "x" * 2001}, {"burst": 1, "run": None},
        {"kind": "rebase"}, {"kind": "alert"}, {"more": 1}, {"run": 0},
    ):  # fmt: skip
        assert wall.post("/api/v1/log", COMMENT | change) == (400, {"error": ERRORS[400]})
    for change in ({"burst": 77}, {"run": 5, "burst": None}):
        assert wall.post("/api/v1/log", COMMENT | change)[0] == 404


def test_five_a_minute(wall: Wall) -> None:
    wall.now_ns += 61_000_000_000
    body = [json.dumps(COMMENT).encode()]
    answers = [wall.ask("POST", "/api/v1/log", RIGHT, list(body))[0] for _ in range(7)]
    assert answers == [201] * 5 + [429] * 2
    wrong = [HOST, (b"authorization", b"Bearer no"), RIGHT[2]]
    assert wall.ask("POST", "/api/v1/log", wrong)[0] == 401  # the limit is for who has the token
    wall.now_ns += 61_000_000_000
    assert [wall.ask("POST", "/api/v1/log", wrong)[0] for _ in range(9)] == [401] * 9
    assert wall.ask("POST", "/api/v1/log", RIGHT, list(body))[0] == 201  # and nobody else can use it up


def test_without_a_token_nothing_is_written(wall: Wall) -> None:
    closed = Wall(wall.site.view.url, token=None)
    for headers in (RIGHT, [HOST], [HOST, (b"authorization", b"Bearer "), RIGHT[2]]):
        refused(closed, 401, closed.ask("POST", "/api/v1/log", headers, [json.dumps(COMMENT).encode()]))
    closed.site.close()


def test_a_body_that_never_ends_is_not_waited_for(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.api.guard.BODY_SECONDS", 0.01)
    wall.now_ns += 61_000_000_000
    sent: list[dict[str, Any]] = []

    async def silence() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/log", "headers": RIGHT, "query_string": b""}
    asyncio.run(wall.app(scope, silence, send))
    assert (sent[0]["status"], sent[1]["body"]) == (408, error_body(408))
    assert wall.site.refusals.by_reason()["slow"] == 1


def test_acknowledgement_shows_and_ends(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.commit(*silent(burst=1))
        wall = Wall(url)
        path = "/api/v1/alarms/TriggerSilent/acknowledge"
        assert wall.post("/api/v1/alarms/Nonsense/acknowledge", {"who": "ann"})[0] == 404
        assert wall.post("/api/v1/alarms/LedgerImbalance/acknowledge", {"who": "ann"})[0] == 409  # it is OK
        assert wall.post(path, {"who": "ann", "stream": "muv3"})[0] == 404
        assert wall.post(path, {"who": "\x00"})[0] == 400
        status, row = wall.post(path, {"who": "ann", "stream": None, "comment": "HV is off"})
        assert status == 201 and (row["subject"], row["document"]) == ("TriggerSilent", {"state": "ALARM"})
        assert acknowledged(wall) == ("ann", "HV is off")
        again = Wall(url)  # another server on the same ledger
        assert acknowledged(again) == ("ann", "HV is off")
        ledger.commit(*make_spill(burst=2))
        assert acknowledged(wall) is None
        ledger.commit(*silent(burst=3))
        assert acknowledged(wall) is None  # a new alarm wants a new acknowledgement
        third = Wall(url)
        assert acknowledged(third) is None
        assert [r.who for r in ledger.log(kind="acknowledge")] == ["ann", "dumpwatch"]
        for one in (wall, again, third):
            one.site.close()


def silent(burst: int) -> tuple[Spill, Tally]:
    """A spill in which H2 made no trigger: an alarm that ends with the next good spill."""
    spill, tally = make_spill(burst=burst)
    h2 = spill.triggers["H2"].model_copy(update={"generated": 0, "sent": 0})
    return spill.model_copy(update={"triggers": {**spill.triggers, "H2": h2}}), tally


def acknowledged(wall: Wall) -> tuple[str, str] | None:
    alarms = json.loads(wall.ask("GET", "/api/v1/alarms", [HOST])[1])["alarms"]
    found = next(alarm["acknowledged"] for alarm in alarms if alarm["name"] == "TriggerSilent")
    return (found["who"], found["comment"]) if found else None


def test_alertmanager_is_heard_and_missed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.open(url).close()
    wall = Wall(url)
    assert alertmanager(wall)["state"] == "OK"  # none was ever heard: none is missed
    told = {"status": "firing", "labels": {"alertname": "NoSpills"}, "startsAt": "2026-10-01T12:00:00Z"}
    message = {"version": "4", "status": "firing", "alerts": [told]}
    assert wall.post("/api/v1/alertmanager", message) == (200, {"changed": 1})
    wall.now_ns += 2000 * 10**9
    assert alertmanager(wall)["state"] == "OK"  # who tells of trouble only is silent when there is none
    told["labels"] = {"alertname": "Watchdog"}
    assert wall.post("/api/v1/alertmanager", message) == (200, {"changed": 1})
    assert wall.post("/api/v1/alertmanager", message) == (200, {"changed": 0})
    answer = json.loads(wall.ask("GET", "/api/v1/alerts", [HOST])[1])
    assert [a["name"] for a in answer["alerts"]] == ["NoSpills", "Watchdog"] and answer["heard_ns"] == wall.now_ns
    assert alertmanager(wall)["state"] == "OK"
    wall.now_ns += 200 * 10**9
    assert alertmanager(wall)["state"] == "UNKNOWN"
    again = Wall(url)  # a new server knows that there was one, and gives it time
    assert alertmanager(again)["state"] == "OK"
    answer = json.loads(again.ask("GET", "/api/v1/alerts", [HOST])[1])
    assert [a["name"] for a in answer["alerts"]] == ["NoSpills", "Watchdog"] and answer["heard_ns"] is None
    again.now_ns += 200 * 10**9
    assert alertmanager(again)["state"] == "UNKNOWN"
    wall.site.close()
    again.site.close()


def alertmanager(wall: Wall) -> dict[str, Any]:
    alarms = json.loads(wall.ask("GET", "/api/v1/alarms", [HOST])[1])["alarms"]
    return next(alarm for alarm in alarms if alarm["name"] == "AlertmanagerSilent")


def test_a_full_disk_is_said_and_gets_better(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url) as ledger:
        ledger.commit(*make_spill(burst=1))
    wall = Wall(url)
    add = Ledger.add_log
    try:

        def full(self: Ledger, **_: Any) -> None:
            from daq.errors import StoreError

            raise StoreError("ledger: database or disk is full")

        Ledger.add_log = full  # type: ignore[assignment,method-assign]
        assert wall.post("/api/v1/log", COMMENT) == (503, {"error": ERRORS[503]})
        assert unwritable(wall) == "WARN" and wall.ask("GET", "/", [HOST])[0] == 200
    finally:
        Ledger.add_log = add  # type: ignore[method-assign]
    assert wall.post("/api/v1/log", COMMENT)[0] == 201 and unwritable(wall) == "OK"
    wall.site.close()


def unwritable(wall: Wall) -> str:
    alarms = json.loads(wall.ask("GET", "/api/v1/alarms", [HOST])[1])["alarms"]
    return next(alarm["state"] for alarm in alarms if alarm["name"] == "LedgerUnwritable")


def test_the_metrics_know_the_reasons(wall: Wall) -> None:
    wall.ask("GET", "/nothing", [HOST])
    text = wall.ask("GET", "/metrics", [HOST])[1].decode()
    assert 'dumpwatch_http_refused_total{reason="path"}' in text
    assert set(HTTP_REASONS) <= set(wall.site.refusals.by_reason())
