"""The alarms behind the answers: a monitor that starts says what one that went on says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daq.config.alarms import AlarmsConfig
from monitor.alarms.desk import AlarmDesk
from monitor.alarms.rules import shipped_reference
from monitor.api.desk import REBASE, DeskKeeper, first_entry
from monitor.api.view import LedgerView
from monitor.ledger import Ledger
from tests.monitor.synthetic import make_spill

ROWS = 20
CFG = AlarmsConfig(history_spills=250, learning_spills=5)


def caught_up(keeper: DeskKeeper, view: LedgerView) -> DeskKeeper:
    seen = view.refresh()
    for _ in range(1000):
        if keeper.update(seen):
            return keeper
    pytest.fail("the history never ends")


def said(keeper: DeskKeeper) -> tuple[object, ...]:
    result = keeper.result
    return result.ready, list(result.streams), list(result.alarms), result.rare


@given(st.integers(0, 10_000), st.integers(1, 500))
def test_where_the_alarms_begin(newest: int, rows: int) -> None:
    first = first_entry(newest, rows)
    assert first % rows == 0 and (first == 0 or rows <= newest - first < 2 * rows)
    assert first_entry(newest + 1, rows) in (first, first + rows)


STEPS = st.lists(
    st.sampled_from(["spill", "spill", "spill", "more", "no pot", "partial", "upgrade", "log", "rebase", "look"]),
    min_size=1,
    max_size=60,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, stop=st.integers(1, 60))
def test_a_fresh_start_says_the_same(steps: list[str], stop: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/ledger.db"
        with Ledger.open(url) as ledger:
            view = LedgerView(url)
            running = DeskKeeper(view, CFG, ROWS)
            partial = []
            for burst, step in enumerate(steps, start=1):
                act(ledger, step, burst, partial)
                if step == "look" or burst % 7 == 0 or burst == stop:
                    caught_up(running, view)
                    assert said(running) == said(caught_up(DeskKeeper(view, CFG, ROWS), view))
            caught_up(running, view)
            assert said(running) == said(caught_up(DeskKeeper(view, CFG, ROWS), view))
            view.close()


def act(ledger: Ledger, step: str, burst: int, partial: list[int]) -> None:
    lost = {"missing": ((1, 1, "no answer"),), "n_lost": 12_000}
    if step == "spill":
        ledger.commit(*make_spill(burst=burst, halo=1 + burst % 5 * 0.003))
    elif step == "more":
        ledger.commit(*make_spill(burst=burst, halo=2.0))
    elif step == "no pot":
        ledger.commit(*make_spill(burst=burst, t10=None))
    elif step == "partial":
        ledger.commit(*make_spill(burst=burst, **lost))
        partial.append(burst)
    elif step == "upgrade" and partial:
        ledger.upgrade(*make_spill(burst=partial.pop()), who="replay", why="found")
    elif step == "log":
        ledger.add_log(kind="comment", who="ann", text="hello")
    elif step == "rebase":
        rebase(ledger)


def rebase(ledger: Ledger, **change: object) -> None:
    document = shipped_reference().model_dump(mode="json") | change
    ledger.add_log(kind="rebase", who="ann", text="quiet again", subject=REBASE, document=document)


def test_it_says_what_a_desk_says_that_is_fed_by_hand(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        for burst in range(1, 46):
            ledger.commit(*make_spill(burst=burst, halo=2.0 if burst > 40 else 1 + burst % 5 * 0.003))
        view = LedgerView(ledger_url)
        keeper = caught_up(DeskKeeper(view, CFG, ROWS), view)
        twin = AlarmDesk(CFG, None)
        for row in ledger.entries_after(20):
            twin.feed(row)
        assert said(keeper) == (True, twin.streams(), twin.alarms(), twin.rare())
        (muv3,) = (a for a in keeper.result.alarms if a.key == ("BackgroundRateExcursion", "muv3"))
        assert muv3.state == "ALARM" and muv3.since_burst == 41
        view.close()


def test_through_several_blocks(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        view = LedgerView(ledger_url)
        running = DeskKeeper(view, CFG, ROWS)
        for burst in range(1, 62):
            ledger.commit(*make_spill(burst=burst, halo=1 + burst % 5 * 0.003))
            if burst % 4 == 0:
                caught_up(running, view)
            if burst in (19, 21, 40, 41, 60):
                fresh = caught_up(DeskKeeper(view, CFG, ROWS), view)
                assert said(caught_up(running, view)) == said(fresh)
        view.close()


def test_a_rebase_is_taken_over_and_a_bad_one_is_none(ledger_url: str) -> None:
    with Ledger.open(ledger_url) as ledger:
        for burst in range(1, 4):
            ledger.commit(*make_spill(burst=burst))
        view = LedgerView(ledger_url)
        keeper = caught_up(DeskKeeper(view, CFG, ROWS), view)
        before = said(keeper)
        rebase(ledger, n_spills=777)
        assert said(caught_up(keeper, view)) != before  # judged with a reference now
        rebase(ledger, streams="nonsense")
        assert said(caught_up(keeper, view)) == before
        view.close()


def test_a_ledger_that_is_away_leaves_the_states(ledger_url: str, tmp_path: Path) -> None:
    with Ledger.open(ledger_url) as ledger:
        ledger.commit(*make_spill(burst=1))
        view = LedgerView(ledger_url)
        keeper = caught_up(DeskKeeper(view, CFG, ROWS), view)
        before = said(keeper)
    (tmp_path / "ledger.db").rename(tmp_path / "aside.db")
    view.close()
    assert said(caught_up(keeper, view)) == before
    (tmp_path / "aside.db").rename(tmp_path / "ledger.db")
    assert said(caught_up(keeper, view)) == before
    view.close()
