"""The HTTP application: answers from committed rows, one stream of events, and three paths that write to the log."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.responses import Response

from daq.errors import DumpwatchError
from daq.version import PROGRAM_VERSION
from monitor.api.alarm_answers import add_alarm_answers, alarms_answer
from monitor.api.answers import add_answers
from monitor.api.burst_answers import add_burst_answers
from monitor.api.guard import Guard
from monitor.api.halo_answer import add_halo_answer
from monitor.api.log_answers import add_log_answers
from monitor.api.pages import STATIC, add_pages
from monitor.api.refusals import error_body
from monitor.api.site import Setup, Site
from monitor.api.stream import EventStream, encode_event
from monitor.api.watcher import Watcher, encoded

__all__ = ["STATIC", "Setup", "Site", "make_app"]

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework can send spans and stack traces to wherever an environment variable says: never from here."""


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
        watcher = asyncio.create_task(Watcher(site).run(seen.entry if seen.readable else None), name="ledger-watcher")
        watcher.add_done_callback(lambda task: _keep_fault(site, task))
        try:
            yield
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
            site.broadcaster.close()
            site.close()

    app = FastAPI(
        title="dumpwatch",
        version=PROGRAM_VERSION,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        telemetry=NO_TELEMETRY,
        redirect_slashes=False,
    )
    for add in (add_answers, add_burst_answers, add_halo_answer, add_alarm_answers, add_log_answers, _add_stream):
        add(app, site)
    _add_geometry(app)
    add_pages(app)
    for kind in (HTTPException, RequestValidationError, DumpwatchError, Exception):
        app.add_exception_handler(kind, _answer_error)
    return Guard(app, site.operators, site.refusals, hosts)


def _keep_fault(site: Site, watcher: asyncio.Task[None]) -> None:
    """A watcher that fails ends the server: a page that hears of nothing any more must not look alive."""
    if not watcher.cancelled() and watcher.exception() is not None:
        site.fault = watcher.exception()


def _add_geometry(app: FastAPI) -> None:
    if importlib.util.find_spec("monitor.api.geometry") is not None:
        importlib.import_module("monitor.api.geometry").add_geometry(app)


def _add_stream(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/stream", tags=["live"], response_class=Response)
    async def stream() -> Response:
        """Server-sent events: `status` (provisional), `alarms`, `spill` (a committed row), `reset`, `dropped`."""
        viewer = site.broadcaster.join()
        if viewer is None:
            raise HTTPException(503)
        now = await asyncio.to_thread(site.look)
        first = encode_event("status", site.status(now).model_dump_json())
        first += encode_event("alarms", encoded(alarms_answer(now)))
        return EventStream(site.broadcaster, viewer, first, site.cfg.heartbeat_seconds)


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
