"""The one thing the monitor may write: lines of the operations log. It has no way to write a spill."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from daq.errors import DumpwatchError
from monitor.ledger import Ledger
from monitor.ledger.log import LogKind, LogRow
from monitor.opslog.place import file_identity
from monitor.opslog.text import NAME_LIMIT, TEXT_LIMIT, clean_line, clean_text


class LogBook:
    """Writes log entries to a ledger that is there already. Opened at the first one; safe to share between threads."""

    def __init__(self, url: str, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._url = url
        self._now_ns = now_ns
        self._ledger: Ledger | None = None
        self._place: tuple[int, int] | None = None
        self._lock = threading.Lock()
        self.failed = False
        """The last entry could not be written."""

    def close(self) -> None:
        """Close the ledger; a later entry opens it again."""
        with self._lock:
            self._close()

    def add(
        self,
        kind: LogKind,
        who: str,
        text: str,
        run: int | None = None,
        burst: int | None = None,
        subject: str | None = None,
        document: dict[str, Any] | None = None,
    ) -> LogRow:
        """Write an entry; its texts are cleaned of what no screen shows.

        Raises
        ------
        StoreError
            There is no ledger, it cannot be written, or nothing is left of `who` or `text`.
        """
        who, text = clean_line(who, NAME_LIMIT), clean_text(text, TEXT_LIMIT)
        subject = None if subject is None else clean_line(subject, NAME_LIMIT)
        with self._lock:
            try:
                row = self._opened().add_log(
                    kind=kind, who=who, text=text, run=run, burst=burst, subject=subject, document=document
                )
            except DumpwatchError:
                self.failed = True
                self._close()  # the file may have been replaced: look at it afresh next time
                raise
            self.failed = False
            return row

    def _opened(self) -> Ledger:
        place = file_identity(self._url)
        if place != self._place:
            self._close()
        if self._ledger is None:
            Ledger.open(self._url, readonly=True).close()  # a writer would make a ledger where there is none
            self._ledger = Ledger.open(self._url, now_ns=self._now_ns)
            self._place = place
        return self._ledger

    def _close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None
