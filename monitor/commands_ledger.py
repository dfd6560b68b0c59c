"""`dumpwatch spills` and `dumpwatch pot`: what the ledger holds, for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from monitor.ledger import Ledger, PotRow
    from monitor.spill import Spill
    from monitor.totals import Totals

Run = Annotated[int | None, typer.Option("--run", help="Only this run.", min=1, max=999_999)]
LedgerUrl = Annotated[str | None, typer.Option("--ledger", help="Database URL; the configured one when not given.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.command("spills")(spills)
    app.command("pot")(pot)


def spills(
    run: Run = None,
    last: Annotated[int | None, typer.Option("--last", help="Only the newest N.", min=1)] = None,
    json: Json = False,
    ledger: LedgerUrl = None,
) -> None:
    """List spills of the ledger, with their totals."""
    with _open(ledger) as books:
        rows, totals = books.spills(run, last), books.totals(run)
    if json:
        from monitor.spill import spill_report

        _print_json(spill_report(rows, totals.model_dump(mode="json"), run))
    else:
        _show_spills(rows, totals)


def pot(
    run: Run = None,
    by: Annotated[str, typer.Option("--by", help="spill, run, day or b2.")] = "run",
    json: Json = False,
    csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values on stdout.")] = False,
    ledger: LedgerUrl = None,
) -> None:
    """Sum protons on target; the 20 % error is fully correlated, so it is added linearly."""
    from daq.errors import ConfigError

    if by not in ("spill", "run", "day", "b2"):
        msg = f"pot --by: got '{by}', wanted one of spill, run, day, b2"
        raise ConfigError(msg)
    if json and csv:
        msg = "pot: got both --json and --csv; give one of them"
        raise ConfigError(msg)
    with _open(ledger) as books:
        rows, totals = books.pot(by, run), books.totals(run)  # type: ignore[arg-type]
    if json:
        _print_json({"by": by, "run": run, "rows": [row.model_dump() for row in rows], "totals": totals.model_dump()})
    elif csv:
        _print_csv(rows)
    else:
        _show_pot(by, rows)


def _open(url: str | None) -> Ledger:
    from daq.config.paths import PathsConfig
    from monitor.ledger import Ledger

    return Ledger.open(url or PathsConfig().ledger, readonly=True)


def _print_json(document: object) -> None:
    import json

    typer.echo(json.dumps(document))


def _print_csv(rows: list[PotRow]) -> None:
    import csv
    import sys

    from monitor.ledger import PotRow

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(PotRow.model_fields)
    writer.writerows(row.model_dump().values() for row in rows)


def _show_spills(rows: list[Spill], totals: Totals) -> None:
    from datetime import UTC, datetime

    modes = ", ".join(sorted({row.mode for row in rows})) or "none"
    table = _table(f"{totals.n_spills} spills, {totals.n_incomplete} incomplete; data: {modes}", _protons(totals))
    for name in ("burst", "SOB (UTC)", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("POT e12", "B2 A", "events", "missing", "Q1", "H2", "open"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("quality")
    for row in rows:
        sent = [str(row.triggers[name].sent) if name in row.triggers else "-" for name in ("Q1", "H2")]
        table.add_row(
            f"{row.run}/{row.burst}",
            datetime.fromtimestamp(row.sob_time_ns / 1e9, UTC).strftime("%m-%d %H:%M"),
            "ok" if row.state == "COMPLETE" else "[yellow]PART[/yellow]",
            "-" if row.pot is None else f"{row.pot / 1e12:.3f}",
            "-" if row.b2_current_a is None else f"{row.b2_current_a:.0f}",
            str(row.n_counted),
            str(row.n_missing),
            *sent,
            str(sum(sum(regions.values()) for regions in row.candidates.values())),
            " ".join(row.quality),
        )
    _print(table)


def _table(title: str, caption: str) -> Table:
    """Make a table that fits into 80 columns."""
    from rich.table import Table

    return Table(title=title, caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)


def _print(table: Table) -> None:
    from rich.console import Console

    Console().print(table)


def _protons(totals: Totals) -> str:
    text = f"POT {totals.pot:.3e} +- {totals.pot_error:.1e} (20 %, fully correlated)"
    return text + (f"; {totals.n_without_pot} spills without POT" if totals.n_without_pot else "")


def _show_pot(by: str, rows: list[PotRow]) -> None:
    heading = {"spill": "burst", "run": "run", "day": "day (UTC)", "b2": "B2 [A]"}[by]
    table = _table(f"Protons on target by {by}", "errors: 20 %, fully correlated between spills")
    for name in (heading, "spills", "part", "no POT", "POT", "error", "sum of POT", "error"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        counts = (row.n_spills, row.n_incomplete, row.n_without_pot)
        protons = (row.pot, row.pot_error, row.running_pot, row.running_pot_error)
        table.add_row(row.key, *(str(n) for n in counts), *(f"{n:.3e}" for n in protons))
    _print(table)
