"""Answers about one spill, one run, the halo, the alarms' streams; kept answers; pages."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from daq.errors import StoreError
from monitor.api.app import STATIC, Site
from monitor.api.halo_answer import HaloBooks
from monitor.api.keep import AnswerStore
from monitor.api.lately import WINDOW_NS, Lately
from monitor.api.systems import SystemState
from monitor.api.view import LedgerView
from monitor.halo import HaloSetup, b2_curve, halo_points
from monitor.ledger import Ledger
from monitor.spill import Spill
from tests.monitor.synthetic import make_spill
from tests.monitor.test_api import ask


def get(site: Site, path: str) -> Any:
    response = ask(site, f"/api/v1/{path}")
    assert response.status_code == 200, (path, response.text)
    return response.json()


@pytest.fixture
def books(filled: Ledger) -> Ledger:
    """Run 9001 bursts 1-3, 6; run 9003 bursts 1, 2; a correction, comments."""
    filled.commit(*make_spill(burst=6, fill=True))
    for burst in (1, 2):
        filled.commit(*make_spill(run=9003, burst=burst, fill=True, b2=770.0))
    filled.upgrade(*make_spill(burst=2, fill=True), who="replay", why="frames found")
    filled.add_log(kind="comment", who="ann", text="noisy", run=9001, burst=2)
    filled.add_log(kind="comment", who="ben", text="whole run", run=9001)
    return filled


def test_everything_about_a_spill(site: Site, books: Ledger) -> None:
    answer = get(site, "spills/9001/2")
    assert Spill.model_validate(answer["spill"]) == books.spill(9001, 2)
    assert answer["judgement"] == books.judgement(9001, 2).model_dump()
    assert [(r["revision"], r["state"]) for r in answer["revisions"]] == [(0, "INCOMPLETE"), (1, "COMPLETE")]
    assert (answer["revisions"][1]["who"], answer["revisions"][1]["why"]) == ("replay", "frames found")
    assert [row["text"] for row in answer["log"]] == ["noisy"]
    assert (answer["previous"], answer["next"]) == ({"run": 9001, "burst": 1}, {"run": 9001, "burst": 3})


def test_neighbours_lead_through_the_whole_ledger(site: Site, books: Ledger) -> None:
    keys = [spill.key for spill in books.spills()]
    at: dict[str, int] | None = {"run": keys[0][0], "burst": keys[0][1]}
    walked = []
    while at is not None:
        answer = get(site, f"spills/{at['run']}/{at['burst']}")
        back = answer["previous"]
        assert (None if back is None else (back["run"], back["burst"])) == (walked[-1] if walked else None)
        walked.append((at["run"], at["burst"]))
        at = answer["next"]
    assert walked == keys


def test_what_is_not_booked(site: Site, books: Ledger) -> None:
    for path in ("spills/9001/4", "spills/9002/1", "spills/9001/4/histograms/momentum", "spills/9001/1/histograms/sr",
                 "runs/9002", "halo?run=9002"):  # fmt: skip
        assert ask(site, f"/api/v1/{path}").status_code == 404, path
    for path in ("spills/0/1", "spills/9001/-1", "spills/9001/4294967296", "runs/1000000", "runs/x", "log?last=1001"):
        assert ask(site, f"/api/v1/{path}").status_code == 400, path


def test_a_run(site: Site, books: Ledger) -> None:
    answer = get(site, "runs/9001")
    assert answer["run"]["n_spills"] == 4 and answer["totals"] == books.totals(9001).model_dump(mode="json")
    assert [(gap["first"], gap["last"]) for gap in answer["gaps"]] == [(4, 5)]
    assert [row["who"] for row in answer["log"]] == ["ann", "ben"]
    assert answer["good"]["n_good"] + answer["good"]["n_not_good"] == 4


def test_histograms_of_one_spill_add_up_to_those_of_the_run(site: Site, books: Ledger) -> None:
    for name in ("momentum", "ztax_cda"):
        parts = [get(site, f"spills/9001/{burst}/histograms/{name}")["counts"] for burst in (1, 2, 3, 6)]
        assert [sum(bins) for bins in zip(*parts, strict=True)] == get(site, f"histograms/{name}?run=9001")["counts"]


def test_protons_against_the_goals(site: Site, books: Ledger) -> None:
    answer = get(site, "pot?by=day")
    assert answer["good"] == books.good().model_dump()
    assert [one["goal"] for one in answer["projections"]] == answer["goals"] == [1.4e17, 1e18]
    assert all(one["pot"] == answer["good"]["pot"] for one in answer["projections"])


def test_halo_of_a_run(site: Site, books: Ledger) -> None:
    answer = get(site, "halo?run=9003")
    assert (answer["run"], answer["reference_a"], answer["working_a"], answer["synthetic"]) == (9003, 770, -250, True)
    assert [(p["run"], p["burst"]) for p in answer["points"]] == [(9003, 1), (9003, 2)]
    assert answer["fit"] is None and answer["no_fit"]
    assert get(site, "halo")["run"] == 9003  # the newest one


def test_halo_goes_on_from_spill_to_spill(ledger_url: str) -> None:
    """What is kept gives what the slow way gives: everything read again, through corrections and disorder."""
    view = LedgerView(ledger_url)
    kept, setup = HaloBooks(view, HaloSetup()), HaloSetup()
    lost = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}
    with Ledger.open(ledger_url) as ledger:
        for burst, change in enumerate(({}, {"b2": 770.0}, lost, {}, {"t10": None}, {}, {"b2": -200.0}), start=1):
            ledger.commit(*make_spill(burst=burst + (burst == 4) * 10, halo=1 + burst / 100, **change))
            if burst == 6:
                ledger.upgrade(*make_spill(burst=3, halo=1.03), who="replay", why="found")
            ledger.commit(*make_spill(run=9002, burst=burst))
            answer, spills = kept.answer(9001), ledger.spills(9001)
            assert answer.points == halo_points(spills, setup)
            assert answer.curve == b2_curve(spills, setup)
        assert kept.answer(5) is None
        fresh = HaloBooks(view, setup)
        assert fresh.answer(9001) == kept.answer(9001)
    view.close()


def test_streams_are_bounded(site: Site, books: Ledger) -> None:
    answer = get(site, "streams?last=2")
    names = [stream["name"] for stream in answer["streams"]]
    assert names == ["muv3", "q1", "h2", "lav", "anti0", "pairs", "vertices"]
    assert all(len(stream["points"]) <= 2 for stream in answer["streams"])
    assert len(get(site, "streams")["streams"][0]["points"]) == 6
    assert ask(site, "/api/v1/streams?last=0").status_code == 400
    assert "no alarm" in answer["rare_text"].lower() and {row["label"] for row in answer["rare"]}


def test_status_and_stream_of_systems_are_one_model(site: Site, books: Ledger) -> None:
    for system in get(site, "status")["systems"]:
        SystemState.model_validate(system)


def test_pages_and_the_runbook(site: Site, books: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, name in (("/spill/9001/1", "spill.html"), ("/run/9001", "run.html"), ("/runbook", "runbook.html")):
        response = ask(site, path)
        wanted = (STATIC / name).read_text() if (STATIC / name).is_file() else json.dumps({"error": "not found"})
        assert response.text == wanted
    assert ask(site, "/spill/x/1").status_code == 400
    runbook = ask(site, "/api/v1/runbook")
    assert runbook.headers["content-type"].startswith("text/markdown")
    heads = {line.lstrip("# ").strip().lower() for line in runbook.text.splitlines() if line.startswith("#")}
    missing = {alarm["name"] for alarm in get(site, "alarms")["alarms"] if alarm["name"].lower() not in heads}
    assert not missing
    monkeypatch.setattr("monitor.api.pages.RUNBOOKS", ())
    assert ask(site, "/api/v1/runbook").status_code == 404
    listed = ask(site, "/docs").text
    for path in ("spills/{run}/{burst}", "runs/{run}", "halo", "streams", "log", "alerts", "alertmanager", "runbook"):
        assert f"/api/v1/{path}" in listed


def test_an_answer_is_made_once_for_all() -> None:
    store, made, ready = AnswerStore(), [], threading.Barrier(8)

    def make() -> SystemState:
        made.append(1)
        time.sleep(0.02)
        return SystemState(name="beam", state="OK", text=str(len(made)))

    def view() -> None:
        ready.wait(5)
        assert json.loads(store.answer("q", 1, make).body)["text"] == "1"

    viewers = [threading.Thread(target=view) for _ in range(8)]
    for viewer in viewers:
        viewer.start()
    for viewer in viewers:
        viewer.join()
    assert len(made) == 1
    assert json.loads(store.answer("q", 2, make).body)["text"] == "2"  # the ledger has something new
    with pytest.raises(StoreError):
        store.answer("q", 3, fails)
    assert json.loads(store.answer("q", 3, make).body)["text"] == "3"  # a failure is not kept


def fails() -> SystemState:
    raise StoreError("away")


def test_kept_answers_are_bounded() -> None:
    store = AnswerStore()
    for number in range(1000):
        store.answer(number, 1, lambda: SystemState(name="beam", state="OK", text="x" * 1000))
    assert len(store._bodies) <= 64 and len(store._making) <= 66


def test_a_kept_answer_follows_rows_and_lines(site: Site, books: Ledger) -> None:
    before = get(site, "spills/9001/6")
    books.add_log(kind="comment", who="cy", text="late", run=9001, burst=6)
    after = get(site, "spills/9001/6")
    assert len(after["log"]) == len(before["log"]) + 1
    assert after["next"] == {"run": 9003, "burst": 1}
    books.commit(*make_spill(burst=7))
    assert get(site, "spills/9001/6")["next"] == {"run": 9001, "burst": 7}


def test_another_ledger_at_the_same_place(site: Site, ledger_url: str, tmp_path: Path) -> None:
    with Ledger.open(ledger_url) as first:
        first.commit(*make_spill(burst=1))
    assert get(site, "spills")["spills"][0]["burst"] == 1
    for path in tmp_path.glob("ledger.db*"):
        path.unlink()
    site.view.close()
    assert ask(site, "/api/v1/spills").status_code == 503
    with Ledger.open(ledger_url) as second:
        second.commit(*make_spill(burst=5))
    assert [spill["burst"] for spill in get(site, "spills")["spills"]] == [5]


def test_what_grew_lately() -> None:
    lately = Lately()
    assert [lately.see(n, now) for now, n in enumerate((0, 3, 3, None, 5))] == [0, 3, 3, 3, 5]
    assert lately.see(1, 10) == 6  # it began anew
    assert lately.see(1, WINDOW_NS + 3) == 3 and lately.see(1, WINDOW_NS * 3) == 0
    assert Lately().see(7, 0) == 7
