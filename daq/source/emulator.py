"""The emulated detector: bursts of hits in slices, and what the beam line reports at their end.

Times are relative to the flight at the speed of light, so one particle has one time at all planes. Nothing is put
in by hand: accidental pairs, two-tile hits and overlaps come from the times and positions of single particles.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from daq.config.beam import BeamConfig
from daq.config.detector import DetectorConfig
from daq.config.processes import ProcessesConfig
from daq.config.signal import SignalConfig
from daq.errors import ConfigError, DataError
from daq.hits import END_OF_BURST, HitBatch, HitBlock, cut_block, empty_block
from daq.model import DETECTORS
from daq.records import BeamRecord
from daq.source.beam_truth import beam_record, beam_truth
from daq.source.components import FOLLOWS_HALO, Arrivals, beam_components, process_components
from daq.source.conditions import QUIET, BurstConditions, Conditions
from daq.source.intensity import spill_profile
from daq.source.modes import Bias, Part, RunMode, recipe
from daq.source.modes.build import Whole, beam_parts
from daq.source.noise import noise_hits
from daq.source.ordering import ordered_block
from daq.source.processes.births import respond_event
from daq.source.propagation import path_curve
from daq.source.response.channels import channel_effects
from daq.source.scalers import Scalers
from daq.source.streams import Component, stream
from daq.units import TICK_NS, ns_to_fine

JITTER_NS = 100.0
"""No hit is further from its particle [ns]; more than ten times any time resolution that the configuration allows."""

Parts = dict[str, list[HitBlock]]


class EmulatedDetector:
    """Makes any burst alone, in any order, bit for bit the same: see `daq.source.streams`.

    processes, signal : the physics beside the halo, with the signal if one is injected; None for none of it
    mode : what the bursts hold; all bursts of one detector are of one mode
    """

    def __init__(
        self,
        beam: BeamConfig,
        detector: DetectorConfig,
        seed: int,
        processes: ProcessesConfig | None = None,
        signal: SignalConfig | None = None,
        mode: RunMode = RunMode.BEAM,
    ) -> None:
        if seed < 0:
            msg = f"emulated detector: seed {seed}, wanted 0 or more; give another seed"
            raise ConfigError(msg)
        self.beam, self.detector, self.seed = beam, detector, seed
        channel_effects(detector.channels, Conditions())  # a channel that does not exist is refused here
        self.profile = spill_profile(beam.spill_seconds, beam.duty_factor)
        self.curve = path_curve(detector.straw.kick_sign)
        self.components = beam_components(beam, detector, self.curve)
        if processes is not None:
            physics = (processes, signal or SignalConfig())
            self.components += process_components(beam, detector, self.curve, *physics)
        whole = Whole(beam, detector, self.components, self.profile, self.curve, signal or SignalConfig())
        self.recipe = None if mode is RunMode.BEAM else recipe(mode, whole)

    @property
    def bias(self) -> Bias | None:
        """How the bursts differ from beam; None for beam."""
        return self.recipe.bias if self.recipe else None

    def burst(self, number: int, conditions: BurstConditions = QUIET) -> Burst:
        """One burst; `number` >= 0."""
        return Burst(self, number, conditions)


class Burst:
    """One burst of the emulated detector.

    truth : the beam as it is, which the monitors read with noise
    spill_ticks : length of the burst [ticks]
    """

    def __init__(self, source: EmulatedDetector, number: int, conditions: BurstConditions) -> None:
        beam = source.beam
        self.number = number
        self.conditions = conditions
        self.spill_ticks = math.ceil(beam.spill_seconds * 1e9 / TICK_NS)
        effective = source.profile.effective_seconds
        self.truth = beam_truth(beam, effective, source.seed, number, conditions.beam)
        self._source = source
        self._scalers: dict[str, int] | None = None

    @property
    def n_protons(self) -> int:
        """Protons on target."""
        return self.truth.n_protons

    def mean_arrivals(self, arrivals: Arrivals) -> float:
        """Mean number of particles of a component in the whole burst."""
        scale = self.truth.halo_scale if arrivals.component in FOLLOWS_HALO else 1.0
        return arrivals.per_pot * scale * self.n_protons

    def slices(self) -> Iterator[HitBatch]:
        """Hits in time order, slice by slice; only one slice is in memory. Each call makes the same burst again."""
        edges = self._source.profile.edges_fine
        jitter = ns_to_fine(JITTER_NS)
        scalers = Scalers(ns_to_fine(self._source.detector.scaler_gate_ns))
        late: Parts = {name: [empty_block(name)] for name in DETECTORS}
        for k in range(self._source.profile.n_slices):
            last = k == self._source.profile.n_slices - 1
            watermark = END_OF_BURST if last else int(edges[k + 1]) - jitter
            batch, late = _deliver(self._hits(k), late, max(0, int(edges[k]) - jitter), watermark, int(edges[-1]))
            scalers.add(batch)
            yield batch
        self._scalers = scalers.counts()

    def beam_record(self, stamp_ns: int) -> BeamRecord | None:
        """Give what beam line and scalers report at the end of the burst, stamped `stamp_ns` [ns since 1970].

        A biased burst has none: no beam made it.

        Raises
        ------
        DataError
            The slices have not been taken to their end, so the scalers are not known.
        """
        if self._scalers is None:
            msg = f"burst {self.number}: beam record asked for before the last slice; take all slices first"
            raise DataError(msg)
        source = self._source
        if source.recipe is not None:
            return None
        where = (source.beam, source.seed, self.number, self.conditions.beam)
        return beam_record(self.truth, *where, stamp_ns, dict(self._scalers))

    def _parts(self) -> tuple[Part, ...]:
        source = self._source
        if source.recipe is not None:
            return source.recipe.parts
        return beam_parts(((arrivals, self.mean_arrivals(arrivals)) for arrivals in source.components), source.profile)

    def _hits(self, slice_number: int) -> Parts:
        """Unordered hits of the particles and of the noise of one slice."""
        source, profile = self._source, self._source.profile
        parts: Parts = {name: [] for name in DETECTORS}
        for part in self._parts():
            rng = stream(source.seed, self.number, part.component, slice_number)
            for name, block in respond_event(rng, part.draw(rng, slice_number), source.detector, source.curve):
                parts[name].append(block)
        rng = stream(source.seed, self.number, Component.NOISE, slice_number)
        start, stop = (int(edge) for edge in profile.edges_fine[slice_number : slice_number + 2])
        effects = channel_effects(source.detector.channels, self.conditions.channels)
        for name, block in noise_hits(rng, start, stop, source.detector.noise, effects):
            parts[name].append(block)
        return {name: [effects.apply(name, block) for block in blocks] for name, blocks in parts.items()}


def _deliver(parts: Parts, late: Parts, earliest: int, watermark: int, end: int) -> tuple[HitBatch, Parts]:
    """Order the hits; those at or after the watermark wait for the next slice. `end`: hits outside the spill are lost.

    `earliest` is the watermark before: it holds because resolutions are bounded far below the jitter, and a
    draw beyond all bounds is put there rather than delivered too late.
    """
    blocks: dict[str, HitBlock] = {}
    rest: Parts = {}
    for name, fresh in parts.items():
        pieces = late[name] + fresh
        time = np.maximum(np.concatenate([piece.time for piece in pieces]), earliest)
        fields = {key: np.concatenate([piece.fields[key] for piece in pieces]) for key in pieces[0].fields}
        block = ordered_block(time, fields)
        cut = int(np.searchsorted(block.time, min(watermark, end)))
        blocks[name] = cut_block(block, 0, cut)
        rest[name] = [cut_block(block, cut, len(block.time))]
    return HitBatch(watermark, blocks), rest
