"""The one configuration object, its digests, and the sections it is made of."""

from __future__ import annotations

import hashlib
import json

from pydantic import Field

from daq.config.accounting import AccountingConfig
from daq.config.alarms import AlarmsConfig
from daq.config.analysis import AnalysisConfig
from daq.config.base import Section
from daq.config.beam import BeamConfig
from daq.config.channels import ChannelsConfig
from daq.config.detector import DetectorConfig
from daq.config.halo import HaloFluxConfig
from daq.config.l0 import L0Config
from daq.config.monitor import MonitorConfig
from daq.config.paths import PathsConfig
from daq.config.processes import ProcessesConfig
from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.config.recording import RecordingConfig, SealingConfig
from daq.config.signal import SignalConfig
from daq.config.streaming import StreamingConfig


class Config(Section):
    """Everything that can be set. Built only by `daq.config.load`; passed down in parts, never whole."""

    beam: BeamConfig = Field(default_factory=BeamConfig)
    detector: DetectorConfig = Field(default_factory=DetectorConfig)
    processes: ProcessesConfig = Field(default_factory=ProcessesConfig)
    signal: SignalConfig = Field(default_factory=SignalConfig)
    l0: L0Config = Field(default_factory=L0Config)
    streaming: StreamingConfig = Field(default_factory=StreamingConfig)
    reco: RecoConfig = Field(default_factory=RecoConfig)
    channels: ChannelsConfig = Field(default_factory=ChannelsConfig)
    regions: RegionsConfig = Field(default_factory=RegionsConfig)
    gate: GateConfig = Field(default_factory=GateConfig)
    halo: HaloFluxConfig = Field(default_factory=HaloFluxConfig)
    monitor: MonitorConfig = Field(default_factory=MonitorConfig)
    recording: RecordingConfig = Field(default_factory=RecordingConfig)
    sealing: SealingConfig = Field(default_factory=SealingConfig)
    alarms: AlarmsConfig = Field(default_factory=AlarmsConfig)
    accounting: AccountingConfig = Field(default_factory=AccountingConfig)
    analysis: AnalysisConfig = Field(default_factory=AnalysisConfig)
    paths: PathsConfig = Field(default_factory=PathsConfig)

    def digest(self) -> str:
        """SHA-256 of the parts that can change a physics number, canonical JSON, hexadecimal."""
        return _digest(self, {"beam", "detector", "processes", "signal", "l0", "reco", "channels", "regions", "gate"})

    def mask_digest(self) -> str:
        """SHA-256 of the parts that define what is masked."""
        return _digest(self, {"channels", "regions", "gate"})


def _digest(config: Config, sections: set[str]) -> str:
    canonical = json.dumps(config.model_dump(mode="json", include=sections), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
