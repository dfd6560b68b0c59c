"""Steps that change readout channels."""

from __future__ import annotations

from functools import cache
from typing import Literal, Self

import numpy as np
from pydantic import Field, model_validator

from daq.geometry.chod import chod_geometry
from daq.geometry.muv3 import SECOND_PMT, muv3_geometry
from daq.source.conditions import BurstConditions
from daq.source.response.channels import channels_of
from daq.source.response.na48chod import N_SLABS
from daq.source.scenario.step import Step, with_channels

CHOD_SECOND_PMT = 50


@cache
def channels_of_tiles(detector: str) -> dict[int, tuple[int, ...]]:
    """Published readout channels of each tile of CHOD (101 ...) or MUV3 (0 ...), of each slab of the NA48-CHOD."""
    if detector == "chod":
        return {int(tile): (int(tile), int(tile) + CHOD_SECOND_PMT) for tile in chod_geometry().tile_id}
    if detector == "muv3":
        return {int(tile): (int(tile), int(tile) + SECOND_PMT) for tile in np.flatnonzero(muv3_geometry().exists)}
    return {slab: (slab,) for slab in range(N_SLABS)}


class ChannelStep(Step):
    """One readout channel; a station of the LAV counts as one, and so do IRC (0) and SAC (1)."""

    detector: Literal["chod", "muv3", "na48chod", "lav", "sav"]
    channel: int

    @model_validator(mode="after")
    def _exists(self) -> Self:
        known = [int(channel) for channel in channels_of(self.detector)]
        if self.channel not in known:
            nearest = min(known, key=lambda channel: abs(channel - self.channel))
            msg = f"channel {self.channel} does not exist in {self.detector}; the nearest one is {nearest}"
            raise ValueError(msg)
        return self


class DeadTilesStep(Step):
    """All channels of these tiles (slabs, for the NA48-CHOD) give no hits. Tiles by their published number."""

    effect: Literal["dead-tiles"]
    detector: Literal["chod", "muv3", "na48chod"]
    tiles: tuple[int, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _exist(self) -> Self:
        known = channels_of_tiles(self.detector)
        for tile in self.tiles:
            if tile not in known:
                nearest = min(known, key=lambda other: abs(other - tile))
                msg = f"tile {tile} does not exist in {self.detector}; the nearest one is {nearest}"
                raise ValueError(msg)
        return self

    def channels(self) -> tuple[tuple[str, int], ...]:
        """(detector, channel) of all dead channels."""
        known = channels_of_tiles(self.detector)
        return tuple((self.detector, channel) for tile in sorted(set(self.tiles)) for channel in known[tile])

    def sets(self) -> frozenset[str]:  # noqa: D102 - see Step
        return frozenset(f"{detector} channel {channel}" for detector, channel in self.channels())

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_channels(now, "dead_channels", self.channels())


class HotChannelStep(ChannelStep):
    """One channel gives hits of its own, uniform through the spill."""

    effect: Literal["hot-channel"]
    rate_hz: float = Field(gt=0, le=1e7)

    def sets(self) -> frozenset[str]:  # noqa: D102
        return frozenset({f"{self.detector} channel {self.channel}"})

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_channels(now, "hot_channels", ((self.detector, self.channel, self.rate_hz),))


class TimeOffsetStep(ChannelStep):
    """The hits of one channel are late (or early) by `offset_ns`."""

    effect: Literal["time-offset"]
    offset_ns: float = Field(ge=-25, le=25)

    def sets(self) -> frozenset[str]:  # noqa: D102
        return frozenset({f"time of {self.detector} channel {self.channel}"})

    def apply(self, now: BurstConditions, burst: int) -> BurstConditions:  # noqa: D102
        return with_channels(now, "time_offsets_ns", ((self.detector, self.channel, self.offset_ns),))
