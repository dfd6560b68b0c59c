"""Recount: opened events go through the reconstruction again and have to be candidates of the same compartment."""

from __future__ import annotations

from collections.abc import Sequence

from daq.config import Config
from daq.errors import DataError, PolicyError
from monitor.sealed.events import OpenedEvent
from monitor.sealed.statement import Statement
from streaming.event_bytes import unpack_event
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS, Counts
from streaming.reco.pipeline import Reconstruction
from streaming.sealing.keys import compartment


class Recounter:
    """Counts opened events again, with a configuration."""

    def __init__(self, config: Config) -> None:
        self._digest = config.digest()
        self._reconstruction = Reconstruction(config.reco, config.regions, config.gate, config.channels)

    def check(self, statement: Statement) -> None:
        """Refuse a configuration that is not the one of the block, before anything is opened.

        Raises
        ------
        PolicyError
        """
        if self._digest != statement.config_digest:
            msg = (
                f"recount: the configuration given has digest {self._digest[:16]}, the block "
                f"{statement.config_digest[:16]}; give the configuration of the block with --config, or --no-recount"
            )
            raise PolicyError(msg)

    def agrees(self, name: str, events: Sequence[OpenedEvent]) -> bool:
        """Whether every event is one candidate of this compartment, and of no other."""
        return all(self._compartments(data) == [name] for _, _, data in events)

    def _compartments(self, data: bytes) -> list[str]:
        try:
            masked = self._reconstruction.analyse(unpack_event(data)).masked
        except DataError:
            return []
        return masked.hand_over(lambda counts, _: _names(counts))


def _names(counts: Counts) -> list[str]:
    return [
        compartment(channel, region)
        for i, channel in enumerate(SEALED_CHANNELS)
        for j, region in enumerate(COMPARTMENTS)
        for _ in range(int(counts[i, j]))
    ]
