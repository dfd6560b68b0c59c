"""Everything about one spill, or one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException

from monitor.accounting.gaps import AbsentBursts, Repeat, TimeGap
from monitor.accounting.judge import Judgement
from monitor.api.answers import HistogramAnswer, check_histogram, histogram_answer
from monitor.api.queries import BurstPath, RunPath
from monitor.ledger import GoodTotals, Ledger, LogRow, Revision, RunRow
from monitor.spill import Public, Spill
from monitor.totals import Totals

if TYPE_CHECKING:
    from monitor.api.site import Site

MAX_LINES = 200
"""Newest lines of the log that are given with a spill or a run."""

MAX_GAPS = 1000


class SpillKey(Public):
    """Run and burst."""

    run: int
    burst: int


class SpillAnswer(Public):
    """Everything that the ledger has about one burst."""

    spill: Spill
    judgement: Judgement
    revisions: list[Revision]
    log: list[LogRow]
    previous: SpillKey | None
    next: SpillKey | None


class RunAnswer(Public):
    """Everything about one run but its spills."""

    run: RunRow
    totals: Totals
    good: GoodTotals
    gaps: list[AbsentBursts]
    """Burst numbers that the ledger does not have; the newest ones."""
    pauses: list[TimeGap]
    repeats: list[Repeat]
    """Bursts that came again."""
    log: list[LogRow]


def add_burst_answers(app: FastAPI, site: Site) -> None:
    """Add the answers about one spill and one run to the application."""

    @app.get("/api/v1/spills/{run}/{burst}", tags=["ledger"], response_model=SpillAnswer)
    def spill(run: RunPath, burst: BurstPath) -> Response:
        """One spill: its row, its judgement, its revisions, what people said, and its neighbours."""
        return site.answer(
            ("spill", run, burst), lambda: site.view.ask(lambda ledger: _spill_answer(ledger, run, burst))
        )

    @app.get("/api/v1/spills/{run}/{burst}/histograms/{name}", tags=["ledger"], response_model=HistogramAnswer)
    def spill_histogram(run: RunPath, burst: BurstPath, name: str) -> Response:
        """One histogram of one spill."""
        check_histogram(name)

        def make() -> HistogramAnswer:
            found = site.view.ask(lambda ledger: ledger.histograms(run, burst))
            if not found.n_spills:
                raise HTTPException(404)
            return histogram_answer(name, run, found.tally, found.n_spills)

        return site.answer(("histogram", name, run, burst), make)

    @app.get("/api/v1/runs/{run}", tags=["ledger"], response_model=RunAnswer)
    def one_run(run: RunPath) -> Response:
        """One run: sums, gaps in its burst numbers, what people said."""
        return site.answer(("run", run), lambda: site.view.ask(lambda ledger: _run_answer(ledger, run)))


def _spill_answer(ledger: Ledger, run: int, burst: int) -> SpillAnswer:
    spill = ledger.spill(run, burst)
    if spill is None:
        raise HTTPException(404)
    first, last = _neighbours(ledger, run, burst)
    judged = ledger.judgement(run, burst)
    if judged is None:
        raise HTTPException(404)
    return SpillAnswer(
        spill=spill,
        judgement=judged,
        revisions=ledger.history(run, burst),
        log=ledger.log(run=run, burst=burst, last=MAX_LINES),
        previous=first,
        next=last,
    )


def _neighbours(ledger: Ledger, run: int, burst: int) -> tuple[SpillKey | None, SpillKey | None]:
    """Find the spills before and after, those of the neighbouring runs at the ends of a run."""
    bursts = sorted(ledger.committed(run))
    at = bursts.index(burst)
    before = SpillKey(run=run, burst=bursts[at - 1]) if at else None
    after = SpillKey(run=run, burst=bursts[at + 1]) if at + 1 < len(bursts) else None
    if before is None or after is None:
        runs = ledger.runs()
        older, newer = [row for row in runs if row.run < run], [row for row in runs if row.run > run]
        if before is None and older:
            before = SpillKey(run=older[-1].run, burst=older[-1].last_burst)
        if after is None and newer:
            after = SpillKey(run=newer[0].run, burst=newer[0].first_burst)
    return before, after


def _run_answer(ledger: Ledger, run: int) -> RunAnswer:
    row = next((row for row in ledger.runs() if row.run == run), None)
    if row is None:
        raise HTTPException(404)
    found = ledger.gaps(run)
    return RunAnswer(
        run=row,
        totals=ledger.totals(run),
        good=ledger.good(run),
        gaps=found.absent[-MAX_GAPS:],
        pauses=found.pauses[-MAX_GAPS:],
        repeats=found.repeats[-MAX_GAPS:],
        log=ledger.log(run=run, last=MAX_LINES),
    )
