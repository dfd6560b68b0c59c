"""The answers about the books: spills, protons on target, runs, histograms; and those for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from monitor import metrics
from monitor.accounting.projection import Projection, project
from monitor.api.queries import LastQuery, RunQuery
from monitor.api.status import Status
from monitor.ledger import GoodTotals, Ledger, PotRow, RunRow, Selection
from monitor.ledger.pack import utc_day
from monitor.ledger.pot import By
from monitor.opslog.place import disk_free_ratio
from monitor.spill import Public, Spill
from monitor.totals import Totals
from streaming.tally import HISTOGRAMS, Tally

if TYPE_CHECKING:
    from monitor.api.site import Site


class SpillsAnswer(Public):
    """Spills in the order of run and burst; totals are over all spills of the run, or of the ledger."""

    run: int | None
    spills: list[Spill]
    totals: Totals


class PotAnswer(Public):
    """Protons on target, group by group, with a running sum; and how far the good spills are from the goals."""

    by: By
    rows: list[PotRow]
    goals: list[float]
    good: GoodTotals
    """Of the run, or of the ledger."""
    today: str
    """UTC day; the pace is that of the days before."""
    projections: list[Projection]
    """One for each goal, over all good spills of the ledger, whatever run was asked for."""


class RunsAnswer(Public):
    """All runs, oldest first."""

    runs: list[RunRow]


class AxisAnswer(Public):
    """A fixed axis."""

    bins: int
    low: float
    high: float
    label: str


class HistogramAnswer(Public):
    """Counts with under- and overflow bins on every axis, row by row. Masked events are not in any of them."""

    name: str
    run: int | None
    n_spills: int
    axes: list[AxisAnswer]
    counts: list[int] = Field(description="row-major, (bins + 2) of each axis")


def histogram_answer(name: str, run: int | None, tally: Tally, n_spills: int) -> HistogramAnswer:
    """Give one histogram of a tally."""
    axes = [AxisAnswer(bins=a.bins, low=a.low, high=a.high, label=a.label) for a in HISTOGRAMS[name]]
    counts = tally.histograms[name].ravel().tolist()
    return HistogramAnswer(name=name, run=run, n_spills=n_spills, axes=axes, counts=counts)


def check_histogram(name: str) -> None:
    """Refuse a name that is none, before anything is read for it."""
    if name not in HISTOGRAMS:
        raise HTTPException(404)


def add_answers(app: FastAPI, site: Site) -> None:
    """Add all answers to the application."""
    _add_books(app, site)
    _add_histograms(app, site)
    _add_states(app, site)
    _add_machines(app, site)


def _add_books(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/spills", tags=["ledger"], response_model=SpillsAnswer)
    def spills(run: RunQuery = None, last: LastQuery = site.cfg.page_spills) -> Response:
        """List the newest spills."""

        def make() -> SpillsAnswer:
            rows = site.view.ask(lambda ledger: ledger.spills(run, last))
            return SpillsAnswer(run=run, spills=rows, totals=site.view.totals(run))

        return site.answer(("spills", run, last), make)

    @app.get("/api/v1/pot", tags=["ledger"], response_model=PotAnswer)
    def pot(by: By = "run", run: RunQuery = None) -> Response:
        """Protons on target by spill, run, day or B2 setting."""
        today = utc_day(site.clock_ns())
        return site.answer(
            ("pot", by, run, today), lambda: site.view.ask(lambda ledger: _pot_answer(site, ledger, by, run, today))
        )

    @app.get("/api/v1/runs", tags=["ledger"], response_model=RunsAnswer)
    def runs() -> Response:
        """All runs."""
        return site.answer(("runs",), lambda: RunsAnswer(runs=site.view.ask(lambda ledger: ledger.runs())))


def _pot_answer(site: Site, ledger: Ledger, by: By, run: int | None, today: str) -> PotAnswer:
    days = {row.key: row.pot for row in ledger.pot("day", wanted=Selection(quality="good"))}
    n_days = site.setup.accounting.projection_days
    goals = list(site.cfg.pot_goals)
    return PotAnswer(
        by=by,
        rows=ledger.pot(by, run),
        goals=goals,
        good=ledger.good(run),
        today=today,
        projections=[project(days, goal, today, n_days) for goal in goals],
    )


def _add_histograms(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/histograms/{name}", tags=["ledger"], response_model=HistogramAnswer)
    def histograms(name: str, run: RunQuery = None) -> Response:
        """One histogram, summed over all spills or those of a run."""
        check_histogram(name)
        return site.answer(("histogram", name, run), lambda: histogram_answer(name, run, *site.view.histograms(run)))


def _add_states(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/status", tags=["live"])
    def status() -> Status:
        """State of the six systems, of the chain and of the books, now."""
        return site.status(site.look())


def _add_machines(app: FastAPI, site: Site) -> None:
    @app.get("/metrics", tags=["machines"], response_class=Response)
    def scrape() -> Response:
        """Metrics in the text format of Prometheus."""
        now = site.look()
        seen = now.seen
        snapshot = metrics.Snapshot(
            totals=seen.totals if seen.readable else None,
            last_spill=seen.last_spill,
            chain=now.chain.model_dump(exclude_none=True),
            streams=now.desk.streams,
            alarms=now.alarms,
            viewers=len(site.broadcaster),
            last_spill_booked_ns=seen.booked_ns,
            good_spills=seen.good.n_good if seen.good else None,
            sealed_chain_spills=seen.chain.index if seen.readable else None,
            http_refused=site.refusals.by_reason(),
            disk_free_ratio=disk_free_ratio(site.view.url),
        )
        return Response(metrics.render(snapshot), media_type=metrics.CONTENT_TYPE)

    @app.get("/healthz", tags=["machines"])
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"state": "alive"}

    @app.get("/readyz", tags=["machines"])
    def readyz() -> dict[str, str]:
        """The ledger can be read."""
        if not site.view.refresh().readable:
            raise HTTPException(503)
        return {"state": "ready"}
