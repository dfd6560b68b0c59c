"""The real server: events after a commit, limits on viewers, ports, stopping."""

from __future__ import annotations

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
from monitor.ledger import Ledger
from monitor.services.monitor_service import NoFeed, serve
from tests.monitor.serving import Feed, serving
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
