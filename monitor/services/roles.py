"""What each role is made of: links, keys, service. Called by the commands, one call a process."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from daq.config import Config
from daq.units import MM_PER_M
from monitor.ledger import Ledger
from monitor.services.booking import check_books
from monitor.services.collector import CollectorService
from monitor.services.feed import DisplayFeed
from streaming.regions import mask_bounds
from streaming.services.lifetime import Lifetime
from streaming.transport import Hub, Pattern, load_keys


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the roles meet."""

    work: str
    results: str
    control: str
    display: str

    def options(self, names: Iterable[str]) -> list[str]:
        """Command-line options for some of the endpoints."""
        return [part for name in names for part in (f"--{name}", str(getattr(self, name)))]


def run_collector(config: Config, ledger_url: str, at: Endpoints, lifetime: Lifetime) -> int:
    """Collector role until it is stopped; returns the exit code."""
    ledger = Ledger.open(ledger_url)
    check_books(ledger)
    hub = Hub(load_keys(config.streaming.curve_directory), config.streaming.max_frame_bytes)
    results = hub.bind(Pattern.RESULTS_IN, at.results)
    control = hub.bind(Pattern.CONTROL_SERVER, at.control)
    display = hub.bind(Pattern.DISPLAY_OUT, at.display)
    service = CollectorService(hub, results, control, display, ledger, config)
    lifetime.ready(results=results.endpoint, control=control.endpoint, display=display.endpoint)
    try:
        return service.run(lifetime)
    finally:
        hub.close()
        ledger.close()


def run_monitor(config: Config, ledger_url: str, display: str, host: str, port: int, lifetime: Lifetime) -> int:
    """Monitor role until it is stopped; returns the exit code."""
    from monitor.api.status import MaskedBox
    from monitor.services.monitor_service import serve

    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    feed = DisplayFeed(display, config.streaming.curve_directory)
    stop = threading.Event()
    threading.Thread(target=_stop_when_orphaned, args=(lifetime, stop), name="orphan-watch", daemon=True).start()
    bounds = mask_bounds(config.regions, config.gate)
    z_min_m, z_max_m = bounds.z_min_mm / MM_PER_M, bounds.z_max_mm / MM_PER_M
    box = MaskedBox(z_min_m=z_min_m, z_max_m=z_max_m, cda_max_mm=bounds.cda_max_mm)
    try:
        serve(ledger_url, host, port, feed, config.monitor, lambda real: lifetime.ready(port=real), box, stop)
    finally:
        feed.close()
    return 0


def _stop_when_orphaned(lifetime: Lifetime, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        lifetime.alive()
        if lifetime.is_orphan():
            stop.set()
