"""What is wrong with readout channels: dead ones, hot ones, hits that are late. The last step before the readout."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import ALL_DETECTORS, ChannelsConfig
from daq.errors import ConfigError
from daq.geometry.chod import chod_geometry
from daq.geometry.muv3 import SECOND_PMT, muv3_geometry
from daq.geometry.planes import lav_stations
from daq.hits import HitBlock
from daq.model import Sav
from daq.source.conditions import Conditions
from daq.source.response.na48chod import N_SLABS
from daq.units import ns_to_fine

CHANNEL_FIELD = {"chod": "id", "na48chod": "id", "muv3": "id", "lav": "station", "sav": "detector"}
"""Column that holds the channel, for the detectors that have channels."""

N_NUMBERS = 1 << 16


def channels_of(detector: str) -> NDArray[np.int64]:
    """All published channels of a detector of `CHANNEL_FIELD`, ascending."""
    match detector:
        case "chod":
            return np.sort(chod_geometry().channel_id).astype(np.int64)
        case "muv3":
            tiles = np.flatnonzero(muv3_geometry().exists)
            return np.concatenate((tiles, tiles + SECOND_PMT))
        case "lav":
            return np.array([number for number, *_ in lav_stations()], np.int64)
        case "sav":
            return np.array(list(Sav), np.int64)
        case _:
            return np.arange(N_SLABS)


class ChannelEffects:
    """Dead channels and late hits, ready to be applied. Without any, blocks come back as they are.

    Raises
    ------
    ConfigError
        A channel does not exist.
    """

    def __init__(self, run: ChannelsConfig, now: Conditions) -> None:
        dead = (*run.dead, *now.dead_channels)
        self.hot = (*run.noisy, *now.hot_channels)
        late = now.time_offsets_ns
        _check((*dead, *((name, channel) for name, channel, _ in (*self.hot, *late))))
        of_detector = dict.fromkeys(ALL_DETECTORS, 0.0)
        for name, offset in run.time_offsets_ns:
            of_detector[name] += offset
        self._all_late = {name: ns_to_fine(offset) for name, offset in of_detector.items() if offset}
        self._dead = {name: _marks(name, dead) for name in {row[0] for row in dead}}
        self._late = {name: _delays(name, late) for name in {row[0] for row in late}}

    def apply(self, detector: str, block: HitBlock) -> HitBlock:
        """Take the hits of one detector through; order is kept."""
        time, fields = block.time, block.fields
        if detector in self._all_late:
            time = time + self._all_late[detector]
        if detector in self._late:
            time = time + self._late[detector][fields[CHANNEL_FIELD[detector]].astype(np.int64)]
        if detector in self._dead:
            live = np.flatnonzero(~self._dead[detector][fields[CHANNEL_FIELD[detector]].astype(np.int64)])
            time, fields = time[live], {name: values[live] for name, values in fields.items()}
        return block if time is block.time else HitBlock(time, fields)


@lru_cache(maxsize=64)
def channel_effects(run: ChannelsConfig, now: Conditions) -> ChannelEffects:
    """Effects of the configuration and of a scenario together; made once for each pair."""
    return ChannelEffects(run, now)


def _check(channels: Iterable[tuple[str, int]]) -> None:
    for detector, channel in channels:
        known = channels_of(detector)
        if channel not in known:
            nearest = int(known[np.argmin(np.abs(known - channel))])
            msg = f"detector.channels: {detector} has no channel {channel}; the nearest one is {nearest}"
            raise ConfigError(msg)


def _marks(detector: str, rows: Iterable[tuple[str, int]]) -> NDArray[np.bool_]:
    marks = np.zeros(N_NUMBERS, np.bool_)
    marks[[channel for name, channel in rows if name == detector]] = True
    return marks


def _delays(detector: str, rows: Iterable[tuple[str, int, float]]) -> NDArray[np.int64]:
    delays = np.zeros(N_NUMBERS, np.int64)
    for name, channel, offset in rows:
        if name == detector:
            delays[channel] += ns_to_fine(offset)
    return delays
