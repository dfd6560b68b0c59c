"""`dumpwatch books export` and `dumpwatch books import`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands_books import books_app
from monitor.commands_ledger import ConfigFile, LedgerUrl, open_ledger

File = Annotated[Path, typer.Argument(help="File that ends in .csv, .json or .parquet.")]


@books_app.command("export")
def export_file(file: File, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Write every row of the ledger, corrections included, to a new file."""
    from offline.ledger_files import export_books

    with open_ledger(ledger, config) as books:
        n = export_books(books, file)
    typer.echo(f"{file}: {n} rows")


@books_app.command("import")
def import_file(file: File, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Book the rows of an exported file: all of them or, when one is bad, none."""
    from offline.ledger_files import import_books

    with open_ledger(ledger, config, readonly=False) as books:
        done = import_books(books, file)
        typer.echo(f"{file}: {done.n_new} rows booked in {books.name}, {done.n_already} were there already")
