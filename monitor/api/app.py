"""The HTTP application: read-only answers from committed rows, and one stream of events."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from daq.config.monitor import MonitorConfig
from daq.errors import DumpwatchError
from daq.version import PROGRAM_VERSION
from monitor.api.answers import add_answers
from monitor.api.docs import docs_page
from monitor.api.guard import Guard, error_body
from monitor.api.status import LedgerState, MaskedBox, Settings, Status, age_s, read_chain
from monitor.api.stream import Broadcaster, EventStream, encode_event
from monitor.api.view import LedgerView, Seen

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework can send spans and stack traces to wherever an environment variable says: never from here."""

STATUS_NS = 1_000_000_000
"""Viewers are told the status at least this often, changed or not [ns]."""

STATIC = Path(__file__).parent.parent / "page" / "static"


class Site:
    """Everything the answers need: the ledger's reader, the provisional status, settings, a wall clock."""

    def __init__(
        self,
        view: LedgerView,
        provisional: Callable[[], Mapping[str, object]],
        cfg: MonitorConfig,
        clock_ns: Callable[[], int],
        masked_box: MaskedBox | None = None,
    ) -> None:
        self.view = view
        self.provisional = provisional
        self.cfg = cfg
        self.clock_ns = clock_ns
        self.broadcaster = Broadcaster(cfg.max_viewers, cfg.viewer_queue)
        self.instance = secrets.token_hex(8)
        self._settings = Settings(
            page_spills=cfg.page_spills,
            history_spills=cfg.history_spills,
            pot_goals=list(cfg.pot_goals),
            overdue_seconds=cfg.overdue_seconds,
            masked_box=masked_box,
        )

    def status(self, seen: Seen) -> Status:
        """Build the status from the last look at the ledger and the newest provisional record."""
        now, last = self.clock_ns(), seen.last_spill
        return Status(
            program=PROGRAM_VERSION,
            instance=self.instance,
            server_time_ns=now,
            ledger=LedgerState(readable=seen.readable, entry=seen.entry),
            last_spill_run=last.run if last else None,
            last_spill_burst=last.burst if last else None,
            last_spill_mode=last.mode if last else None,
            last_spill_age_s=age_s(seen.booked_ns, now),
            totals=seen.totals if seen.readable else None,
            chain=read_chain(self.provisional(), now),
            viewers=len(self.broadcaster),
            settings=self._settings,
        )

    async def watch(self, cursor: int | None) -> None:
        """Tell the viewers what comes after entry `cursor`, until cancelled; None is a ledger not seen yet."""
        told: tuple[object, ...] = ()
        told_ns = 0
        while True:
            seen = await asyncio.to_thread(self.view.refresh)
            if seen.readable:
                cursor = await self._tell_news(seen, cursor)
            now = self.clock_ns()
            facts = (seen, read_chain({**self.provisional(), "updated_ns": None}, now))
            if facts != told or abs(now - told_ns) > STATUS_NS:
                self.broadcaster.publish("status", self.status(seen).model_dump_json())
                told, told_ns = facts, now
            await asyncio.sleep(self.cfg.poll_seconds)

    async def _tell_news(self, seen: Seen, cursor: int | None) -> int:
        if cursor is None or seen.entry == cursor:
            return seen.entry
        if seen.entry < cursor:
            self.broadcaster.publish("reset", "{}")  # another ledger lies at this place now
            return seen.entry
        try:
            news = await asyncio.to_thread(self.view.ask, lambda ledger: ledger.entries_after(cursor))
        except DumpwatchError:
            return cursor  # the next look says that the ledger is away; the rows are told when it is back
        for row in news:
            self.broadcaster.publish("spill", row.spill.model_dump_json(), row.entry)
        return news[-1].entry if news else cursor


def make_app(site: Site, hosts: Iterable[str] = ()) -> Guard:
    """Build the application.

    Parameters
    ----------
    site : what the answers come from
    hosts : names besides loopback that the `Host` header may have
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # look before the first viewer comes: what is committed from then on is news to everybody
        seen = await asyncio.to_thread(site.view.refresh)
        watcher = asyncio.create_task(site.watch(seen.entry if seen.readable else None), name="ledger-watcher")
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            site.broadcaster.close()
            site.view.close()

    app = FastAPI(
        title="dumpwatch",
        version=PROGRAM_VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
    )
    add_answers(app, site)
    _add_stream(app, site)
    _add_pages(app)
    for kind in (HTTPException, RequestValidationError, DumpwatchError, Exception):
        app.add_exception_handler(kind, _answer_error)
    return Guard(app, hosts)


def _add_stream(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/stream", tags=["live"], response_class=Response)
    async def stream() -> Response:
        """Server-sent events: `status` (provisional), `spill` (a committed row), `reset`, `dropped`."""
        viewer = site.broadcaster.join()
        if viewer is None:
            raise HTTPException(503)
        seen = await asyncio.to_thread(site.view.refresh)
        first = encode_event("status", site.status(seen).model_dump_json())
        return EventStream(site.broadcaster, viewer, first, site.cfg.heartbeat_seconds)


def _add_pages(app: FastAPI) -> None:
    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _answer_error(_: Request, error: Exception) -> Response:
    """Answer every error with a constant body."""
    status = 500
    if isinstance(error, RequestValidationError):
        status = 400
    elif isinstance(error, HTTPException):
        status = error.status_code
    elif isinstance(error, DumpwatchError):
        status = 503
    return Response(error_body(status), status_code=status, media_type="application/json")
