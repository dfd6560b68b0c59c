"""`dumpwatch blind checkpoint`: a signed statement of what a ledger holds, to be kept by others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.commands_blind import ConfigFile, Json, Keys, LedgerUrl, key_folders, opened_books, rings_of, show


def mount(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.command()(checkpoint)


def checkpoint(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="New file: make a checkpoint.")] = None,
    verify: Annotated[list[Path] | None, typer.Option(help="Hold the ledger to this file; may be repeated.")] = None,
    ledger: LedgerUrl = None,
    keys: Keys = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a signed checkpoint (-o, with the key of the host), or hold the ledger to one (--verify)."""
    from daq.errors import ConfigError

    if (output is None) == (not verify):
        msg = "checkpoint: wanted -o FILE, or --verify FILE"
        raise ConfigError(msg)
    if output is not None:
        document, lines, faults = _make(output, ledger, keys, config)
    else:
        document, lines, faults = _verify(verify or [], ledger, keys, config)
    show(document, lines, json)
    raise typer.Exit(1 if faults else 0)


_Answer = tuple[dict[str, object], list[str], list[str]]
"""Document, lines for people, faults."""


def _make(output: Path, ledger: str | None, keys: list[Path] | None, config: Path | None) -> _Answer:
    import time

    from monitor.commands_blind_open import write_new
    from monitor.sealed.checkpoint import make
    from monitor.sealed.keyring import KeyRing, load_host_key

    folder = key_folders(ledger, keys, config)[0]
    with opened_books(ledger, config) as books:
        made = make(books, KeyRing.load(folder), load_host_key(folder), time.time_ns())
    write_new(output, made.model_dump_json(by_alias=True, indent=1))
    return made.model_dump(mode="json", by_alias=True), [*made.describe(), f"written: {output}; mail it"], []


def _verify(files: list[Path], ledger: str | None, keys: list[Path] | None, config: Path | None) -> _Answer:
    from monitor.commands_blind_open import read_given
    from monitor.sealed.audit import audit
    from monitor.sealed.checkpoint import Checkpoint
    from monitor.sealed.checkpoint import verify as verify_one

    given, rings = [Checkpoint.read(read_given(path)) for path in files], rings_of(ledger, keys, config)
    with opened_books(ledger, config) as books:
        # a checkpoint believes the heads of the ledger; the audit verifies that they follow
        faults = [fault for one in given for fault in verify_one(one, books, rings)] + [*audit(books, rings).faults]
    lines = [line for one in given for line in one.describe()]
    verdict = f"{len(faults)} faults" if faults else "the ledger holds what it held then; no fault found"
    return {"good": not faults, "faults": faults}, [*lines, verdict, *(f"  {fault}" for fault in faults)], faults
