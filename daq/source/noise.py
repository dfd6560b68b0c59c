"""Hits that belong to no particle: dark counts of PMTs, random hits of the vetoes, hot channels. Uniform in time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from daq.config.detector import NoiseConfig
from daq.hits import HitBlock, empty_block
from daq.source.response.channels import CHANNEL_FIELD, ChannelEffects, channels_of
from daq.units import FINE_NS


def noise_hits(
    rng: np.random.Generator, start: int, stop: int, noise: NoiseConfig, effects: ChannelEffects
) -> Iterator[tuple[str, HitBlock]]:
    """Noise with `start` <= time < `stop` [fine-time units], as (detector name, unordered hits).

    Time offsets and dead channels are for the caller to apply, to these as to all hits.
    """
    rates = {
        "chod": noise.chod_hz,
        "na48chod": noise.na48chod_hz,
        "muv3": noise.muv3_hz,
        "lav": noise.lav_hz,
        "sav": noise.sav_hz,
    }
    for detector, rate_hz in rates.items():
        yield detector, _random_hits(rng, start, stop, detector, channels_of(detector), rate_hz)
    for detector, channel, rate_hz in effects.hot:
        yield detector, _random_hits(rng, start, stop, detector, np.array([channel]), rate_hz)


def _random_hits(
    rng: np.random.Generator, start: int, stop: int, detector: str, channels: NDArray[np.int64], rate_hz: float
) -> HitBlock:
    n = int(rng.poisson(rate_hz * len(channels) * (stop - start) * FINE_NS * 1e-9))
    time = rng.integers(start, stop, n)
    field = CHANNEL_FIELD[detector]
    dtype = empty_block(detector).fields[field].dtype
    return HitBlock(time, {field: channels[rng.integers(0, len(channels), n)].astype(dtype)})
