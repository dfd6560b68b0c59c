"""What a replay can write for each burst beside its counts. A product is made in the task that counts the burst."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from daq.config import Config
from daq.errors import ConfigError
from daq.frame import EventFrame, decode_frame
from daq.recording import RecordedBurst
from monitor.spill import Spill
from offline.minirecords.product import NAME as MINIRECORDS
from offline.minirecords.product import write_minirecords
from offline.replay.work import Work
from streaming.reco.pipeline import Reconstruction


@dataclass(frozen=True, slots=True)
class Counted:
    """A burst that was just counted, for a writer.

    spill : its public row
    into : folder or URL for products
    reconstruction : warm, the one that counted the burst
    """

    spill: Spill
    into: str
    config: Config
    reconstruction: Reconstruction
    recorded: RecordedBurst
    seqs: Sequence[int]
    """Of the frames that were counted."""

    def frames(self) -> Iterator[EventFrame]:
        """Frames that were counted, as recorded: a recording in clear holds masked events."""
        return (decode_frame(self.recorded.frame(seq)) for seq in self.seqs)


Writer = Callable[[Counted], str]
"""Writes one product of a burst, whole or not at all; returns its path or URL."""

WRITERS: dict[str, Writer] = {MINIRECORDS: write_minirecords}
"""Product -> what writes it. A writer may write what a `Spill` or the gate lets out, nothing else."""


def check_products(names: Sequence[str]) -> None:
    """Refuse names of products that nothing writes.

    Raises
    ------
    ConfigError
    """
    unknown = [name for name in names if name not in WRITERS]
    if unknown:
        known = ", ".join(sorted(WRITERS)) or "none"
        msg = f"replay: no product is called '{unknown[0]}'; there are: {known}"
        raise ConfigError(msg)


def write_products(work: Work, counted: Counted) -> dict[str, str]:
    """Write every product that is wanted of a burst; a burst counted twice writes the same files again."""
    check_products(work.products)
    return {name: WRITERS[name](counted) for name in work.products}
