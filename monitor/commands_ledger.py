"""`dumpwatch spills`: what the ledger holds, spill by spill, and how people correct it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from daq.config import Config
    from monitor.ledger import Ledger, Selection

Run = Annotated[int | None, typer.Option("--run", help="Only this run.", min=1, max=999_999)]
LedgerUrl = Annotated[str | None, typer.Option("--ledger", help="Database URL; the configured one when not given.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
QualityOption = Annotated[str, typer.Option("--quality", help="good or all.")]
Day = Annotated[str | None, typer.Option("--day", help="Only this UTC day, YYYY-MM-DD.")]
B2 = Annotated[int | None, typer.Option("--b2", help="Only this B2 setting [A], a multiple of 5.")]
Who = Annotated[str, typer.Option("--who", help="Your name; it is kept.")]
Key = Annotated[str, typer.Argument(metavar="RUN/BURST", help="For example 9001/17.")]

spills_app = typer.Typer(help="List spills of the ledger, with their totals.", invoke_without_command=True)


def register(app: typer.Typer) -> None:
    """Mount the commands about the ledger."""
    from monitor.commands_books import books_app
    from monitor.commands_pot import pot_app

    app.add_typer(spills_app, name="spills")
    app.add_typer(pot_app, name="pot")
    app.add_typer(books_app, name="books")


@spills_app.callback()
def spills(
    context: typer.Context,
    run: Run = None,
    last: Annotated[int | None, typer.Option("--last", help="Only the newest N.", min=1)] = None,
    quality: QualityOption = "all",
    day: Day = None,
    b2: B2 = None,
    json: Json = False,
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """List spills of the ledger, with their totals."""
    if context.invoked_subcommand is not None:
        return
    from monitor.show_spills import show_spills, spills_document
    from monitor.totals import sum_spills

    wanted = selection(run, quality, day, b2)
    with open_ledger(ledger, config) as books:
        if wanted.is_narrow:
            chosen = books.select(wanted)
            rows, totals = chosen[-last:] if last else chosen, sum_spills(spill for spill, _ in chosen)
        else:
            rows, totals = books.select(wanted, last), books.totals(run)
    if json:
        print_json(spills_document(rows, totals, run))
    else:
        show_spills(rows, totals)


@spills_app.command()
def correct(
    spill: Key,
    field: Annotated[str, typer.Option("--field", help="pot, t10_intensity [1e11 protons] or quality.")],
    value: Annotated[str, typer.Option("--value", help="A number; for quality good, bad or auto.")],
    who: Who,
    why: Annotated[str, typer.Option("--why", help="The reason; it is kept.")],
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """Correct a spill by a new row; the old row stays as it is."""
    from monitor.ledger import Note

    with open_ledger(ledger, config, readonly=False) as books:
        row = books.correct(spill_key(spill), Note(who, why, field, None, value))
    note = row.note
    change = "" if note is None else f"{note.field} {note.old} -> {note.new}"
    judged = "good" if row.judgement.good else f"not good ({' '.join(row.judgement.reasons)})"
    typer.echo(f"{spill}: {change}, by {who}: revision {row.revision}, {judged}; the old row is kept")


@spills_app.command()
def history(spill: Key, json: Json = False, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Print every revision of a spill: who, when, why, old and new."""
    from daq.errors import StoreError
    from monitor.show_spills import show_history

    with open_ledger(ledger, config) as books:
        rows = books.history(*spill_key(spill))
    if not rows:
        msg = f"ledger {books.name}: run/burst {spill} is not booked; see `dumpwatch spills`"
        raise StoreError(msg)
    if json:
        print_json({"spill": spill, "revisions": [row.model_dump() for row in rows]})
    else:
        show_history(spill, rows)


def settings(config: Path | None) -> Config:
    """Read the configuration file, or take the defaults."""
    from daq.config import load_config

    return load_config(config)


def open_ledger(url: str | None, config: Path | None, *, readonly: bool = True) -> Ledger:
    """Open the ledger of a command: the given URL, else that of the configuration."""
    from monitor.ledger import Ledger

    chosen = settings(config)
    return Ledger.open(url or chosen.paths.ledger, readonly=readonly, rules=chosen.accounting)


def selection(run: int | None, quality: str, day: str | None, b2: int | None) -> Selection:
    """Check the options that select spills.

    Raises
    ------
    ConfigError
    """
    from datetime import date

    from daq.errors import ConfigError
    from monitor.ledger import Selection

    if quality not in ("good", "all"):
        msg = f"--quality: got '{quality}', wanted good or all"
        raise ConfigError(msg)
    try:
        day = None if day is None else str(date.fromisoformat(day))
    except ValueError as error:
        msg = f"--day: got '{day}', wanted a day as YYYY-MM-DD"
        raise ConfigError(msg) from error
    return Selection(run, "good" if quality == "good" else "all", day, b2)


def spill_key(text: str) -> tuple[int, int]:
    """Read RUN/BURST.

    Raises
    ------
    ConfigError
    """
    from daq.errors import ConfigError

    run, _, burst = text.partition("/")
    if not (run.isdecimal() and burst.isdecimal()):
        msg = f"spill: got '{text}', wanted RUN/BURST, for example 9001/17"
        raise ConfigError(msg)
    return int(run), int(burst)


def print_json(document: object) -> None:
    """Print one JSON document."""
    import json

    typer.echo(json.dumps(document))
