"""Runs roles as processes: starts them, waits until they are ready, restarts what dies, stops them in order."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daq.errors import ConfigError, TransportError

log = logging.getLogger(__name__)

FIRST_BACKOFF_S, LAST_BACKOFF_S = 0.1, 2.0
CALM_S = 20.0
"""A role that ran so long before it died is restarted at once again."""
GIVE_UP_AFTER = 3
"""Failures to start, of a role that was never ready, after which the chain stops."""
WRONG_USAGE = 2
SILENT_S = 20.0
"""A role that is ready says every second that it is alive; one that is silent for so long hangs, and is killed."""


@dataclass(slots=True)
class Role:
    """One process of the chain."""

    name: str
    arguments: Sequence[str]
    one_shot: bool = False
    """True for a source that ends by itself; exit code 0 or 1 is then its result."""
    process: subprocess.Popen[bytes] | None = None
    ready: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    started_at: float = 0.0
    heard_at: float = 0.0
    start_again_at: float = 0.0
    deaths: int = 0
    """Deaths since it last ran calmly."""
    failures: int = 0
    """Times it ended with an error of its own before it was ever READY."""
    was_ready: bool = False
    result: int | None = None


class Supervisor:
    """Keeps the roles of one machine running."""

    def __init__(self, runtime: Path, roles: Sequence[Role], drain_seconds: float, log_level: str) -> None:
        self.roles = {role.name: role for role in roles}
        self.restarts = 0
        self._drain = drain_seconds
        self._log_level = log_level
        self._address = runtime / "notify"
        self._notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._notes.bind(str(self._address))
        except OSError as error:
            msg = f"runtime folder {runtime}: no socket can be made there ({error}); set paths.runtime to a short path"
            raise ConfigError(msg) from None
        self._stop = False

    def start(self) -> None:
        """Start every role."""
        for role in self.roles.values():
            self._spawn(role)

    def request_stop(self, *_: object) -> None:
        """Ask `run` to return; safe in a signal handler."""
        self._stop = True

    def run(self, until: Callable[[], bool], on_ready: Callable[[], None]) -> None:
        """Look after the roles until `until()` is true or a stop is requested.

        `on_ready` is called once, when every role has said READY.
        """
        announced = False
        while not self._stop and not until():
            self._listen(0.05)
            for role in self.roles.values():
                self._look_after(role)
            if not announced and all(role.ready for role in self.roles.values()):
                announced = True
                on_ready()

    def stop(self, order: Sequence[str]) -> int:
        """Stop roles by SIGTERM in the order given, each after the one before; returns the worst exit code."""
        worst = 0
        for prefix in order:
            group = [role for role in self.roles.values() if role.name.startswith(prefix)]
            for role in group:
                if role.process is not None and role.process.poll() is None:
                    role.process.send_signal(signal.SIGTERM)
            end = time.monotonic() + self._drain + 5.0
            while any(_runs(role) for role in group) and time.monotonic() < end:
                # who is upstream may need those downstream to get its work done, so these are still looked after
                self._listen(0.05)
                for role in self.roles.values():
                    if role not in group and order.index(_kind(role, order)) > order.index(prefix):
                        self._look_after(role)
            for role in group:
                worst = max(worst, self._wait(role))
        self._notes.close()
        self._address.unlink(missing_ok=True)
        return worst

    def kill(self) -> None:
        """End everything at once; journals and ledger are made for it."""
        for role in self.roles.values():
            if role.process is not None and role.process.poll() is None:
                role.process.kill()

    def _spawn(self, role: Role) -> None:
        environment = dict(os.environ, NOTIFY_SOCKET=str(self._address), DUMPWATCH_SUPERVISED=str(os.getpid()))
        command = [sys.executable, "-m", "dumpwatch", "--log-level", self._log_level, *role.arguments]
        role.ready = False
        role.started_at = time.monotonic()
        role.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, process_group=0
        )

    def _look_after(self, role: Role) -> None:
        now = time.monotonic()
        if role.process is None:
            if role.result is None and now >= role.start_again_at:
                self._spawn(role)
            return
        code = role.process.poll()
        if code is None:
            if role.ready and now - role.heard_at > SILENT_S:
                log.error("%s said nothing for %.0f s, killed", role.name, SILENT_S)
                role.process.kill()
                role.heard_at = now
            return
        role.process = None
        if (role.one_shot and code in (0, 1)) or code == WRONG_USAGE:
            role.result, role.ready = code, True
            if code:
                msg = f"{role.name}: ended with exit code {code}; its message stands above"
                raise TransportError(msg)
            return
        calm = now - role.started_at > CALM_S
        role.deaths = 1 if calm else role.deaths + 1
        self.restarts += 1
        # a role that was killed, or that worked once, is worth another try; one that never could start is not
        role.failures += code > 0 and not role.was_ready
        if role.failures >= GIVE_UP_AFTER:
            msg = f"{role.name}: failed {role.failures} times to start, last exit code {code}; its message stands above"
            raise TransportError(msg)
        pause = min(LAST_BACKOFF_S, FIRST_BACKOFF_S * 2 ** (role.deaths - 1))
        role.start_again_at = now + pause
        log.warning("%s died (exit code %d), restart %d in %.1f s", role.name, code, role.deaths, pause)

    def _listen(self, timeout: float) -> None:
        self._notes.settimeout(timeout)
        try:
            text = self._notes.recv(4096).decode(errors="replace")
        except TimeoutError:
            return
        fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        role = self.roles.get(fields.get("X_ROLE", ""))
        if role is not None:
            role.heard_at = time.monotonic()
        if role is not None and fields.get("READY") == "1":
            role.ready = role.was_ready = True
            role.facts = {name[2:].lower(): value for name, value in fields.items() if name.startswith("X_")}

    def _wait(self, role: Role) -> int:
        if role.process is None:
            return role.result or 0
        try:
            code = role.process.wait(1.0)
            if code:
                log.warning("%s ended with exit code %d when it was stopped", role.name, code)
            return abs(code)
        except subprocess.TimeoutExpired:
            log.error("%s did not stop in time, killed; nothing committed is lost", role.name)
            role.process.kill()
            role.process.wait()
            return 1


def _runs(role: Role) -> bool:
    return role.process is not None and role.process.poll() is None


def _kind(role: Role, order: Sequence[str]) -> str:
    return next((prefix for prefix in order if role.name.startswith(prefix)), order[-1])
