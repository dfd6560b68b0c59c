"""Acceptance samples by what made them: in memory, and in a folder if there is one.

A sample belongs to its configuration and to the code that made it: its file is named by the SHA-256 of both. Files are
NumPy archives without pickled objects; one that cannot be read is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np

import daq
import l0emu
import streaming
from daq.config import Config
from offline.signal.chain import Selected, SignalChain
from offline.signal.draw import Wanted, draw_sample
from offline.signal.paths import Paths
from offline.signal.samples import Sample

SECTIONS = {"detector", "l0", "reco", "channels", "regions", "gate"}
"""Of the configuration, beside `signal` without its injection: what the chain of a decay depends on."""


class SampleStore:
    """Gives samples; makes those that it does not have."""

    def __init__(self, config: Config, seed: int, folder: Path | None = None) -> None:
        self.config, self._seed, self._folder = config, seed, folder
        self._chain: SignalChain | None = None
        self._made: dict[str, Sample] = {}

    def get(self, mass_gev: float, production: str, final_state: str, wanted: Wanted) -> Sample:
        """Sample of one mass [GeV/c2], production and final state; arguments as of `draw_sample`."""
        name = self._digest(mass_gev, production, final_state, wanted)
        if name not in self._made:
            path = self._folder / f"{name}.npz" if self._folder else None
            sample = load_sample(path) if path else None
            if sample is None:
                # what all samples share takes longer to make than to read them
                self._chain = self._chain or SignalChain(self.config)
                sample = draw_sample(self._chain, self._seed, mass_gev, production, final_state, wanted)
                if path:
                    save_sample(path, sample)
            self._made[name] = sample
        return self._made[name]

    def _digest(self, mass_gev: float, production: str, final_state: str, wanted: Wanted) -> str:
        signal = self.config.signal.model_dump(mode="json", exclude={"injection"})
        key = {
            "config": self.config.model_dump(mode="json", include=SECTIONS),
            "signal": signal,
            "code": code_digest(),
            "sample": [self._seed, mass_gev, production, final_state, *wanted],
        }
        canonical = json.dumps(key, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


@cache
def code_digest() -> str:
    """SHA-256 of the source and the tables of everything that a decay goes through."""
    digest = hashlib.sha256()
    roots = [Path(str(package.__file__)).parent for package in (daq, l0emu, streaming)] + [Path(__file__).parent]
    for root in roots:
        for path in sorted(path for path in root.rglob("*") if path.suffix in {".py", ".csv"}):
            digest.update(path.relative_to(root).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def save_sample(path: Path, sample: Sample) -> None:
    """Write a sample; the file is there in one piece or not at all."""
    parts: dict[str, Paths | Selected] = {"first": sample.first, "taken": sample.taken, "selected": sample.selected}
    columns = {f"{name}.{f.name}": getattr(part, f.name) for name, part in parts.items() for f in fields(part)}
    identity = json.dumps([sample.mass_gev, sample.production, sample.final_state, sample.made])
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with temporary.open("wb") as stream:
        np.savez(stream, identity=np.array(identity), **columns)
    temporary.replace(path)


def load_sample(path: Path) -> Sample | None:
    """Read a sample; None where there is no file that holds one."""
    try:
        # numpy leaves a file open that it finds damaged; one that is opened here is closed here
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            first, taken = (Paths(*(archive[f"{part}.{f.name}"] for f in fields(Paths))) for part in ("first", "taken"))
            selected = Selected(*(archive[f"selected.{f.name}"] for f in fields(Selected)))
            mass, production, final_state, made = json.loads(str(archive["identity"]))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None
    return Sample(mass, production, final_state, made, first, selected, taken)
