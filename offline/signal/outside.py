"""Acceptance for the events of an outside generator: a HepMC3 file through the same chain.

The decays are where the generator put them, so there is no weight for another life time: the file is one point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from daq.config import Config
from daq.errors import DataError
from daq.source.processes.births import with_companions
from daq.source.signal.hepmc import read_hepmc
from daq.source.streams import Component, stream
from offline.signal.chain import SPACING_NS, Selected, SignalChain, check_final_state
from offline.validation.measured import Value
from streaming.reco.arrays import F64


@dataclass(frozen=True, slots=True, eq=False)
class FileAcceptance:
    """Events of a file.

    weight : float64 (n_events,)    as in the file
    selected : its `row` is the event
    """

    path: Path
    final_state: str
    weight: F64
    selected: Selected

    def acceptance(self, region: str = "SR") -> Value:
        """Weight of the selected events over that of all."""
        chosen = np.zeros(len(self.weight))
        chosen[self.selected.row[self.selected.inside(region)]] = 1.0
        share = self.weight / self.weight.sum()
        value = float(np.sum(share * chosen))
        if value == 0.0:
            return Value(0.0, float(np.sum(share**2)))
        return Value(value, float(np.sqrt(np.sum((share * (chosen - value)) ** 2))))


def file_acceptance(config: Config, path: Path, final_state: str, seed: int = 1) -> FileAcceptance:
    """Send the events of a HepMC3 ASCII file through detector, Level 0 and selection.

    Raises
    ------
    DataError
        A damaged file, a weight that is negative or not finite, or no weight at all: with line, event and reason.
    ConfigError
        The file cannot be opened, pyhepmc is not installed, or there is no such final state.
    """
    check_final_state(final_state)
    chain = SignalChain(config)
    found = read_hepmc(path, chain.curve, SPACING_NS)
    if not found.weight.sum() > 0.0 or not found.blocks:
        msg = f"{path}: {len(found.weight)} events with a sum of weights of {found.weight.sum()} and"
        raise DataError(msg + f" {len(found.blocks)} kinds of particles; wanted some of each, give another file")
    # event 0 is at 0 in the file; a decay at the very start of a burst would lose hits
    blocks = [replace(block, time=block.time + SPACING_NS) for block in found.blocks]
    selected = chain.select(with_companions(blocks[0], *blocks[1:]), stream(seed, 0, Component.SIGNAL), final_state)
    return FileAcceptance(path, final_state, found.weight, selected)
