"""The lossy display stream of the collector, for whoever shows it. Nothing on it is counted."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from streaming.transport import Hub, Pattern, load_keys

MAX_BYTES = 1 << 16


class DisplayFeed:
    """Latest status of the chain, kept by a thread of its own."""

    def __init__(self, endpoint: str, curve_directory: str = "") -> None:
        self._endpoint = endpoint
        self._keys = load_keys(curve_directory)
        self._latest: dict[str, Any] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="display-feed", daemon=True)
        self._thread.start()

    def latest(self) -> dict[str, Any]:
        """Last status received, with the wall clock of its arrival; empty when there was none yet."""
        return self._latest

    def close(self) -> None:
        """Stop the thread."""
        self._stop.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        hub = Hub(self._keys, MAX_BYTES)
        link = hub.connect(Pattern.DISPLAY_IN, self._endpoint, "collector")
        while not self._stop.is_set():
            hub.wait(200)
            while (received := link.receive()) is not None:
                try:
                    status = json.loads(bytes(received[1][0]))
                except ValueError:
                    status = {"bad_display": True}
                self._latest = {**status, "updated_ns": time.time_ns()}
        hub.close(0)
