"""The dead-man's switch: hears the heartbeat of Prometheus through Alertmanager, and speaks when it stops.

It should run on another machine than what it watches, and needs nothing but Python: no ledger, no ZeroMQ.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from daq.errors import ConfigError
from monitor.services.deadman_http import Receiver
from monitor.services.silence import DeadmanSwitch, Told, Verdict
from streaming.services.lifetime import Lifetime

log = logging.getLogger(__name__)

TELL_SECONDS = 30
"""A program that tells people may take so long [s]."""


@dataclass(frozen=True, slots=True)
class DeadmanOptions:
    """Options of `dumpwatch deadman`."""

    host: str
    port: int
    silence_s: float
    repeat_s: float
    """An alarm that lasts is told again after so long [s]."""
    tell: Path | None = None
    """Program that is called with the state and one line of text."""
    textfile: Path | None = None
    """Metrics for the textfile collector of a node exporter."""
    token: str | None = None
    exit_on_alarm: bool = False


def run_deadman(options: DeadmanOptions, lifetime: Lifetime) -> int:
    """Listen until stopped; exit code 0, or 1 after an alarm with `exit_on_alarm`.

    Raises
    ------
    ConfigError
        The program that tells people cannot be run.
    TransportError
        The address cannot be had.
    """
    if options.tell is not None and not os.access(options.tell, os.X_OK):
        msg = f"--tell {options.tell}: is no program that can be run; give the path of an executable file"
        raise ConfigError(msg)
    switch = DeadmanSwitch(round(options.silence_s * 1e9), time.monotonic_ns())
    heard: queue.Queue[list[Told]] = queue.Queue(maxsize=1000)
    voice = _Voice(options)
    with Receiver(options.host, options.port, heard, voice.is_calm, options.token) as receiver:
        voice.write_metrics(0, 0.0)
        lifetime.ready(port=receiver.port)
        return _watch(switch, heard, voice, options, lifetime)


def _watch(
    switch: DeadmanSwitch,
    heard: queue.Queue[list[Told]],
    voice: _Voice,
    options: DeadmanOptions,
    lifetime: Lifetime,
) -> int:
    while not lifetime.should_stop():
        try:
            switch.hear(heard.get(timeout=0.2), time.monotonic_ns())
        except queue.Empty:
            pass
        now_ns = time.monotonic_ns()
        verdict = switch.judge(now_ns)
        voice.say(verdict, now_ns, (now_ns - switch.beat_ns) / 1e9)
        if verdict.reasons and options.exit_on_alarm:
            return 1
    return 0


class _Voice:
    """Says what changed, and says again what lasts."""

    def __init__(self, options: DeadmanOptions) -> None:
        self._options = options
        self._said = Verdict(())
        self._said_ns = 0
        self._written_ns = 0

    def is_calm(self) -> bool:
        """Whether there is no alarm; for any thread."""
        return not self._said.reasons

    def say(self, verdict: Verdict, now_ns: int, silent_s: float) -> None:
        """Tell people when there is something new, or when an alarm has lasted long."""
        again = bool(verdict.reasons) and now_ns - self._said_ns > self._options.repeat_s * 1e9
        if verdict != self._said or again:
            self._said, self._said_ns = verdict, now_ns
            _write_line(verdict)
            self.write_metrics(len(verdict.reasons), silent_s)
            self._tell(verdict)
        elif now_ns - self._written_ns > 5_000_000_000:
            self.write_metrics(len(verdict.reasons), silent_s)

    def write_metrics(self, n_reasons: int, silent_s: float) -> None:
        """Replace the file of metrics."""
        path = self._options.textfile
        self._written_ns = time.monotonic_ns()
        if path is None:
            return
        text = (
            "# HELP dumpwatch_deadman_alarm 1 while the dead-man's switch speaks.\n"
            f"# TYPE dumpwatch_deadman_alarm gauge\ndumpwatch_deadman_alarm {int(n_reasons > 0)}\n"
            "# HELP dumpwatch_deadman_silence_seconds Time since the last heartbeat [s].\n"
            f"# TYPE dumpwatch_deadman_silence_seconds gauge\ndumpwatch_deadman_silence_seconds {silent_s:.1f}\n"
        )
        try:
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            beside.write_text(text, encoding="ascii")
            beside.replace(path)
        except OSError as error:
            log.error("--textfile %s: cannot be written (%s)", path, error.strerror)

    def _tell(self, verdict: Verdict) -> None:
        if self._options.tell is None:
            return
        command = [str(self._options.tell), verdict.state, verdict.text]
        try:
            done = subprocess.run(command, timeout=TELL_SECONDS, check=False, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.TimeoutExpired) as error:
            log.error("--tell %s failed: %s", self._options.tell, error)
            return
        if done.returncode:
            log.error("--tell %s failed: exit code %d", self._options.tell, done.returncode)


def _write_line(verdict: Verdict) -> None:
    line = {"time_s": round(time.time(), 1), "state": verdict.state, "text": verdict.text}
    sys.stderr.write(json.dumps({"deadman": line}) + "\n")
    sys.stderr.flush()
