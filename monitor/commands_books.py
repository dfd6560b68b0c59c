"""`dumpwatch books`: verify, back up, bring up to date. `offline` adds export and import."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands_ledger import ConfigFile, Json, LedgerUrl, open_ledger, print_json, settings

books_app = typer.Typer(help="Look after the ledger: verify, backup, export, import.", no_args_is_help=True)


@books_app.command()
def verify(json: Json = False, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Check every row of the ledger and every sum; exit code 1 when something is wrong."""
    with open_ledger(ledger, config) as books:
        found = books.verify()
    if json:
        print_json({"ledger": books.name, "sound": found.is_sound, **found.model_dump()})
    else:
        for fault in found.faults:
            typer.echo(fault)
        said = "all in order" if found.is_sound else f"{found.n_faults} FAULTS"
        typer.echo(f"ledger {books.name}: {found.n_spills} spills, {found.n_rows} rows: {said}")
    raise typer.Exit(0 if found.is_sound else 1)


@books_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to make; it must not exist.")],
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """Copy the ledger while it is in use, and verify the copy."""
    from monitor.ledger import Ledger

    with open_ledger(ledger, config) as books:
        size = books.backup(file)
    with Ledger.open(f"sqlite:///{file.absolute()}", readonly=True) as copy:
        found = copy.verify()
    said = "all in order" if found.is_sound else f"{found.n_faults} FAULTS: {found.faults[0]}"
    typer.echo(f"{file}: {size} bytes, {found.n_spills} spills, {found.n_rows} rows: {said}")
    raise typer.Exit(0 if found.is_sound else 1)


@books_app.command()
def upgrade(ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Bring a ledger of an older schema up to date: adds tables, leaves every row as it is."""
    from daq.errors import StoreError
    from monitor.ledger import Ledger
    from monitor.ledger.engine import holds_bytes

    url = ledger or settings(config).paths.ledger
    if url.startswith("sqlite") and not holds_bytes(url):
        msg = f"ledger {url}: there is nothing to bring up to date; check --ledger"
        raise StoreError(msg)
    with Ledger.open(url, rules=settings(config).accounting) as books:
        typer.echo(f"ledger {books.name}: up to date, {books.n_spills()} spills")
