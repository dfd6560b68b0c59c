"""What each role is made of: links, keys, service. Called by the commands, one call a process."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daq.config import Config
from daq.errors import PolicyError
from daq.units import MM_PER_M
from monitor.ledger import Ledger
from monitor.sealed.mask_growth import Mask, guard_mask
from monitor.services.booking import check_books
from monitor.services.collector import CollectorService
from monitor.services.feed import DisplayFeed
from streaming.regions import mask_bounds
from streaming.sealing.keys import SealingKeys
from streaming.services.lifetime import Lifetime
from streaming.transport import Hub, Pattern, load_keys

if TYPE_CHECKING:
    from monitor.api.site import Setup
    from monitor.api.status import KindOfKeys

MASKS_FILE = "masks.json"
"""Every mask that was in force under a key set, beside its public keys."""


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


def guard_configured_mask(config: Config) -> None:
    """Refuse a mask that is smaller than one that was in force under the configured key set.

    Raises
    ------
    PolicyError
    """
    if config.sealing.keys and Path(config.sealing.keys).is_dir():
        guard_mask(Path(config.sealing.keys) / MASKS_FILE, Mask(regions=config.regions, gate=config.gate))


def run_collector(config: Config, ledger_url: str, at: Endpoints, lifetime: Lifetime) -> int:
    """Collector role until it is stopped; returns the exit code."""
    guard_configured_mask(config)
    ledger = Ledger.open(ledger_url, rules=config.accounting)
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
    from monitor.services.monitor_service import serve

    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    setup = control_room(config)
    feed = DisplayFeed(display, config.streaming.curve_directory)
    stop = threading.Event()
    threading.Thread(target=_stop_when_orphaned, args=(lifetime, stop), name="orphan-watch", daemon=True).start()
    try:
        serve(ledger_url, host, port, feed, config.monitor, lambda real: lifetime.ready(port=real), setup, stop)
    finally:
        feed.close()
    return 0


def control_room(config: Config) -> Setup:
    """Set up what the monitor watches.

    Raises
    ------
    ConfigError
        The token file cannot be used.
    """
    from monitor.api.site import Setup
    from monitor.api.status import MaskedBox
    from monitor.halo import HaloSetup
    from monitor.opslog.token import read_token

    bounds = mask_bounds(config.regions, config.gate)
    z_min_m, z_max_m = bounds.z_min_mm / MM_PER_M, bounds.z_max_mm / MM_PER_M
    token_file = config.monitor.token_file
    return Setup(
        masked_box=MaskedBox(z_min_m=z_min_m, z_max_m=z_max_m, cda_max_mm=bounds.cda_max_mm),
        token=read_token(Path(token_file)) if token_file else None,
        alarms=config.alarms,
        accounting=config.accounting,
        halo=HaloSetup.from_config(config),
        sealing_keys=_kind_of_keys(config.sealing.keys),
    )


def _kind_of_keys(folder: str) -> KindOfKeys | None:
    """Whether the configured key set keeps anything secret; None without one that can be read."""
    with contextlib.suppress(PolicyError):  # collector and workers say what is wrong with it
        return "demonstration" if SealingKeys.load(Path(folder)).demonstration else "real"
    return None


def _stop_when_orphaned(lifetime: Lifetime, stop: threading.Event) -> None:
    while not stop.wait(0.5):
        lifetime.alive()
        if lifetime.is_orphan():
            stop.set()
