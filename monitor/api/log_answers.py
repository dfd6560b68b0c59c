"""The operations log over HTTP: read by everybody, written with the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from fastapi import FastAPI, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.exceptions import HTTPException

from monitor.api.queries import MAX_BURST, MAX_RUN, BurstQuery, RunQuery
from monitor.ledger import LogRow
from monitor.opslog.text import NAME_LIMIT, TEXT_LIMIT, clean_line, clean_text
from monitor.spill import Public

if TYPE_CHECKING:
    from monitor.api.site import Site

KindQuery = Annotated[
    Literal["comment", "acknowledge", "rebase", "alert"] | None, Query(description="only entries of this kind")
]
LinesQuery = Annotated[int, Query(ge=1, le=1000, description="the newest so many")]


class LogAnswer(Public):
    """Lines of the operations log, oldest first."""

    log: list[LogRow]


class Comment(BaseModel):
    """What somebody says about a spill, a run, or the shift. Kept as plain text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["comment"] = "comment"
    """Acknowledgements have a path of their own; the other kinds are made by programs."""
    run: int | None = Field(None, ge=1, le=MAX_RUN)
    burst: int | None = Field(None, ge=1, le=MAX_BURST)
    subject: str | None = Field(None, max_length=NAME_LIMIT)
    text: str = Field(min_length=1, max_length=TEXT_LIMIT)
    who: str = Field(min_length=1, max_length=NAME_LIMIT)

    @model_validator(mode="after")
    def _a_burst_has_a_run(self) -> Self:
        if self.burst is not None and self.run is None:
            msg = "burst without run"
            raise ValueError(msg)
        return self


def add_log_answers(app: FastAPI, site: Site) -> None:
    """Add reading and writing of the log to the application."""

    @app.get("/api/v1/log", tags=["operators"])
    def read_log(
        kind: KindQuery = None, run: RunQuery = None, burst: BurstQuery = None, last: LinesQuery = 200
    ) -> LogAnswer:
        """Newest lines of the operations log, oldest first."""
        return LogAnswer(log=site.view.ask(lambda ledger: ledger.log(kind=kind, run=run, burst=burst, last=last)))

    @app.post("/api/v1/log", tags=["operators"], status_code=201)
    def write_log(comment: Comment) -> LogRow:
        """Add a comment. Needs the token."""
        if not clean_line(comment.who) or not clean_text(comment.text):
            raise HTTPException(400)  # nothing that a screen shows
        if comment.run is not None and not _is_booked(site, comment.run, comment.burst):
            raise HTTPException(404)
        return site.logbook.add(**comment.model_dump())


def _is_booked(site: Site, run: int, burst: int | None) -> bool:
    if burst is not None:
        return site.view.ask(lambda ledger: ledger.spill(run, burst)) is not None
    return site.view.ask(lambda ledger: ledger.last_burst(run)) is not None
