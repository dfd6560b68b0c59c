"""What the page asks about alarms: alarms, watched streams, alerts; and the two POSTs about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import FastAPI, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from monitor.alarms.model import Alarm, State, StreamView
from monitor.ledger import LogRow
from monitor.opslog.acknowledge import STATE, subject_of
from monitor.opslog.alerts import AlertView, WebhookMessage, log_values
from monitor.opslog.text import NAME_LIMIT, TEXT_LIMIT, clean_line, clean_text
from monitor.spill import Public

if TYPE_CHECKING:
    from monitor.api.desk import DeskResult
    from monitor.api.site import Now, Site

MAX_POINTS = 5000
AlarmName = Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,64}$", description="name of the alarm, CamelCase")]


class AlarmsAnswer(Public):
    """Every alarm with its state, those that are OK as well."""

    alarms: list[Alarm]
    not_evaluated: list[str]
    """What is not watched now, and why; no alarm there does not mean that all is well there."""


class RareRow(Public):
    """A counter that no alarm exists for: what was seen, and what was to be expected."""

    label: str
    observed: int
    expected: float | None
    expected_error: float | None
    """Of counting in the reference."""
    pot_error: float | None
    """20 % of the expectation."""


class StreamsAnswer(Public):
    """Watched streams with their newest spills, and the counters that are too rare to be watched."""

    streams: list[StreamView]
    rare: list[RareRow]
    rare_text: str


class AlertsAnswer(Public):
    """Alerts that Alertmanager told, newest change last."""

    alerts: list[AlertView]
    heard_ns: int | None
    """When Alertmanager last spoke [ns since 1970]; None: not since this server started."""


class Accepted(Public):
    """How many alerts of a message changed their state."""

    changed: int


class Acknowledgement(BaseModel):
    """Who has seen an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str = Field(min_length=1, max_length=NAME_LIMIT)
    stream: str | None = Field(None, max_length=NAME_LIMIT)
    comment: str = Field("", max_length=TEXT_LIMIT)


def alarms_answer(now: Now) -> AlarmsAnswer:
    """Give the alarms of one look."""
    missing = [f"{stream.name}: {stream.reason}" for stream in now.desk.streams if stream.state is State.UNKNOWN]
    if not now.desk.ready:
        missing = ["background rate", "trigger rates"]
    return AlarmsAnswer(alarms=now.alarms, not_evaluated=missing)


def streams_answer(desk: DeskResult, last: int) -> StreamsAnswer:
    """Give the newest points of every stream."""
    rare = desk.rare
    counters = rare.counters if rare is not None else []
    rows = [RareRow(label=one.channel, **one.model_dump(exclude={"channel"})) for one in counters]
    return StreamsAnswer(
        streams=[stream.model_copy(update={"points": stream.points[-last:]}) for stream in desk.streams],
        rare=rows,
        rare_text=rare.text if rare is not None else "",
    )


def add_alarm_answers(app: FastAPI, site: Site) -> None:
    """Add the answers about alarms to the application."""
    _add_gets(app, site)
    _add_posts(app, site)


def _add_gets(app: FastAPI, site: Site) -> None:
    @app.get("/api/v1/alarms", tags=["live"])
    def list_alarms() -> AlarmsAnswer:
        """List all alarms with state, text, action, and who has seen them."""
        return alarms_answer(site.look())

    @app.get("/api/v1/streams", tags=["live"], response_model=StreamsAnswer)
    def list_streams(
        last: Annotated[int, Query(ge=1, le=MAX_POINTS, description="newest spills of each stream")] = 200,
    ) -> Response:
        """Watched streams: state, reference, and the newest spills with their limits."""
        desk = site.look().desk
        return site.answers.answer(("streams", last), desk.version, lambda: streams_answer(desk, last))

    @app.get("/api/v1/alerts", tags=["live"])
    def list_alerts() -> AlertsAnswer:
        """Alerts that Alertmanager told this server."""
        return AlertsAnswer(alerts=site.alerts.views(), heard_ns=site.alerts.heard_ns)


def _add_posts(app: FastAPI, site: Site) -> None:
    @app.post("/api/v1/alarms/{name}/acknowledge", tags=["operators"], status_code=201)
    def acknowledge(name: AlarmName, body: Acknowledgement) -> LogRow:
        """Say that somebody has seen an alarm; it holds until the alarm resolves or worsens. Needs the token."""
        found = next((a for a in site.look().alarms if a.key == (name, body.stream or "")), None)
        if found is None:
            raise HTTPException(404)
        if not clean_line(body.who):
            raise HTTPException(400)
        if found.state is State.OK:
            raise HTTPException(409)  # there is nothing to acknowledge
        return site.logbook.add(
            kind="acknowledge",
            who=body.who,
            text=clean_text(body.comment) or "seen",
            subject=subject_of(name, body.stream),
            run=found.since_run,
            burst=found.since_burst,
            document={STATE: found.state.value},
        )

    @app.post("/api/v1/alertmanager", tags=["machines"])
    def alertmanager(message: WebhookMessage) -> Accepted:
        """Take in a message of Alertmanager's webhook (version 4); changes are kept in the log. Needs the token."""
        return Accepted(changed=take_alerts(site, message))


def take_alerts(site: Site, message: WebhookMessage) -> int:
    """Keep what changed, in the log first: what could not be written comes again with Alertmanager's next try."""
    changed = site.alerts.changes(message, site.clock_ns())
    for view in changed:
        site.logbook.add(**log_values(view))
        site.alerts.keep(view)
    return len(changed)
