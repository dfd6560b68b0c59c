"""`dumpwatch blind approve|open|drill`: the ceremony of an opening. There is no other way to open."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.commands_blind import (
    ConfigFile,
    Head,
    Json,
    Keys,
    LedgerUrl,
    OpeningsHead,
    key_folders,
    opened_books,
    rings_of,
    show,
    witness_of,
)
from monitor.commands_blind_events import EventWish, Recordings, Where, read_found, write_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from monitor.sealed.block import Limits
    from monitor.sealed.open import Opened, Request
    from monitor.sealed.statement import Statement

StatementFile = Annotated[Path | None, typer.Argument(help="Statement, see `approve --new`.")]
Custodians = Annotated[list[Path] | None, typer.Option("--custodian", help="File of a custodian; may be repeated.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="New file to write.")]
First = Annotated[int, typer.Option("--first", help="First spill of the block, by its place in the chain.", min=0)]
Last = Annotated[int | None, typer.Option("--last", help="Last spill.", min=0, show_default="the newest")]
MinSpills = Annotated[
    int | None,
    typer.Option("--min-spills", help="Smaller blocks; demonstration keys only.", min=0, show_default="1000"),
]
MinPot = Annotated[
    float | None,
    typer.Option("--min-pot-fraction", help="Likewise, of all protons.", min=0, max=1, show_default="0.1"),
]


def mount(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.command()(approve)
    app.command("open")(open_statement)
    app.command()(drill)


def approve(
    statement: StatementFile = None,
    custodian: Custodians = None,
    output: Output = None,
    new: Annotated[bool, typer.Option("--new", help="Make a statement from the ledger instead of signing.")] = False,
    channel: Annotated[str | None, typer.Option(help="With --new: mumu, ee, ..., or drill.")] = None,
    stage: Annotated[str | None, typer.Option(help="With --new: CR, CR_VALIDATION, SR or DRILL.")] = None,
    first: First = 0,
    last: Last = None,
    expected: Annotated[str | None, typer.Option(help="With --new: expected background of region and block.")] = None,
    min_p: Annotated[str | None, typer.Option(help="With --new: CR agrees at P(N >= n) of this or more.")] = None,
    days: Annotated[float, typer.Option(help="With --new: approvals hold so long.", min=0.001, max=366)] = 7.0,
    accept_incomplete: Annotated[
        int, typer.Option(help="With --new: so many spills of the block have incomplete sealed counts.", min=0)
    ] = 0,
    ledger: LedgerUrl = None,
    keys: Keys = None,
    config: ConfigFile = None,
) -> None:
    """Make a statement (--new), or sign one as a custodian."""
    import time

    from daq.errors import ConfigError
    from monitor.sealed.draft import Wish

    if new:
        if statement or custodian or not (channel and stage and output):
            msg = "approve --new: wanted --channel, --stage and -o FILE, and nothing to sign"
            raise ConfigError(msg)
        rule = (_number("--expected", expected), _number("--min-p", min_p, highest=1.0))
        wish = Wish(channel, _stage(stage), first, last, *rule, time.time_ns(), days, accept_incomplete)
        made = _draft(wish, ledger, keys, config)
        write_new(output, made.model_dump_json(by_alias=True, indent=1))
    else:
        if not (statement and custodian and len(custodian) == 1 and output):
            msg = "approve: wanted STATEMENT, one --custodian FILE and -o FILE; or --new"
            raise ConfigError(msg)
        made = _sign(statement, custodian[0], output)
    typer.echo("\n".join(made.describe()))


def open_statement(
    statement: Annotated[Path, typer.Argument(help="Statement that was approved.")],
    approval: Annotated[list[Path], typer.Option(help="File of an approval; repeat for each one.")],
    custodian: Annotated[list[Path], typer.Option(help="File of a custodian; repeat for each one.")],
    ledger: LedgerUrl = None,
    keys: Keys = None,
    config: ConfigFile = None,
    head: Head = None,
    openings_head: OpeningsHead = None,
    recount: Annotated[bool, typer.Option("--recount/--no-recount", help="Reconstruct the opened events.")] = True,
    events: Annotated[
        Path | None, typer.Option("--events", help="New folder for the opened events, as `blind events` writes it.")
    ] = None,
    recordings: Recordings = None,
    min_spills: MinSpills = None,
    min_pot_fraction: MinPot = None,
    json: Json = False,
) -> None:
    """Open what a statement names, once, with the shares of enough custodians."""
    import time

    from daq.config import load_config
    from monitor.sealed.keyring import Custodian
    from monitor.sealed.open import Request, open_block
    from monitor.sealed.recount import Recounter
    from monitor.sealed.statement import Approval, Statement

    request = Request(
        statement=Statement.read(read_given(statement)),
        approvals=tuple(Approval.read(read_given(path)) for path in approval),
        custodians=tuple(Custodian.load(path) for path in custodian),
        limits=_limits(min_spills, min_pot_fraction),
        recounter=Recounter(load_config(config)) if recount else None,
        witness=witness_of(head, openings_head),
    )
    rings = rings_of(ledger, keys, config)
    _check_events(request, events)
    with opened_books(ledger, config, readonly=False) as books:
        opened = open_block(books, rings, request, time.time_ns())
    written: list[str] = []
    try:
        if events is not None:
            wish = EventWish(
                tuple(one.compartment for one in opened.done.opened), request.custodians, request.statement
            )
            found = read_found(wish, recordings, Where(ledger, keys, config, request.witness))
            written = write_found(events, found)
    finally:  # the opening is booked, so it is shown whatever becomes of the files
        _show(opened, request.limits, json, written)


def drill(
    custodian: Custodians = None,
    first: First = 0,
    last: Last = None,
    ledger: LedgerUrl = None,
    keys: Keys = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Practise an opening: the drill compartment holds known numbers, and is opened as any other one.

    It may be opened as often as wanted. With demonstration keys the files of the custodians are found beside them.
    """
    import time

    from daq.errors import PolicyError
    from monitor.sealed.block import RULE
    from monitor.sealed.books import demonstration_custodians
    from monitor.sealed.draft import Wish
    from monitor.sealed.keyring import Custodian
    from monitor.sealed.open import Request, open_block
    from monitor.sealed.rules import ring_of
    from monitor.sealed.statement import approve as sign

    made = _draft(Wish("drill", "DRILL", first, last, not_before_ns=time.time_ns(), days=1.0), ledger, keys, config)
    rings = rings_of(ledger, keys, config)
    ring = ring_of(made, rings)
    public = key_folders(ledger, keys, config)[list(rings.values()).index(ring)]
    people = [Custodian.load(path) for path in custodian or []] or demonstration_custodians(public, ring)
    request = Request(made, tuple(sign(made, one) for one in people), tuple(people))
    with opened_books(ledger, config, readonly=False) as books:
        opened = open_block(books, rings, request, time.time_ns())
    _show(opened, RULE, json)
    if opened.done.recount != "agrees":
        msg = "drill: the opened numbers are not the known ones; find out why before anything else is opened"
        raise PolicyError(msg)


def _draft(wish: Any, ledger: str | None, keys: list[Path] | None, config: Path | None) -> Statement:  # noqa: ANN401
    from monitor.sealed.audit import examine
    from monitor.sealed.draft import draft

    rings = rings_of(ledger, keys, config)
    with opened_books(ledger, config) as books:
        return draft(wish, examine(books, rings), rings)


def _sign(statement: Path, custodian: Path, output: Path) -> Statement:
    from monitor.sealed.keyring import Custodian
    from monitor.sealed.statement import Statement
    from monitor.sealed.statement import approve as sign

    made = Statement.read(read_given(statement))
    write_new(output, sign(made, Custodian.load(custodian)).model_dump_json(indent=1))
    return made


def _stage(name: str) -> Any:  # noqa: ANN401 - one of the literals of StageName
    from typing import get_args

    from daq.errors import ConfigError
    from monitor.sealed.statement import StageName

    if name not in get_args(StageName):
        msg = f"--stage: got '{name}', wanted one of {', '.join(get_args(StageName))}"
        raise ConfigError(msg)
    return name


def _number(option: str, text: str | None, highest: float = float("inf")) -> str | None:
    """Text of a number as it was typed: there is one form of what is signed."""
    from decimal import Decimal, InvalidOperation

    from daq.errors import ConfigError

    try:
        good = text is None or (Decimal(text).is_finite() and 0 <= Decimal(text) <= highest)
    except InvalidOperation:
        good = False
    if not good:
        most = "0 or more" if highest == float("inf") else f"0 to {highest:g}"
        msg = f"{option}: got '{text}', wanted a decimal number, {most}"
        raise ConfigError(msg)
    return text


def _limits(spills: int | None, pot_fraction: float | None) -> Limits:
    from monitor.sealed.block import RULE, Limits

    return Limits(
        RULE.spills if spills is None else spills, RULE.pot_fraction if pot_fraction is None else pot_fraction
    )


def read_given(path: Path) -> bytes:
    """Content of a file that was named.

    Raises
    ------
    ConfigError
    """
    from daq.errors import ConfigError

    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read ({error.strerror}); give an existing file"
        raise ConfigError(msg) from None


def write_new(path: Path, text: str) -> None:
    """Write a new file.

    Raises
    ------
    ConfigError
    """
    from daq.errors import ConfigError

    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except OSError as error:
        msg = f"{path}: cannot be written ({error.strerror}); give a new file in a folder that may be written"
        raise ConfigError(msg) from None


def _check_events(request: Request, folder: Path | None) -> None:
    """Refuse before anything is opened what would fail afterwards."""
    from daq.errors import ConfigError

    if folder is None:
        return
    if request.statement.stage not in ("CR", "SR") or request.recounter is None:
        msg = "--events: wanted an opening of a CR or SR with --recount; others have no events to write"
        raise ConfigError(msg)
    if folder.exists():
        msg = f"--events {folder}: exists already; give a new folder"
        raise ConfigError(msg)


def _show(opened: Opened, limits: Limits, as_json: bool, written: Sequence[str] = ()) -> None:
    from monitor.sealed.audit import found

    done = opened.done
    text = [f"{done.statement.title}: {found(done)}"]
    text += ["DEMONSTRATION: the least size of a block was lowered"] if limits.lowered else []
    for event in opened.events:
        tracks = ", ".join(f"{track['charge']:+d} {track['p']:.1f} GeV/c" for track in event["tracks"])
        text.append(f"  {event['compartment']} run {event['run']} burst {event['burst']} "
                    f"event {event['event_number']}: {tracks}")  # fmt: skip
    more = {"events": opened.events, "lowered": limits.lowered, "written": list(written)}
    show(done.model_dump(mode="json", by_alias=True) | more, [*text, *written], as_json)
