"""What replay and watch have in common at their start: recordings by key, sealing, and where bursts are counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from daq.config import Config
from daq.errors import RecordingError
from daq.records import BurstKey
from monitor.sealed.mask_growth import Mask, guard_mask
from monitor.services.roles import MASKS_FILE
from offline.replay.place import find_places, key_of_place
from offline.replay.products import check_products
from offline.replay.work import Work
from streaming.sealing.start import keys_at_start


def recordings(given: Sequence[str]) -> dict[BurstKey, str]:
    """Recorded bursts below paths and URLs, each run and burst once, in order.

    Raises
    ------
    ConfigError
        A path does not exist or holds no recording.
    RecordingError
        Two recordings hold the same run and burst.
    """
    found: dict[BurstKey, str] = {}
    for one in given:
        for place in find_places(one):
            key = key_of_place(place)
            if found.setdefault(key, place) != place:
                msg = f"recordings {found[key]} and {place} both hold run {key[0]} burst {key[1]}; give one of them"
                raise RecordingError(msg)
    return dict(sorted(found.items()))


def plan_work(config: Config, products: tuple[str, ...] = (), into: str = "") -> Work:
    """Say how bursts are counted: by the rules of the live chain, which without its keys looks at no pairs.

    No keys configured is not the same as keys that cannot be read: the live chain then makes its own.

    Raises
    ------
    ConfigError
        There is no such product.
    PolicyError
        The mask is smaller than one that was in force under the configured keys.
    """
    check_products(products)
    keys = config.sealing.keys
    if keys and Path(keys).is_dir():
        guard_mask(Path(keys) / MASKS_FILE, Mask(regions=config.regions, gate=config.gate))
    return Work.of(config, pairs=not keys or keys_at_start(keys) is not None, products=products, into=into)
