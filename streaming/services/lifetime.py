"""When a role starts, is ready, and stops: signals, notifications to the supervisor, death of the parent."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from types import FrameType

WATCHDOG_EVERY_NS = 1_000_000_000


class Lifetime:
    """Stop flag of a role.

    SIGTERM and SIGINT ask for a drained stop. Roles of a supervisor are in a process group of their own, so that
    a terminal's Ctrl-C reaches the supervisor alone, which stops them in order.
    """

    def __init__(self, role: str) -> None:
        self.role = role
        self.stopping = False
        self._address = os.environ.get("NOTIFY_SOCKET", "")
        # the supervisor's own word: it may be dead before this process has come so far as to ask for its parent
        self._parent = int(os.environ.get("DUMPWATCH_SUPERVISED", "0"))
        self._said_ns = 0
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def should_stop(self) -> bool:
        """Whether the role was asked to stop; exits at once when its supervisor is dead."""
        if self.is_orphan():
            logging.getLogger(__name__).error("%s: the supervisor is gone, stopping at once", self.role)
            sys.exit(1)
        self.alive()
        return self.stopping

    def alive(self) -> None:
        """Feed the watchdog of systemd or of our supervisor."""
        now = monotonic_ns()
        if self._address and now - self._said_ns > WATCHDOG_EVERY_NS:
            self._said_ns = now
            self.notify(f"WATCHDOG=1\nX_ROLE={self.role}")

    def end(self, code: int) -> int:
        """Pass an exit code on; a late SIGTERM must not turn a role that has done its work into a failed one."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return code

    def is_orphan(self) -> bool:
        """Whether the supervisor that started this role is dead."""
        return bool(self._parent) and os.getppid() != self._parent

    def ready(self, **facts: object) -> None:
        """Tell systemd or our supervisor that the role does its work now (protocol of sd_notify)."""
        lines = ["READY=1", f"STATUS={self.role} ready", f"X_ROLE={self.role}"]
        lines += [f"X_{name.upper()}={value}" for name, value in facts.items()]
        self.notify("\n".join(lines))

    def notify(self, text: str) -> None:
        """Send a notification; without a NOTIFY_SOCKET nobody wants one."""
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as link:
            try:
                link.sendto(text.encode(), address)
            except OSError as error:
                logging.getLogger(__name__).warning("%s: supervisor not reachable: %s", self.role, error.strerror)


def monotonic_ns() -> int:
    """Clock of all timeouts [ns]."""
    return time.monotonic_ns()


def set_up_logging(level: str) -> None:
    """One line per record on stderr, control characters escaped."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class _OneLine(logging.Formatter):
    """Escapes line breaks and terminal codes, which could come from the network."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        if record.exc_info:
            return text
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
