"""`dumpwatch log`: what people said about spills and runs, and which alarms they have seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.ledger import LogRow

LedgerUrl = Annotated[str | None, typer.Option("--ledger", help="Database URL; the configured one when not given.")]
Run = Annotated[int | None, typer.Option("--run", help="Run that it is about.", min=1, max=999_999)]
Burst = Annotated[int | None, typer.Option("--burst", help="Spill of the run that it is about.", min=1)]
Who = Annotated[str, typer.Option("--who", help="Your name.", show_default="user of this session")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Stream = Annotated[str | None, typer.Option("--stream", help="Stream of the alarm, where it has one.")]

app = typer.Typer(help="Operations log: comments, acknowledgements, alerts.", no_args_is_help=True)


@app.command()
def add(
    text: Annotated[str, typer.Argument(help="What you want to say.")],
    run: Run = None,
    burst: Burst = None,
    who: Who = "",
    ledger: LedgerUrl = None,
) -> None:
    """Write a comment on a spill, on a run, or on the shift."""
    _check_place(ledger, run, burst)
    _write(ledger, kind="comment", who=who or _user(), text=text, run=run, burst=burst)


@app.command("list")
def list_lines(
    run: Run = None,
    burst: Burst = None,
    kind: Annotated[str | None, typer.Option("--kind", help="comment, acknowledge, rebase or alert.")] = None,
    last: Annotated[int, typer.Option("--last", help="Only the newest N.", min=1)] = 50,
    json: Json = False,
    ledger: LedgerUrl = None,
) -> None:
    """List the newest lines, oldest first."""
    from typing import get_args

    from daq.errors import ConfigError
    from monitor.ledger import Ledger
    from monitor.ledger.log import LogKind

    if kind is not None and kind not in get_args(LogKind):
        msg = f"log list --kind: got '{kind}', wanted one of {', '.join(get_args(LogKind))}"
        raise ConfigError(msg)
    with Ledger.open(_url(ledger), readonly=True) as books:
        rows = books.log(kind, run, burst, None, last)  # type: ignore[arg-type]
    if json:
        from json import dumps

        typer.echo(dumps({"log": [row.model_dump(mode="json") for row in rows]}))
    else:
        for row in rows:
            typer.echo(_line(row))


@app.command()
def acknowledge(
    alarm: Annotated[str, typer.Argument(help="Name of the alarm, as the page shows it.")],
    stream: Stream = None,
    who: Who = "",
    text: Annotated[str, typer.Option("--text", help="What you did or found.")] = "seen",
    ledger: LedgerUrl = None,
) -> None:
    """Say that you have seen an alarm; this holds until it resolves or worsens."""
    from daq.errors import ConfigError
    from monitor.opslog.acknowledge import subject_of

    if not (alarm.isascii() and alarm.isalnum()):
        msg = f"log acknowledge: got '{alarm}', wanted the name of an alarm, e.g. BackgroundRateExcursion"
        raise ConfigError(msg)
    _write(ledger, kind="acknowledge", who=who or _user(), text=text, subject=subject_of(alarm, stream))


def register(parent: typer.Typer) -> None:
    """Mount the commands of this file."""
    parent.add_typer(app, name="log")


def _write(url: str | None, **entry: object) -> None:
    from monitor.opslog.logbook import LogBook

    book = LogBook(_url(url))
    try:
        row = book.add(**entry)  # type: ignore[arg-type]
    finally:
        book.close()
    typer.echo(_line(row))


def _check_place(url: str | None, run: int | None, burst: int | None) -> None:
    """Refuse a comment on a spill or run that is not there: it would never be seen."""
    from daq.errors import ConfigError
    from monitor.ledger import Ledger

    if burst is not None and run is None:
        msg = f"log add: got --burst {burst} without --run; give both"
        raise ConfigError(msg)
    if run is None:
        return
    with Ledger.open(_url(url), readonly=True) as books:
        there = books.last_burst(run) is not None if burst is None else books.spill(run, burst) is not None
    if not there:
        what = f"run {run}" if burst is None else f"run {run} burst {burst}"
        msg = f"log add: {what} is not in the ledger; see `dumpwatch spills --run {run}`"
        raise ConfigError(msg)


def _url(url: str | None) -> str:
    from daq.config.paths import PathsConfig

    return url or PathsConfig().ledger


def _user() -> str:
    from getpass import getuser

    try:
        return getuser()
    except (KeyError, OSError):  # no such user in the user database
        return "unknown"


def _line(row: LogRow) -> str:
    from datetime import UTC, datetime

    when = datetime.fromtimestamp(row.booked_ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")
    place = "" if row.run is None else f" run {row.run}" + ("" if row.burst is None else f" burst {row.burst}")
    subject = f" {row.subject}" if row.subject else ""
    text = row.text.replace("\n", "\n    ")
    return f"{row.id} {when} UTC {row.who} {row.kind}{place}{subject}: {text}"
