"""`dumpwatch books export` and `dumpwatch books import`: the books, the sealed spills, the opening log."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands_books import books_app
from monitor.commands_ledger import ConfigFile, LedgerUrl, open_ledger

File = Annotated[Path, typer.Argument(help="File that ends in .csv, .json or .parquet.")]


@books_app.command("export")
def export_file(file: File, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Write every row of the ledger, corrections included, to a new file; the sealed part to two files beside it."""
    from offline.ledger_files import export_books, openings_file, sealed_file

    with open_ledger(ledger, config) as books:
        done = export_books(books, file)
    typer.echo(f"{file}: {done.n_rows} rows")
    typer.echo(f"{sealed_file(file)}: {done.n_sealed} sealed spills")
    typer.echo(f"{openings_file(file)}: {done.n_openings} lines of the opening log")


@books_app.command("import")
def import_file(file: File, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Book the rows of an exported file with its sealed part beside it: everything or, when one row is bad, nothing."""
    from offline.ledger_files import import_books, sealed_file

    with open_ledger(ledger, config, readonly=False) as books:
        done = import_books(books, file)
        typer.echo(f"{file}: {done.n_new} rows booked in {books.name}, {done.n_already} were there already")
    for brought, what in ((done.sealed, "sealed spills"), (done.openings, "lines of the opening log")):
        if brought is not None:
            typer.echo(f"{what}: {brought.n_new} taken over, {brought.n_already} were there already")
    if done.sealed is None:
        typer.echo(
            f"{sealed_file(file)} is not there: an export of an older version, or a file left behind. The rows have no "
            "sealed counts here, and `dumpwatch blind audit` will name those that should"
        )
