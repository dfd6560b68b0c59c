"""`dumpwatch alarms`: make a reference from recorded spills, look at the alarms of a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from daq.config import Config
    from monitor.alarms.desk import AlarmDesk
    from monitor.alarms.reference import Reference

alarms_app = typer.Typer(no_args_is_help=True, help="Excursions of background rates: calibrate and look.")

Run = Annotated[list[int] | None, typer.Option("--run", help="Only this run; may be given several times.", min=1)]
LedgerUrl = Annotated[str | None, typer.Option("--ledger", help="Database URL; the configured one when not given.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file")]


def register(app: typer.Typer) -> None:
    """Mount the commands of this file."""
    app.add_typer(alarms_app, name="alarms")


@alarms_app.command("calibrate")
def calibrate(
    run: Run = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write the reference here (TOML).")] = None,
    rebase: Annotated[bool, typer.Option("--rebase", help="Put it into force: a line of the operations log.")] = False,
    who: Annotated[str, typer.Option("--who", help="Who answers for it.")] = "",
    why: Annotated[str, typer.Option("--why", help="Why the reference changes.")] = "",
    json: Json = False,
    ledger: LedgerUrl = None,
    config: ConfigFile = None,
) -> None:
    """Measure rates and noise of good spills, set the limits, print the predicted false-alarm rate."""
    import time

    from daq.config import load_config
    from daq.errors import ConfigError
    from monitor.alarms.calibrate import calibrate as make
    from monitor.alarms.rebase import rebase as write
    from monitor.ledger import Ledger

    if rebase and not (who.strip() and why.strip()):
        msg = "alarms calibrate --rebase: got no --who or no --why; a reference that is put into force needs both"
        raise ConfigError(msg)
    settings = load_config(config)
    with Ledger.open(ledger or settings.paths.ledger, readonly=not rebase) as books:
        wanted: list[int | None] = [*run] if run else [None]
        spills = [spill for one in wanted for spill in books.spills(one, None)]
        reference = make(spills, settings.alarms, who.strip() or "not said", time.time_ns(), why.strip())
        if rebase:
            write(books, reference, who.strip(), why.strip())
    if out is not None:
        _write(out, reference)
    _show_reference(reference, settings, in_force=rebase, as_json=json)


@alarms_app.command("show")
def show(json: Json = False, ledger: LedgerUrl = None, config: ConfigFile = None) -> None:
    """Judge the newest spills of a ledger, as the monitor does, and list streams and alarms."""
    from daq.config import load_config
    from monitor.alarms.desk import AlarmDesk, Booked
    from monitor.alarms.rebase import KIND, SUBJECT, reference_in_force
    from monitor.ledger import Ledger

    settings = load_config(config)
    with Ledger.open(ledger or settings.paths.ledger, readonly=True) as books:
        reference = reference_in_force(books.log(kind=KIND, subject=SUBJECT, last=1))
        desk = AlarmDesk(settings.alarms, reference)
        for spill in books.spills(None, settings.alarms.history_spills):
            desk.feed(Booked(spill))
    _show_desk(desk, as_json=json)


def _write(path: Path, reference: Reference) -> None:
    from daq.errors import StoreError

    try:
        path.write_text(reference.to_toml(), encoding="utf-8")
    except OSError as error:
        msg = f"alarms calibrate: {path} cannot be written ({error.strerror}); give another file with -o"
        raise StoreError(msg) from error


def _show_reference(reference: Reference, settings: Config, *, in_force: bool, as_json: bool) -> None:
    from monitor.alarms.rules import make_rules

    rules = make_rules(settings.alarms, reference, "")
    predicted = {name: rules.predicted(name) for name in settings.alarms.streams}
    if as_json:
        import json

        document = {
            "reference": reference.model_dump(mode="json"),
            "predicted_false_alarms_per_week": predicted,
            "predicted_sum": rules.predicted_sum(),
            "in_force": in_force,
        }
        typer.echo(json.dumps(document))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("stream", "per 1e12", "per spill", "noise %", "rho", "used %", "var/Poisson", "limits", "false/week"):
        table.add_column(name, justify="left" if name == "stream" else "right", no_wrap=True)
    for name, one in reference.streams.items():
        view, charts = reference.view(name), rules.charts.get(name, ())
        table.add_row(
            name,
            f"{view.mean_per_1e12_pot:.5g}",
            f"{one.mean:.4g}",
            f"{100 * one.phi**0.5:.2f}",
            f"{one.rho:.2f}",
            f"{100 * one.phi_eff**0.5:.2f}",
            f"{one.overdispersion:.3g}",
            " ".join(f"x{chart.factor:g}:{chart.limit:.1f}" for chart in charts) or "none",
            f"{predicted.get(name, 0.0):.3f}",
        )
    console = Console()
    console.print(table)
    runs = ", ".join(f"{run}/{first}-{last}" for run, first, last in reference.provenance.runs)
    console.print(f"{reference.n_spills} good spills, mode {reference.provenance.mode}: {runs}")
    console.print(
        f"predicted false pages a week, ratios included: {rules.predicted_sum():.2f}, "
        f"budget {settings.alarms.pages_per_week:g}, one spill per {settings.alarms.cadence_seconds:g} s"
    )
    console.print("in force from now on" if in_force else "not in force: give --rebase --who --why to use it")


def _show_desk(desk: AlarmDesk, *, as_json: bool) -> None:
    streams, alarms, rare = desk.streams(), desk.alarms(), desk.rare()
    if as_json:
        import json

        typer.echo(
            json.dumps(
                {
                    "streams": [one.model_dump(mode="json") for one in streams],
                    "alarms": [one.model_dump(mode="json") for one in alarms],
                    "rare": rare.model_dump(mode="json"),
                }
            )
        )
        return
    from rich.console import Console

    from monitor.alarms.model import State

    console = Console(highlight=False, soft_wrap=True)
    for one in streams:
        console.print(f"{one.name:9} {one.state:8} {one.reason}")
    raised = [alarm for alarm in alarms if alarm.state in (State.WARN, State.ALARM)]
    console.print(f"{len(raised)} of {len(alarms)} alarms are raised")
    for alarm in raised:
        which = f"{alarm.name}:{alarm.stream}" if alarm.stream else alarm.name
        console.print(f"{alarm.state} {which} since {alarm.since_run}/{alarm.since_burst}: {alarm.text}")
        console.print(f"  do: {alarm.action}")
    console.print(f"rare: {rare.text}")
    for counter in rare.counters:
        wanted = "-" if counter.expected is None else f"{counter.expected:.2f} +- {counter.expected_error:.2f}"
        console.print(f"  {counter.channel:9} observed {counter.observed}, expected {wanted}")
