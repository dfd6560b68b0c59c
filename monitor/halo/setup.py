"""What halo rates need to know of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from daq.config import Config
from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.halo import HaloFluxConfig
from monitor.halo.dead_time import DeadTime


def _default_dead_time() -> DeadTime:
    return _dead_time(HaloFluxConfig(), BeamConfig(), DetectorConfig())


def _dead_time(halo: HaloFluxConfig, beam: BeamConfig, detector: DetectorConfig) -> DeadTime:
    return DeadTime(detector.scaler_gate_ns, beam.duty_factor, enabled=halo.correct_dead_time)


@dataclass(frozen=True, slots=True)
class HaloSetup:
    """The halo section of the configuration, and how the scalers lose pulses."""

    halo: HaloFluxConfig = field(default_factory=HaloFluxConfig)
    dead_time: DeadTime = field(default_factory=_default_dead_time)

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """Take what is needed out of the whole configuration."""
        return cls(config.halo, _dead_time(config.halo, config.beam, config.detector))
