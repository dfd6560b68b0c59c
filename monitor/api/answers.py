"""The answers under /api/v1, and those for machines: metrics, health, readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import FastAPI, Query, Response
from pydantic import Field
from starlette.exceptions import HTTPException

from monitor import metrics
from monitor.api.status import Alarm, Status, alarms, read_chain
from monitor.ledger import PotRow, RunRow
from monitor.spill import Public, Spill
from monitor.totals import Totals
from streaming.tally import HISTOGRAMS

if TYPE_CHECKING:
    from monitor.api.app import Site

Run = Annotated[int | None, Query(ge=1, le=999_999, description="only this run")]
Last = Annotated[int, Query(ge=1, le=20_000, description="the newest so many")]


class SpillsAnswer(Public):
    """Spills in the order of run and burst; totals are over all spills of the run, or of the ledger."""

    run: int | None
    spills: list[Spill]
    totals: Totals


class PotAnswer(Public):
    """Protons on target, group by group, with a running sum."""

    by: Literal["spill", "run", "day", "b2"]
    rows: list[PotRow]
    goals: list[float]


class RunsAnswer(Public):
    """All runs, oldest first."""

    runs: list[RunRow]


class AlarmsAnswer(Public):
    """States of the books and of the chain."""

    alarms: list[Alarm]
    not_evaluated: list[str]
    """What this version does not watch; no alarm here does not mean that all is well there."""


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


def add_answers(app: FastAPI, site: Site) -> None:
    """Add all answers to the application."""
    _add_books(app, site)
    _add_states(app, site)
    _add_machines(app, site)


def _add_books(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/spills", tags=["ledger"])
    def spills(run: Run = None, last: Last = site.cfg.page_spills) -> SpillsAnswer:
        """List the newest spills."""
        return site.view.ask(
            lambda ledger: SpillsAnswer(run=run, spills=ledger.spills(run, last), totals=ledger.totals(run))
        )

    @app.get("/api/v1/pot", tags=["ledger"])
    def pot(by: Literal["spill", "run", "day", "b2"] = "run", run: Run = None) -> PotAnswer:
        """Protons on target by spill, run, day or B2 setting."""
        goals = list(site.cfg.pot_goals)
        return site.view.ask(lambda ledger: PotAnswer(by=by, rows=ledger.pot(by, run), goals=goals))

    @app.get("/api/v1/runs", tags=["ledger"])
    def runs() -> RunsAnswer:
        """All runs."""
        return site.view.ask(lambda ledger: RunsAnswer(runs=ledger.runs()))

    @app.get("/api/v1/histograms/{name}", tags=["ledger"])
    def histograms(name: str, run: Run = None) -> HistogramAnswer:
        """One histogram, summed over all spills or those of a run."""
        if name not in HISTOGRAMS:
            raise HTTPException(404)
        tally, n_spills = site.view.histograms(run)
        axes = [AxisAnswer(bins=a.bins, low=a.low, high=a.high, label=a.label) for a in HISTOGRAMS[name]]
        counts = tally.histograms[name].ravel().tolist()
        return HistogramAnswer(name=name, run=run, n_spills=n_spills, axes=axes, counts=counts)


def _add_states(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/status", tags=["live"])
    def status() -> Status:
        """State of the chain and of the books, now."""
        return site.status(site.view.refresh())

    @app.get("/api/v1/alarms", tags=["live"])
    def list_alarms() -> AlarmsAnswer:
        """List the states that this version watches."""
        now = site.clock_ns()
        chain = read_chain(site.provisional(), now)
        states = alarms(site.view.refresh(), chain, now, site.cfg.overdue_seconds)
        return AlarmsAnswer(alarms=states, not_evaluated=["background rate", "trigger rates", "dead time"])


def _add_machines(app: FastAPI, site: Site) -> None:
    @app.get("/metrics", tags=["machines"], response_class=Response)
    def scrape() -> Response:
        """Metrics in the text format of Prometheus."""
        seen = site.view.refresh()
        chain = read_chain(site.provisional(), site.clock_ns()).model_dump(exclude_none=True)
        totals = seen.totals if seen.readable else None
        snapshot = metrics.Snapshot(totals=totals, last_spill=seen.last_spill, chain=chain)
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
