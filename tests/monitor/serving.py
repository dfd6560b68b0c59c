"""A real server in a thread of the test, on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from daq.config.monitor import MonitorConfig
from monitor.api.app import Setup
from monitor.api.status import MaskedBox
from monitor.services.monitor_service import serve

BOX = MaskedBox(z_min_m=-12, z_max_m=58, cda_max_mm=180)
TOKEN = "t" * 43
"""Of the operators of a served site."""


class Feed:
    """A provisional feed that says what the test wants."""

    def __init__(self, **status: Any) -> None:
        self.status = status

    def latest(self) -> dict[str, Any]:
        return dict(self.status)


@contextmanager
def serving(
    url: str, feed: Feed, port: int = 0, setup: Setup | None = None, head_seconds: float = 10.0, **config: Any
) -> Iterator[int]:
    """Serve; the port in use. Stops and joins at the end."""
    ready, stop = threading.Event(), threading.Event()
    ports: list[int] = []

    def on_ready(real: int) -> None:
        ports.append(real)
        ready.set()

    setup = setup or Setup(masked_box=BOX, token=TOKEN)
    cfg = MonitorConfig(poll_seconds=0.05, **config)
    arguments = (url, "127.0.0.1", port, feed, cfg, on_ready, setup, stop, head_seconds)
    thread = threading.Thread(target=serve, args=arguments)
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield ports[0]
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "the server did not stop"
