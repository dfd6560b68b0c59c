"""The HTML pages, the list of answers, and the runbook. Nothing on them is loaded from elsewhere."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from monitor.api.docs import docs_page
from monitor.api.queries import BurstPath, RunPath

STATIC = Path(__file__).parent.parent / "page" / "static"

RUNBOOKS = (
    Path(__file__).parents[2] / "docs" / "operator" / "runbook.md",
    Path(sysconfig.get_path("data")) / "share" / "dumpwatch" / "runbook.md",
)
"""Where the runbook lies: with the other documents in a checkout, in the share folder of an installed program."""


def add_pages(app: FastAPI) -> None:
    """Add the pages to the application."""

    @app.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return _page("index.html")

    @app.get("/spill/{run}/{burst}", include_in_schema=False)
    def spill_page(run: RunPath, burst: BurstPath) -> FileResponse:
        return _page("spill.html")

    @app.get("/run/{run}", include_in_schema=False)
    def run_page(run: RunPath) -> FileResponse:
        return _page("run.html")

    @app.get("/runbook", include_in_schema=False)
    def runbook_page() -> FileResponse:
        return _page("runbook.html")

    @app.get("/api/v1/runbook", tags=["operators"], response_class=Response)
    def runbook() -> Response:
        """What to do at each alarm: the runbook as Markdown text."""
        path = next((path for path in RUNBOOKS if path.is_file()), None)
        if path is None:
            raise HTTPException(404)
        return Response(path.read_bytes(), media_type="text/markdown; charset=utf-8")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(docs_page(app.openapi()))

    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def _page(name: str) -> FileResponse:
    if not (STATIC / name).is_file():
        raise HTTPException(404)
    return FileResponse(STATIC / name, media_type="text/html")
