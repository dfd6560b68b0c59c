"""The real server: events after a commit, limits on viewers, ports, stopping."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from daq.config.monitor import MonitorConfig
from daq.errors import PolicyError, TransportError
from monitor.api.app import Site
from monitor.api.refusals import error_body
from monitor.ledger import Ledger
from monitor.services.monitor_service import NoFeed, serve
from tests.monitor.serving import TOKEN, Feed, serving
from tests.monitor.synthetic import make_spill


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    name = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        if line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_commit_shows_on_the_stream(ledger_url: str) -> None:
    feed = Feed(run=9001, burst=2, frames_counted=1, updated_ns=time.time_ns())
    with Ledger.open(ledger_url) as ledger:
        ledger.commit(*make_spill(burst=1))  # history, not news
    with Ledger.open(ledger_url) as ledger, serving(ledger_url, feed) as port:
        with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/stream", timeout=10) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            stream = events(response)
            name, status = next(stream)
            assert name == "status" and status["chain"]["frames_counted"] == 1
            ledger.commit(*make_spill(burst=2))
            ledger.commit(*make_spill(burst=3, missing=((0, 0, "x"),), n_lost=100))
            ledger.upgrade(*make_spill(burst=3), who="replay", why="found")
            feed.status["frames_counted"] = 77
            seen, frames = [], 0
            for name, data in stream:
                if name == "spill":
                    seen.append((data["burst"], data["state"]))
                elif name == "status":
                    frames = data["chain"]["frames_counted"]
                if len(seen) >= 3 and frames == 77:
                    break
            assert seen == [(2, "COMPLETE"), (3, "INCOMPLETE"), (3, "COMPLETE")]


def test_one_viewer_too_many_is_refused_and_places_come_back(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    with serving(ledger_url, Feed(), max_viewers=2) as port:
        url = f"http://127.0.0.1:{port}/api/v1/stream"
        with httpx.stream("GET", url), httpx.stream("GET", url):
            assert httpx.get(url).status_code == 503
        for _ in range(100):  # a place is free when the server has seen its viewer go
            with httpx.stream("GET", url) as response:
                if response.status_code == 200:
                    return
            time.sleep(0.05)
        pytest.fail("no place came back")


def test_viewer_that_never_reads_does_not_hold_up_the_others(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger, serving(ledger_url, Feed(), viewer_queue=8) as port:
        deaf = socket.create_connection(("127.0.0.1", port))
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/stream", timeout=10) as response:
            stream = events(response)
            next(stream)
            spill, tally = make_spill()
            for burst in range(1, 40):
                ledger.commit(spill.model_copy(update={"burst": burst}), tally)
                while next(stream)[0] != "spill":
                    pass
        deaf.close()


def test_busy_port_is_one_clear_line(ledger_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TransportError, match=rf"cannot listen on 127.0.0.1:{port} .*--port 0"):
            serve(ledger_url, "127.0.0.1", port, NoFeed(), MonitorConfig(), lambda _: None)


@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", 0), ("127.0.0.1", 70_000)])
def test_address_that_cannot_be(ledger_url: str, host: str, port: int) -> None:
    with pytest.raises(TransportError, match=r"--host 127\.0\.0\.1"):
        serve(ledger_url, host, port, NoFeed(), MonitorConfig(), lambda _: None)


def test_listening_everywhere_needs_names(ledger_url: str) -> None:
    with pytest.raises(PolicyError, match="allowed_hosts"):
        serve(ledger_url, "0.0.0.0", 0, NoFeed(), MonitorConfig(), lambda _: None)


def test_foreign_host_header_on_the_wire(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()
    with serving(ledger_url, Feed()) as port:
        answers = [
            httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"host": host}).status_code
            for host in ("localhost", "rebound.example")
        ]
        assert answers == [200, 403]
        big = httpx.get(f"http://127.0.0.1:{port}/healthz", headers={"x": "y" * 40_000})
        assert big.status_code == 431


PROCESS = """
import sys
from daq.config.monitor import MonitorConfig
from monitor.services.monitor_service import NoFeed, serve
serve(sys.argv[1], "127.0.0.1", 0, NoFeed(), MonitorConfig(), lambda port: print(port, flush=True))
"""


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_with_open_streams(ledger_url: str, which: signal.Signals) -> None:
    root = Path(__file__).parents[2]
    server = subprocess.Popen(
        [sys.executable, "-c", PROCESS, ledger_url], stdout=subprocess.PIPE, text=True, cwd=root, env={**os.environ}
    )
    port = int(server.stdout.readline())
    url = f"http://127.0.0.1:{port}/api/v1/stream"
    opened, ended = threading.Barrier(4), []

    def view() -> None:
        with httpx.stream("GET", url, timeout=20) as response:
            stream = events(response)
            next(stream)
            opened.wait(10)
            ended.append(sum(1 for _ in stream) >= 0)

    viewers = [threading.Thread(target=view) for _ in range(3)]
    for viewer in viewers:
        viewer.start()
    opened.wait(10)
    server.send_signal(which)
    assert server.wait(20) == 0
    server.stdout.close()
    for viewer in viewers:
        viewer.join(10)
    assert ended == [True] * 3  # streams were ended in order, not cut


def test_alarms_are_told_when_they_change(ledger_url: str) -> None:
    feed = Feed(workers=2, updated_ns=time.time_ns() + 10**12)
    with Ledger.open(ledger_url) as ledger, serving(ledger_url, feed) as port:
        ledger.commit(*make_spill(burst=1))
        with httpx.stream("GET", f"http://127.0.0.1:{port}/api/v1/stream", timeout=20) as response:
            stream = events(response)
            assert [next(stream)[0] for _ in range(2)] == ["status", "alarms"]
            feed.status["workers"] = 0
            for name, data in stream:
                if name == "alarms" and state_of(data, "WorkersDown") == "ALARM":
                    break
            systems = httpx.get(f"http://127.0.0.1:{port}/api/v1/status").json()["systems"]
            assert {s["name"]: s["state"] for s in systems}["chain"] == "ALARM"
            headers = {"authorization": f"Bearer {TOKEN}"}
            path = f"http://127.0.0.1:{port}/api/v1/alarms/WorkersDown/acknowledge"
            assert httpx.post(path, json={"who": "ann"}, headers=headers).status_code == 201
            for name, data in stream:
                alarm = alarm_of(data, "WorkersDown") if name == "alarms" else {"acknowledged": None}
                if alarm["acknowledged"]:
                    assert alarm["acknowledged"]["who"] == "ann"
                    break
            feed.status["workers"] = 2
            for name, data in stream:
                if name == "alarms" and state_of(data, "WorkersDown") == "OK":
                    break
        deadline = time.monotonic() + 10
        while len(ledger.log(kind="acknowledge")) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [row.who for row in ledger.log(kind="acknowledge")] == ["ann", "dumpwatch"]


def alarm_of(answer: dict[str, Any], name: str) -> dict[str, Any]:
    return next(alarm for alarm in answer["alarms"] if alarm["name"] == name)


def state_of(answer: dict[str, Any], name: str) -> str:
    return alarm_of(answer, name)["state"]


def test_a_restart_shows_the_same(ledger_url: str) -> None:
    answers = []
    with Ledger.open(ledger_url) as ledger:
        for burst in range(1, 26):
            ledger.commit(*make_spill(burst=burst, halo=2.0 if burst > 23 else 1 + burst % 5 * 0.003))
        ledger.add_log(kind="comment", who="ann", text="look", run=9001, burst=24)
    for _ in range(2):
        with serving(ledger_url, Feed(), alarm_rows=100) as port:
            paths = ("alarms", "streams", "log", "spills", "spills/9001/24", "runs/9001", "alerts")
            answers.append([wait_for_streams(port), *(get(port, path) for path in paths)])
    assert answers[0] == answers[1]
    assert any(alarm["state"] == "ALARM" for alarm in answers[0][1]["alarms"])


def get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", f"/api/v1/{path}")
    response = connection.getresponse()
    answer = json.load(response) if response.status == 200 else response.status
    connection.close()
    return answer


def wait_for_streams(port: int) -> int:
    for _ in range(400):
        n = len(get(port, "streams")["streams"])
        if n:
            return n
        time.sleep(0.02)
    pytest.fail("the alarms never read the history")


def test_a_ledger_that_goes_away_and_comes_back(ledger_url: str, tmp_path: Path) -> None:
    with Ledger.open(ledger_url) as ledger:
        ledger.commit(*make_spill(burst=1))
    with serving(ledger_url, Feed()) as port:
        wait_for_streams(port)
        files = [(path, path.with_name("aside-" + path.name)) for path in tmp_path.glob("ledger.db*")]
        for path, aside in files:
            path.rename(aside)
        (tmp_path / "ledger.db").write_text("this is no database" * 100)
        until(lambda: not get(port, "status")["ledger"]["readable"], "the loss is not seen")
        for path in ("spills", "pot", "runs/9001", "log", "spills/9001/1", "halo"):
            assert get(port, path) == 503
        headers = {"authorization": f"Bearer {TOKEN}"}
        body = {"text": "x", "who": "ann"}
        assert httpx.post(f"http://127.0.0.1:{port}/api/v1/log", json=body, headers=headers).status_code == 503
        assert state_of(get(port, "alarms"), "LedgerUnreadable") == "ALARM"
        assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
        for path, aside in files:
            aside.rename(path)
        until(lambda: get(port, "status")["ledger"]["readable"], "it does not come back")
        assert state_of(get(port, "alarms"), "LedgerUnreadable") == "OK"
        assert httpx.post(f"http://127.0.0.1:{port}/api/v1/log", json=body, headers=headers).status_code == 201


def until(is_so: Any, why: str) -> None:
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    pytest.fail(why)


WHOLE = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.mark.parametrize("sent", [[b""], [WHOLE[:30]], [WHOLE, WHOLE[:9]]], ids=["nothing", "half", "one and a half"])
def test_a_client_that_takes_its_time_is_let_go(ledger_url: str, sent: list[bytes]) -> None:
    with serving(ledger_url, Feed(), head_seconds=0.3) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
            slow.sendall(sent[0])
            got = b""
            while len(sent) > 1 and not got.endswith(b"}"):
                got += slow.recv(4096)
            slow.sendall(b"".join(sent[1:]))
            got = b""
            while chunk := slow.recv(4096):
                got += chunk
        assert got.startswith(b"HTTP/1.1 408") and got.endswith(error_body(408))
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200


def refused(port: int, reason: str) -> int | None:
    for line in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines():
        if line.startswith(f'dumpwatch_http_refused_total{{reason="{reason}"}}'):
            return int(float(line.split()[-1]))
    return None


@pytest.mark.parametrize("sent", [b"\x00\x01\x02\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n", b"x" * 40_000])
def test_what_is_no_http_gets_the_constant_answer(ledger_url: str, sent: bytes) -> None:
    with serving(ledger_url, Feed()) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall(sent)
            got = b""
            while chunk := client.recv(4096):
                got += chunk
        assert got.endswith(error_body(400))
        assert refused(port, "request") == 1


def test_a_chunked_body_is_counted_as_it_comes(ledger_url: str) -> None:
    Ledger.open(ledger_url).close()

    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 4096

    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    with serving(ledger_url, Feed()) as port:
        response = httpx.post(f"http://127.0.0.1:{port}/api/v1/log", content=endless(), headers=headers)
        assert (response.status_code, response.content) == (413, error_body(413))


def test_a_watcher_that_fails_ends_the_server(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The supervisor starts it again; a page that hears of nothing any more must not look alive."""

    update = Site.update

    def fails(self: Site) -> bool:
        if self.view.url != ledger_url:  # monitors of other tests may still be up
            return update(self)
        raise ZeroDivisionError

    monkeypatch.setattr(Site, "update", fails)
    with pytest.raises(ZeroDivisionError):
        serve(ledger_url, "127.0.0.1", 0, NoFeed(), MonitorConfig(), lambda _: None)
