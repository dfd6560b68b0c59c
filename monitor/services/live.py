"""`dumpwatch live`: the four roles on this machine, and the report at the end."""

from __future__ import annotations

import json
import logging
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from daq.config import Config, render_config
from daq.errors import ConfigError, DumpwatchError
from daq.recording.lock import FolderLock
from daq.source.modes import RunMode
from daq.source.scenario import load_scenario, n_taken
from monitor.ledger import Ledger
from monitor.opslog.token import write_token
from monitor.sealed.books import demonstration_keys
from monitor.sealed.keygen import make_keys
from monitor.services.listen import check_host, listen
from monitor.services.progress import spill_progress
from monitor.services.roles import Endpoints, guard_configured_mask
from monitor.services.spool import spool_folder
from monitor.services.supervisor import Role, Supervisor
from monitor.spill import Spill, spill_report
from monitor.totals import sum_spills
from streaming.transport import runtime_endpoints

log = logging.getLogger(__name__)

STOP_ORDER = ("source", "worker", "collector", "monitor")
"""Upstream first, so that everything that was begun is committed before the next one stops."""


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """Options of `dumpwatch live`; None stands for the default."""

    spills: int | None
    cycle_seconds: float
    workers: int | None
    seed: int | None
    run: int | None
    b2_current_a: float | None
    scenario: str | None
    mode: RunMode
    record: Path | None
    ledger: str | None
    host: str
    port: int
    as_json: bool


@dataclass(slots=True)
class Chain:
    """Roles of one machine and what they share."""

    config: Config
    ledger_url: str
    folder: Path
    endpoints: Endpoints
    roles: list[Role] = field(default_factory=list)

    def add(self, name: str, *arguments: str, one_shot: bool = False) -> None:
        """Add a role; its first argument is its command."""
        common = ["--config", str(self.folder / "config.toml"), "--role-name", name]
        self.roles.append(Role(name, [*arguments, *common], one_shot))

    def add_back_end(self, workers: int) -> None:
        """Add collector and workers."""
        at = self.endpoints
        meeting = at.options(("results", "control", "display"))
        self.add("collector", "collector", "--ledger", self.ledger_url, *meeting)
        for index in range(workers):
            self.add(f"worker-{index}", "worker", *at.options(("work", "results")))


@contextmanager
def work_place(config: Config, ledger_url: str) -> Iterator[Chain]:
    """Private folder with sockets and the effective configuration, removed afterwards."""
    parent = config.paths.runtime or os.environ.get("XDG_RUNTIME_DIR") or None
    try:
        place = tempfile.TemporaryDirectory(prefix="dumpwatch-", dir=parent)
    except OSError as error:
        msg = f"runtime folder {parent}: can't be used ({error.strerror}); set paths.runtime to a writable folder"
        raise ConfigError(msg) from None
    with place as name:
        folder = Path(name)
        config = with_keys(with_token(config, folder), folder, ledger_url)
        (folder / "config.toml").write_text(render_config(config), encoding="utf-8")
        yield Chain(config, ledger_url, folder, Endpoints(**runtime_endpoints(folder)))


def with_token(config: Config, folder: Path) -> Config:
    """Give the operators a token for as long as the chain runs, where none is configured."""
    if config.monitor.token_file:
        return config
    path = folder / "operators.token"
    write_token(path)
    return config.model_copy(update={"monitor": config.monitor.model_copy(update={"token_file": str(path)})})


def with_keys(config: Config, folder: Path, ledger_url: str) -> Config:
    """Give the chain demonstration keys, where none are configured: beside its ledger, or for as long as it runs."""
    if config.sealing.keys:
        return config
    keys = (
        demonstration_keys(ledger_url) if ledger_url else make_keys(folder / "keys", ["a", "b"], 2, demonstration=True)
    )
    return config.model_copy(update={"sealing": config.sealing.model_copy(update={"keys": str(keys)})})


def run_live(config: Config, options: LiveOptions) -> int:
    """Run until the spills are booked or a stop is asked for; returns the exit code."""
    if options.b2_current_a is not None:
        beam = config.beam.model_copy(update={"b2_current_a": options.b2_current_a})
        config = config.model_copy(update={"beam": beam})
    # a wrong scenario is refused before anything is started
    scenario = load_scenario(options.scenario, config.beam) if options.scenario else None
    ledger_url = options.ledger or config.paths.ledger
    ledger = Ledger.open(ledger_url)
    lock = FolderLock(spool_folder(ledger_url), ".lock", 0.0, "is feeding this ledger")
    run = options.run or (ledger.last_run() or 0) + 1
    first = (ledger.last_burst(run) or 0) + 1
    last = first + options.spills - 1 if options.spills else None
    n_wanted = n_taken(scenario, first, last, config.beam) if last else None
    check_folder(options.record)
    # a page that can't or may not be served is known before the first spill
    listener = listen(options.host, options.port)
    check_host(listener, config.monitor)
    listener.close()
    with work_place(config, ledger_url) as chain:
        guard_configured_mask(chain.config)
        chain.add_back_end(options.workers or default_workers())
        monitor = ["--ledger", ledger_url, "--host", options.host, "--port", str(options.port)]
        chain.add("monitor", "monitor", *monitor, *chain.endpoints.options(("display",)))
        chain.add("source", *_source_arguments(chain, options, run, first, last), one_shot=True)
        say = _announcer(options, chain.config.monitor.token_file)
        log.info("starting; the first start on a machine compiles its kernels, which takes up to a minute")
        try:
            code = run_chain(chain, say, lambda: ledger.n_spills(run, first), n_wanted)
        finally:
            _report(options, ledger.spills(run=run, first_burst=first), run)
    ledger.close()
    lock.release()
    return code


def _report(options: LiveOptions, spills: list[Spill], run: int) -> None:
    """Print what was booked, also when the chain failed."""
    totals = sum_spills(spills)
    if options.as_json:
        sys.stdout.write(json.dumps(spill_report(spills, totals.model_dump(mode="json"), run)) + "\n")
        return
    sys.stdout.write(
        f"run {run}: {totals.n_spills} spills booked, {totals.n_complete} complete, {totals.n_events} events, "
        f"{totals.n_missing} missing, {totals.pot:.3g} POT\n{_biased(spills)}"
    )


def run_chain(
    chain: Chain, on_ready: Callable[[Supervisor], None], n_booked: Callable[[], int], wanted: int | None
) -> int:
    """Supervise a chain until its source is done or a signal asks to stop; returns the exit code."""
    config = chain.config
    supervisor = Supervisor(chain.folder, chain.roles, config.streaming.drain_seconds, log_level())
    _on_signals(supervisor)
    source = supervisor.roles["source"]
    supervisor.start()
    try:
        with spill_progress(wanted, n_booked) as tick:
            supervisor.run(lambda: tick() or source.result is not None, lambda: on_ready(supervisor))
        code = supervisor.stop(STOP_ORDER)
    except DumpwatchError:
        supervisor.stop(STOP_ORDER)
        raise
    finally:
        supervisor.kill()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    return 1 if code else source.result or 0


def default_workers() -> int:
    """All cores but one, at least one, at most four."""
    return max(1, min(4, (os.cpu_count() or 2) - 1))


def check_folder(folder: Path | None) -> None:
    """Make sure that a folder can be written.

    Raises
    ------
    ConfigError
    """
    if folder is None:
        return
    probe = folder / f".probe-{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        probe.unlink()
    except OSError as error:
        msg = f"--record {folder}: can't be written ({error.strerror}); give a writable folder"
        raise ConfigError(msg) from None


def log_level() -> str:
    """Log level of this process, for the roles."""
    return logging.getLevelName(logging.getLogger().level).lower()


def _source_arguments(chain: Chain, options: LiveOptions, run: int, first: int, last: int | None) -> list[str]:
    journals = options.record or spool_folder(chain.ledger_url)
    arguments = ["source", "--run", str(run), "--first", str(first), "--journals", str(journals)]
    arguments += ["--seed", str(run if options.seed is None else options.seed), "--cycle", str(options.cycle_seconds)]
    arguments += ["--last", str(last)] if last is not None else []
    arguments += ["--keep"] if options.record else []
    arguments += ["--scenario", options.scenario] if options.scenario else []
    arguments += ["--mode", options.mode.value]
    return [*arguments, *chain.endpoints.options(("work", "control"))]


def _biased(spills: Sequence[Spill]) -> str:
    """Say what biased bursts stand for; it is no beam and stands on a line of its own."""
    equivalent = sum(spill.equivalent_pot or 0.0 for spill in spills)
    return f"biased bursts that stand for {equivalent:.3g} POT; nothing of it was on target\n" if equivalent else ""


def _announcer(options: LiveOptions, token_file: str) -> Callable[[Supervisor], None]:
    def announce(supervisor: Supervisor) -> None:
        monitor = supervisor.roles["monitor"]
        port = monitor.facts.get("port", str(options.port))
        # a monitor that has to be started again comes back where its viewers look for it
        at = list(monitor.arguments).index("--port") + 1
        monitor.arguments = [*monitor.arguments[:at], port, *monitor.arguments[at + 1 :]]
        stream = sys.stderr if options.as_json else sys.stdout
        stream.write(f"dumpwatch is live: http://{options.host}:{port}/  (Ctrl-C drains and stops)\n")
        stream.write(f"to comment or acknowledge on the page, use the token in {token_file}\n")
        stream.flush()

    return announce


def _on_signals(supervisor: Supervisor) -> None:
    asked: list[int] = []

    def on_signal(number: int, _frame: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            supervisor.kill()
        supervisor.request_stop()

    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
