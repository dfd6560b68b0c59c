"""`dumpwatch blind events`: the events of a compartment that is open."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.commands_blind import (
    ConfigFile,
    Head,
    Json,
    Keys,
    LedgerUrl,
    OpeningsHead,
    opened_books,
    rings_of,
    show,
    witness_of,
)

if TYPE_CHECKING:
    from monitor.sealed.audit import Witness
    from monitor.sealed.event_files import FoundEvents
    from monitor.sealed.keyring import Custodian
    from monitor.sealed.statement import Statement

Recordings = Annotated[
    Path | None,
    typer.Option("--recordings", help="Folder of recordings: their sealed files hold what found no slot."),
]


def mount(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.command()(events)


def events(
    compartment: Annotated[str, typer.Argument(help="An open one, as `status` names it: mumu/CR.")],
    custodian: Annotated[list[Path], typer.Option(help="File of a custodian; repeat for each one.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="New folder for an Arrow and a JSON file.")
    ] = None,
    recordings: Recordings = None,
    ledger: LedgerUrl = None,
    keys: Keys = None,
    config: ConfigFile = None,
    head: Head = None,
    openings_head: OpeningsHead = None,
    json: Json = False,
) -> None:
    """Show the events of an open compartment; refused for a sealed one, whatever is in it."""
    from monitor.sealed.keyring import Custodian

    where = Where(ledger, keys, config, witness_of(head, openings_head))
    wish = EventWish((compartment,), tuple(Custodian.load(path) for path in custodian))
    found = read_found(wish, recordings, where)
    written = write_found(output, found) if output is not None else []
    text = [line for one in found for line in one.lines()]
    show({"openings": [one.document for one in found], "written": written}, [*text, *written], json)


@dataclass(frozen=True, slots=True)
class Where:
    """Ledger, keys and configuration as they were given; None takes the configured ones."""

    ledger: str | None
    keys: list[Path] | None
    config: Path | None
    witness: Witness


@dataclass(frozen=True, slots=True)
class EventWish:
    """Compartments, the custodians who bring their shares, and of which opening; None: of all of them."""

    compartments: tuple[str, ...]
    people: tuple[Custodian, ...]
    statement: Statement | None = None


def read_found(wish: EventWish, recordings: Path | None, where: Where) -> list[FoundEvents]:
    """Events of open compartments, with what people read of them."""
    from daq.config import load_config
    from monitor.sealed.audit import examine
    from monitor.sealed.candidate_table import CandidateTable
    from monitor.sealed.event_files import FoundEvents
    from monitor.sealed.opened_events import Reading, read_events
    from monitor.sealed.recount import Recounter

    settings, rings = load_config(where.config), rings_of(where.ledger, where.keys, where.config)
    reading, table = Reading(wish.people, Recounter(settings), recordings, wish.statement), CandidateTable(settings)
    with opened_books(where.ledger, where.config) as books:
        seen = examine(books, rings, where.witness)
        found = [opened for name in wish.compartments for opened in read_events(books, rings, seen, name, reading)]
    return [FoundEvents.of(opened, table) for opened in found]


def write_found(folder: Path, found: list[FoundEvents]) -> list[str]:
    """Write two files for each block and compartment; says which, and what is missing in them."""
    from monitor.sealed.event_files import new_folder

    new_folder(folder)
    return [line for one in found for line in (*one.notes(), *(f"written: {path}" for path in one.write(folder)))]
