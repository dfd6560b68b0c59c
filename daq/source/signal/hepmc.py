"""Events of an outside generator: HepMC3 ASCII, read with pyhepmc (an extra, not a requirement).

Positions are in the frame of the experiment: origin at T10, Z along the beam. Particles of status 1 start at their
production vertex. pyhepmc passes over what is missing at the end of a file, so the text is checked first.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from daq.errors import ConfigError, DataError
from daq.geometry.planes import MAGNET_CENTRE_MM
from daq.source.particles import F64, Kind, Particles
from daq.source.processes.births import born
from daq.source.propagation import PathCurve

START, END = "HepMC::Asciiv3-START_EVENT_LISTING", "HepMC::Asciiv3-END_EVENT_LISTING"
FINAL_STATUS = 1
KINDS = {
    11: (Kind.ELECTRON, -1), -11: (Kind.ELECTRON, 1), 13: (Kind.MUON, -1), -13: (Kind.MUON, 1), 22: (Kind.PHOTON, 0),
    211: (Kind.PION, 1), -211: (Kind.PION, -1), 321: (Kind.KAON, 1), -321: (Kind.KAON, -1),
}  # fmt: skip
"""PDG code -> kind and charge."""

UNSEEN = {12, -12, 14, -14, 16, -16}
"""PDG codes that leave nothing in any detector."""

Row = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class HepMCSample:
    """Particles of a file.

    blocks : one for each kind and charge in the file
    events : for each block, int64, the event of each row, from 0
    weight : float64 (n_events,)    first weight of each event, 1 where there is none
    """

    blocks: tuple[Particles, ...]
    events: tuple[NDArray[np.int64], ...]
    weight: F64


def read_hepmc(path: Path, curve: PathCurve, spacing_ns: float = 0.0) -> HepMCSample:
    """Read a file; event k is at k times `spacing_ns` [ns].

    Raises
    ------
    DataError
        File cut short, unknown particle, negative weight, vertex outside 0 mm to MNP33: with line, event and reason.
    ConfigError
        The file cannot be opened, or pyhepmc is not installed.
    """
    lines = _check_text(path)
    reader = _pyhepmc(path)
    rows: dict[tuple[Kind, int], list[Row]] = {}
    weights = []
    with reader.open(str(path)) as stream:
        for number, event in enumerate(stream):
            if number == len(lines):
                break
            where = f"{path}, line {lines[number][0]}, event {number}"
            weights.append(_weight(event, where))
            event.set_units(reader.Units.GEV, reader.Units.MM)
            for particle in event.particles:
                if particle.status == FINAL_STATUS and particle.pid not in UNSEEN:
                    line = lines[number][particle.id]
                    key, row = _row(particle, number, f"{path}, line {line}, event {number}")
                    rows.setdefault(key, []).append(row)
    if len(weights) != len(lines):
        msg = f"{path}: {len(lines)} events in the text, {len(weights)} read; the file is damaged, write it again"
        raise DataError(msg)
    blocks, events = [], []
    for (kind, charge), found in rows.items():
        table = np.array(found, np.float64)
        event_of = table[:, 0].astype(np.int64)
        blocks.append(born(kind, table[:, 0] * spacing_ns, table[:, 1:4], table[:, 4:7], charge, curve))
        events.append(event_of)
    return HepMCSample(tuple(blocks), tuple(events), np.array(weights))


def _check_text(path: Path) -> list[list[int]]:
    """Line numbers of each event and of its particles: [line of E, line of particle 1, ...]."""
    try:
        text = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read ({error}); give an existing HepMC3 ASCII file"
        raise ConfigError(msg) from error
    if START not in text[:10]:
        msg = f"{path}, line 1: no '{START}' in the first lines; wanted HepMC3 ASCII, convert the file"
        raise DataError(msg)
    events: list[list[int]] = []
    wanted: list[int] = []
    closed = False
    for number, line in enumerate(text, start=1):
        if line.startswith("E "):
            wanted.append(_n_particles(line, f"{path}, line {number}, event {len(events)}"))
            events.append([number])
        elif line.startswith("P ") and events:
            events[-1].append(number)
        elif line.startswith("W ") and events:
            _check_weights(line, f"{path}, line {number}, event {len(events) - 1}")
        closed = closed or line == END
    for k, event in enumerate(events):
        if len(event) - 1 != wanted[k]:
            where = f"{path}, line {event[0]}, event {k}"
            msg = f"{where}: {len(event) - 1} particles, {wanted[k]} announced; the file is cut short or edited"
            raise DataError(msg + ", write it again")
    if not closed:
        msg = f"{path}, line {len(text)}, event {len(events) - 1}: no '{END}'; the file is cut short, write it again"
        raise DataError(msg)
    return events


def _n_particles(line: str, where: str) -> int:
    fields = line.split()
    if len(fields) < 4 or not fields[3].isdigit():
        msg = f"{where}: '{line[:60]}' is no event header; wanted 'E number vertices particles', write the file again"
        raise DataError(msg)
    return int(fields[3])


def _check_weights(line: str, where: str) -> None:
    """Refuse a weight that is no number: pyhepmc reads it as none, and says that their count is wrong."""
    for field in line.split()[1:]:
        try:
            good = math.isfinite(float(field))
        except ValueError:
            good = False
        if not good:
            msg = f"{where}: weight '{field}'; wanted a finite number, unweight or drop the event"
            raise DataError(msg)


def _pyhepmc(path: Path) -> ModuleType:
    try:
        return importlib.import_module("pyhepmc")
    except ModuleNotFoundError as error:
        msg = f"{path}: HepMC3 files need the package pyhepmc, which is not installed; install pyhepmc 2.16 or later"
        raise ConfigError(msg) from error


def _weight(event: Any, where: str) -> float:  # noqa: ANN401 - pyhepmc's GenEvent
    weight = float(event.weights[0]) if len(event.weights) else 1.0
    if not (weight >= 0.0 and np.isfinite(weight)):
        msg = f"{where}: weight {weight}; wanted 0 or more, unweight or drop the event"
        raise DataError(msg)
    return weight


def _row(particle: Any, event: int, where: str) -> tuple[tuple[Kind, int], Row]:  # noqa: ANN401 - GenParticle
    if particle.pid not in KINDS:
        known = ", ".join(str(code) for code in sorted(KINDS))
        msg = f"{where}: particle {particle.pid} of status 1; wanted one of {known}, let the generator decay it"
        raise DataError(msg)
    at, momentum = particle.production_vertex.position, particle.momentum
    values = (at.x, at.y, at.z, momentum.x, momentum.y, momentum.z)
    if not np.all(np.isfinite(values)) or not 0.0 <= at.z < MAGNET_CENTRE_MM:
        msg = f"{where}: vertex at Z = {at.z} mm; wanted finite numbers and 0 to {MAGNET_CENTRE_MM} mm, mend the file"
        raise DataError(msg)
    return KINDS[particle.pid], (float(event), *values)
