"""Several viewers at once: each gets every spill once and in order; and the page stays small."""

from __future__ import annotations

import re
import threading
import time
import tomllib
from pathlib import Path

from monitor.ledger import Ledger
from tests.monitor.page.scenes import SCENES, SPILLS, fill, plain_setup
from tests.monitor.page.viewers import QUESTIONS, Viewer, follow_all, result
from tests.monitor.serving import serving

STATIC = Path(__file__).parents[3] / "monitor" / "page" / "static"
NEWS = [f"9001/{SPILLS + i}" for i in range(1, 5)]
TOTALS = dict.fromkeys(("n_spills", "n_incomplete", "n_events", "n_counted", "n_missing"), 0)


def _until(done: object, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)


def test_each_viewer_gets_every_spill_once(ledger_url: str) -> None:
    stop = threading.Event()
    with Ledger.open(ledger_url) as ledger:
        feed = SCENES["quiet"].prepare(ledger, 2)
        with serving(ledger_url, feed, setup=plain_setup()) as port:
            viewers, threads = follow_all(port, 6, stop)
            time.sleep(0.5)
            fill(ledger, range(SPILLS + 1, SPILLS + 5), last=SPILLS + 4)
            _until(lambda: all(len(viewer.came) == 4 for viewer in viewers))
            _until(lambda: all(viewer.asked == 4 * len(QUESTIONS) for viewer in viewers))
            stop.set()
            for thread in threads:
                thread.join(10)
        booked = {f"{row.spill.run}/{row.spill.burst}": row.booked_ns for row in ledger.entries_after(0, 100)}
    assert [[key for key, _ in viewer.came] for viewer in viewers] == [NEWS] * 6
    found = result(viewers, {"rows": {}}, booked, TOTALS)
    assert (found["spills_lost_by_viewers"], found["spills_received_twice"]) == (0, 0)
    assert found["failures"] == []
    assert found["questions_answered"] == 6 * 4 * len(QUESTIONS)


def test_the_count_of_lost_spills_can_fail() -> None:
    booked = {"1/1": 10, "1/2": 20, "1/3": 30}
    viewer = Viewer(0, came=[("1/1", 11), ("1/3", 31), ("1/3", 32)])
    found = result([viewer], {"rows": {}}, booked, TOTALS)
    assert (found["spills_lost_by_viewers"], found["spills_received_twice"]) == (1, 1)


def test_the_viewers_ask_what_the_page_asks() -> None:
    source = (STATIC / "pages" / "loads.js").read_text(encoding="utf-8")
    asked = {re.sub(r"[?{].*", "", question) for question in QUESTIONS}
    for path in re.findall(r"/api/v1/(?:streams|runs|pot|halo)\b", source):
        assert path in asked
    for name in ("time_profile", "momentum", "delta_t", "z_vtx", "ztax_cda", "chod_tiles", "muv3_tiles"):
        assert name in source
        assert f"/api/v1/histograms/{name}" in asked


def test_the_page_is_small_and_loads_nothing_from_elsewhere() -> None:
    files = [
        path for path in STATIC.rglob("*") if path.suffix in (".js", ".css", ".html") and path.parent.name != "vendor"
    ]
    assert sum(path.stat().st_size for path in files) < 160_000
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(?:src|href)=\"https?:|@import|url\(|fetch\(\"http", text), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), path
        assert not re.search(r"<script>|<style| style=\"| on\w+=\"", text), path
        assert len(text.splitlines()) <= 200, path


def test_every_file_of_the_page_is_installed() -> None:
    project = tomllib.loads((STATIC.parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["monitor.page"]
    installed = {path for pattern in patterns for path in STATIC.parent.glob(pattern)}
    assert {path for path in STATIC.rglob("*") if path.is_file()} - installed == set()
