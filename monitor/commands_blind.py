"""`dumpwatch blind`: keys, state and audit of the sealed counters; `commands_blind_open` opens them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.ledger import Ledger
    from monitor.sealed.audit import Witness
    from monitor.sealed.keyring import KeyRing

LedgerUrl = Annotated[str | None, typer.Option("--ledger", help="Database URL; the configured one when not given.")]
Keys = Annotated[
    list[Path] | None,
    typer.Option("--keys", help="Folder of a public key set; may be repeated.", show_default="configured set"),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Head = Annotated[str | None, typer.Option("--head", help="Head of the chain that was written down elsewhere.")]
OpeningsHead = Annotated[str | None, typer.Option("--openings-head", help="Likewise of the opening log.")]


def register(parent: typer.Typer) -> None:
    """Mount the commands of this file and of those beside it."""
    from monitor import commands_blind_checkpoint, commands_blind_events, commands_blind_open

    app = typer.Typer(help="Sealed counters: keys, state, approval, opening, audit.", no_args_is_help=True)
    for command in (keygen, status, audit):
        app.command()(command)
    commands_blind_open.mount(app)
    commands_blind_events.mount(app)
    commands_blind_checkpoint.mount(app)
    parent.add_typer(app, name="blind")


def keygen(
    folder: Annotated[Path, typer.Option("--output", "-o", help="Empty folder for the key set.")],
    custodian: Annotated[list[str], typer.Option(help="Name of a custodian; repeat for each one.")],
    threshold: Annotated[int, typer.Option(help="So many custodians can open.")] = 3,
    demonstration: Annotated[bool, typer.Option("--demonstration", help="Mark it: nothing will be secret.")] = False,
) -> None:
    """Make a key set: public keys for the hosts, a share for each custodian. Best on a machine without network."""
    from monitor.sealed.keygen import make_keys

    public = make_keys(folder, custodian, threshold, demonstration=demonstration)
    typer.echo(f"public keys in {public}: copy them to every host and set [sealing] keys")
    for number, name in enumerate(custodian, start=1):
        typer.echo(f"share of {name} in {folder / f'custodian-{number}'}: hand it over, then remove it here")
    if demonstration:
        typer.echo("DEMONSTRATION KEYS: nothing sealed with them is secret")


def status(ledger: LedgerUrl = None, keys: Keys = None, config: ConfigFile = None, json: Json = False) -> None:
    """Show the state of every compartment; the wording is the same for all that are sealed."""
    from monitor.sealed.glance import glance
    from monitor.sealed.status import lines
    from monitor.sealed.status import status as state_of

    with opened_books(ledger, config) as books:
        rings = rings_of(ledger, keys, config)
        found = state_of(glance(books, rings), rings)
    show(found, lines(found), json)
    raise typer.Exit(1 if found["faults"] else 0)


def audit(
    ledger: LedgerUrl = None,
    keys: Keys = None,
    head: Head = None,
    openings_head: OpeningsHead = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Verify chain, signatures, approvals and opened counts from public data; exit code 1 when anything is wrong."""
    from monitor.sealed.audit import audit as audit_books

    witness = witness_of(head, openings_head)
    with opened_books(ledger, config) as books:
        report = audit_books(books, rings_of(ledger, keys, config), witness)
    show(report.document(), report.lines(), json)
    raise typer.Exit(1 if report.faults else 0)


def show(document: dict[str, Any], lines: Sequence[str], as_json: bool) -> None:
    """Print one of the two forms."""
    from json import dumps

    typer.echo(dumps(document) if as_json else "\n".join(lines))


def opened_books(url: str | None, config: Path | None, *, readonly: bool = True) -> Ledger:
    """Open the ledger that was named, or the configured one."""
    from daq.config import load_config
    from monitor.sealed.books import open_books

    return open_books(url or load_config(config).paths.ledger, readonly=readonly)


def key_folders(url: str | None, keys: list[Path] | None, config: Path | None) -> list[Path]:
    """Folders of the key sets that were named, or of the configured one."""
    from daq.config import load_config
    from monitor.sealed.books import key_folder

    settings = load_config(config)
    place = url or settings.paths.ledger
    return [key_folder(one, settings.sealing.keys, place) for one in keys or (None,)]


def rings_of(url: str | None, keys: list[Path] | None, config: Path | None) -> dict[bytes, KeyRing]:
    """Key sets that were named, or the configured one."""
    from monitor.sealed.books import load_rings

    return load_rings(key_folders(url, keys, config))


def witness_of(head: str | None, openings_head: str | None) -> Witness:
    """Witnessed heads from the command line."""
    from daq.errors import ConfigError
    from monitor.sealed.audit import Witness

    try:
        heads = [bytes.fromhex(text or "") for text in (head, openings_head)]
    except ValueError:
        heads = [b"?"]
    if any(len(one) not in (0, 32) for one in heads):
        msg = "--head, --openings-head: wanted 64 hexadecimal digits, as `dumpwatch blind audit` prints them"
        raise ConfigError(msg)
    return Witness(*heads)
