"""Halo flux of one run: the rates of its spills, the curve against B2, the fitted minimum."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from fastapi import FastAPI, Response
from starlette.exceptions import HTTPException

from monitor.api.queries import RunQuery
from monitor.api.view import LedgerView
from monitor.halo import B2Curve, CurvePoint, FitError, HaloPoint, HaloSetup, MinimumFit, fit_minimum
from monitor.halo.points import next_point, reference_rates, relative_to
from monitor.ledger import Entry, Ledger
from monitor.spill import Public, Spill

if TYPE_CHECKING:
    from monitor.api.site import Site

MAX_POINTS = 5000
"""Newest spills of a run that are given; the curve is of all of them."""

MAX_NEWS = 200
"""More new rows than this: the run is read again."""

KEPT_RUNS = 4


class HaloAnswer(Public):
    """Halo flux of a run."""

    run: int
    reference_a: float
    """B2 setting at which the relative rate is 1 [A]."""
    working_a: float
    """B2 setting of dump mode [A]."""
    points: list[HaloPoint]
    curve: list[CurvePoint]
    fit: MinimumFit | None
    no_fit: str | None
    """Why there is no fit; None where there is one."""
    synthetic: bool
    """The spills are emulated: this says nothing about the halo at CERN."""


@dataclass(slots=True)
class _Run:
    """What is kept of a run, so that a new spill costs one spill."""

    curve: B2Curve
    times_opened: int
    entry: int = 0
    points: list[HaloPoint] = field(default_factory=list)
    last: Spill | None = None
    synthetic: bool = False

    def add(self, spill: Spill, setup: HaloSetup) -> None:
        point = next_point(self.last, spill, setup)
        self.points.append(point)
        self.curve.add(point)
        self.last = spill
        self.synthetic |= spill.mode == "EMULATED"

    def follows(self, news: list[Entry], run: int) -> bool:
        """Whether new rows simply go on where this ends; a correction is of a burst that is there, so it does not."""
        last = 0 if self.last is None else self.last.burst
        bursts = [last, *(row.spill.burst for row in news if row.spill.run == run)]
        return len(news) <= MAX_NEWS and all(before < after for before, after in pairwise(bursts))


class HaloBooks:
    """Rates and curves of the runs that were asked for last. Safe to share between threads."""

    def __init__(self, view: LedgerView, setup: HaloSetup) -> None:
        self._view = view
        self._setup = setup
        self._runs: OrderedDict[int, _Run] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, run: int) -> HaloAnswer | None:
        """Give the halo of a run as it is now; None for a run without spills.

        Raises
        ------
        StoreError
            The ledger is away.
        """
        with self._lock:
            kept = self._view.ask(lambda ledger: self._updated(ledger, run))
            return None if kept.last is None else _answer(run, kept, self._setup)

    def _updated(self, ledger: Ledger, run: int) -> _Run:
        opened = self._view.refresh().times_opened
        kept = self._runs.pop(run, None)
        news = ledger.entries_after(kept.entry, MAX_NEWS + 1) if kept is not None else []
        if kept is None or kept.times_opened != opened or not kept.follows(news, run):
            kept = _Run(B2Curve(self._setup), opened, entry=ledger.last_entry())
            spills = ledger.spills(run)  # a row that comes between these two is news again, and is read again
        else:
            spills = [row.spill for row in news if row.spill.run == run]
            kept.entry = news[-1].entry if news else kept.entry
        for spill in spills:
            kept.add(spill, self._setup)
        self._runs[run] = kept
        while len(self._runs) > KEPT_RUNS:
            self._runs.popitem(last=False)
        return kept


def add_halo_answer(app: FastAPI, site: Site) -> None:
    """Add the answer to the application."""
    books = HaloBooks(site.view, site.setup.halo)

    @app.get("/api/v1/halo", tags=["ledger"], response_model=HaloAnswer)
    def halo(run: RunQuery = None) -> Response:
        """Halo flux against the current of B2, of one run; the newest one when none is named."""
        newest = site.view.must_read().recent
        wanted = run if run is not None else newest[-1].run if newest else None

        def make() -> HaloAnswer:
            found = None if wanted is None else books.answer(wanted)
            if found is None:
                raise HTTPException(404)
            return found

        return site.answer(("halo", wanted), make)


def _answer(run: int, kept: _Run, setup: HaloSetup) -> HaloAnswer:
    reference = reference_rates(kept.points, setup.halo)
    curve, fit, why = kept.curve.points(reference), None, None
    try:
        fit = fit_minimum(curve, "muv3", setup)
    except FitError as error:
        why = str(error)
    return HaloAnswer(
        run=run,
        reference_a=setup.halo.reference_current_a,
        working_a=setup.halo.working_current_a,
        points=[relative_to(point, reference) for point in kept.points[-MAX_POINTS:]],
        curve=curve,
        fit=fit,
        no_fit=why,
        synthetic=kept.synthetic,
    )
