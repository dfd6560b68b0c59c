"""Many viewers on a real chain: does each get every spill, how soon, and does the chain lose anything for it.

    python -m tests.monitor.page.viewers --viewers 30 --seconds 300

starts `dumpwatch live`, lets viewers follow it as the page does (event stream, and its questions after each spill),
opens the page in a browser as one of them, and prints one JSON document. Times are from the commit, as the ledger
booked it, on the clock of this machine.
"""

from __future__ import annotations

import argparse
import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from statistics import median
from typing import Any

from monitor.ledger import Ledger
from tests.monitor.page.browse import CHROMIUM, chromium, visit

QUESTIONS = (
    "/api/v1/streams?last=3",
    "/api/v1/runs",
    "/api/v1/pot?by=day",
    "/api/v1/halo?run={run}",
    *(
        f"/api/v1/histograms/{name}?run={{run}}"
        for name in ("time_profile", "momentum", "delta_t", "z_vtx", "ztax_cda")
    ),
    *(f"/api/v1/histograms/{name}?run={{run}}" for name in ("chod_tiles", "muv3_tiles")),
)
"""What the page asks after a spill."""

WATCH = """() => {
  window.rows = [];
  const body = document.querySelector('#spill-table tbody');
  const look = () => {
    const row = body.querySelector('a');
    if (row) requestAnimationFrame(() => window.rows.push([row.textContent, Date.now()]));
  };
  new MutationObserver(look).observe(body, { childList: true });
  look();
}"""


@dataclass
class Viewer:
    """One event stream: what came, and when [ns since 1970]."""

    port: int
    came: list[tuple[str, int]] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    asked: int = 0

    def follow(self, stop: threading.Event) -> None:
        """Read the stream until told to stop, and ask what the page asks, in a thread of its own."""
        spills: queue.Queue[dict[str, Any] | None] = queue.Queue()
        asker = threading.Thread(target=self._ask, args=(spills,), daemon=True)
        asker.start()
        connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
        connection.request("GET", "/api/v1/stream")
        try:
            self._read(connection.getresponse(), spills, stop)
        except OSError as error:
            self.failed.append(f"stream: {error}")
        finally:
            connection.close()
            spills.put(None)
            asker.join(20)

    def _read(self, answer: HTTPResponse, spills: queue.Queue[dict[str, Any] | None], stop: threading.Event) -> None:
        event = ""
        while not stop.is_set():
            line = answer.readline()
            if not line:
                return self.failed.append("the stream ended")
            if line.startswith(b"event: "):
                event = line[7:].strip().decode()
            elif line.startswith(b"data: ") and event == "spill":
                spill = json.loads(line[6:])
                self.came.append((f"{spill['run']}/{spill['burst']}", time.time_ns()))
                spills.put(spill)
            elif event == "dropped":
                self.failed.append("dropped")
        return None

    def _ask(self, spills: queue.Queue[dict[str, Any] | None]) -> None:
        while (spill := spills.get()) is not None:
            for question in QUESTIONS:
                connection = HTTPConnection("127.0.0.1", self.port, timeout=15)
                try:
                    connection.request("GET", question.format(run=spill["run"]))
                    answer = connection.getresponse()
                    answer.read()
                    self.asked += 1
                    if answer.status != 200:
                        self.failed.append(f"{question}: {answer.status}")
                except OSError as error:
                    self.failed.append(f"{question}: {error}")
                finally:
                    connection.close()


def follow_all(port: int, n: int, stop: threading.Event) -> tuple[list[Viewer], list[threading.Thread]]:
    """Start viewers, each in a thread."""
    viewers = [Viewer(port) for _ in range(n)]
    threads = [threading.Thread(target=viewer.follow, args=(stop,), daemon=True) for viewer in viewers]
    for thread in threads:
        thread.start()
    return viewers, threads


def spread(values_ms: list[float]) -> dict[str, float | int]:
    """Number, median, 99 % and largest [ms]."""
    ordered = sorted(values_ms)
    if not ordered:
        return {"n": 0}
    last = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {"n": len(ordered), "p50": round(median(ordered), 1), "p99": round(last, 1), "max": round(ordered[-1], 1)}


def browse(port: int, seconds: float) -> dict[str, Any]:
    """Be a viewer with a real browser: first paint, first numbers, and every row of the table with its time."""
    with chromium() as browser, visit(browser, port) as seen:
        page = seen.go()
        page.wait_for_selector("body:not(.loading)", timeout=20_000)
        page.evaluate(WATCH)
        paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        size = page.evaluate("performance.getEntriesByType('resource').reduce((s, r) => s + r.encodedBodySize, 0)")
        page.wait_for_timeout(seconds * 1000)
        rows = dict(reversed([(key, at * 1_000_000) for key, at in page.evaluate("window.rows")]))
        return {"first_paint_ms": round(paint, 1), "page_kilobytes": size // 1024, "rows": rows, "errors": seen.errors}


def start_chain(folder: Path, cycle: float) -> tuple[subprocess.Popen[str], int, list[str]]:
    """Start `dumpwatch live`; its port, and its log as it comes."""
    command = [sys.executable, "dumpwatch.py", "live", "--port", "0", "--cycle", str(cycle), "--json"]
    command += ["--ledger", f"sqlite:///{folder}/ledger.db"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log: list[str] = []
    assert process.stderr is not None
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"http://[\d.]+:(\d+)/", line):
            threading.Thread(target=log.extend, args=(process.stderr,), daemon=True).start()
            return process, int(found[1]), log
    raise SystemExit("the chain did not start:\n" + "".join(log))


def measure(n_viewers: int, seconds: float, cycle: float) -> dict[str, Any]:
    """Run it all; the document that is printed."""
    with tempfile.TemporaryDirectory() as name:
        folder, stop = Path(name), threading.Event()
        process, port, _ = start_chain(folder, cycle)
        viewers, threads = follow_all(port, n_viewers - 1, stop)
        page = browse(port, seconds) if CHROMIUM.exists() else {"rows": {}}
        stop.set()
        for thread in threads:
            thread.join(20)
        process.terminate()
        report = json.loads(process.communicate(timeout=120)[0])
        with Ledger.open(f"sqlite:///{folder}/ledger.db", readonly=True) as ledger:
            booked = {f"{row.spill.run}/{row.spill.burst}": row.booked_ns for row in ledger.entries_after(0, 100_000)}
    return result(viewers, page, booked, report["totals"])


def result(
    viewers: list[Viewer], page: dict[str, Any], booked: dict[str, int], totals: dict[str, Any]
) -> dict[str, Any]:
    """Compare what came with what was booked."""
    rows = page.pop("rows")
    late = [(at - booked[key]) / 1e6 for viewer in viewers for key, at in viewer.came]
    # the row that was newest when the page came is no news
    painted = [(at - booked[key]) / 1e6 for key, at in list(rows.items())[1:]]
    order = sorted(booked, key=booked.__getitem__)
    lost = sum(len(_expected(viewer, order)) - len({key for key, _ in viewer.came}) for viewer in viewers)
    twice = sum(len(viewer.came) - len({key for key, _ in viewer.came}) for viewer in viewers)
    return {
        "viewers": len(viewers) + bool(rows),
        "spills_booked": len(booked),
        "spills_received": sum(len(viewer.came) for viewer in viewers),
        "spills_lost_by_viewers": lost,
        "spills_received_twice": twice,
        "commit_to_stream_ms": spread(late),
        "commit_to_painted_row_ms": spread(painted),
        "page": page,
        "questions_answered": sum(viewer.asked for viewer in viewers),
        "failures": [text for viewer in viewers for text in viewer.failed][:20],
        "chain": {key: totals[key] for key in ("n_spills", "n_incomplete", "n_events", "n_counted", "n_missing")},
    }


def _expected(viewer: Viewer, order: list[str]) -> list[str]:
    """Spills from the first to the last that this viewer got: none of them may be absent."""
    if not viewer.came:
        return []
    return order[order.index(viewer.came[0][0]) : order.index(viewer.came[-1][0]) + 1]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--viewers", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--cycle", type=float, default=14.4)
    given = parser.parse_args()
    print(json.dumps(measure(given.viewers, given.seconds, given.cycle), indent=1))
