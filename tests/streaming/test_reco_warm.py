"""`warm` compiles every kernel that the analysis of any frame needs: afterwards nothing is compiled any more.

In a process of its own: another test may have compiled what `warm` forgets.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import json, pkgutil, importlib
from numba.core.registry import CPUDispatcher
import streaming, streaming.reco
from daq.config import Config
from daq.frame import decode_frame, encode_frame
from streaming.reco.pipeline import Reconstruction
from tests.strategies import event_of, make_frame
from tests.streaming.judge import SEALED_PLACES, final_state, with_hits

def compiled():
    found = {}
    for package in (streaming, streaming.reco):
        for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, CPUDispatcher):
                    found[f"{value.__module__}.{value.py_func.__name__}"] = len(value.signatures)
    return found

config = Config()
reconstruction = Reconstruction(config.reco, config.regions, config.gate, config.channels)
reconstruction.warm()
before = compiled()
events = [final_state(name, **where) for name in SEALED_PLACES for where in ({}, {"z_tax_m": 23.0, "cda_tax_mm": 5.0})]
events += [with_hits(event_of("pp"), lav=0.0, sav=1.0, anti0=2.0), {}, {"straw": event_of()["straw"][:1]}]
for frame in (make_frame(events), make_frame([]), make_frame([{}])):
    reconstruction.analyse(frame)
    reconstruction.stripped(frame)
    reconstruction.analyse(decode_frame(encode_frame(frame)))
print(json.dumps({"before": before, "after": compiled()}))
"""


def test_warm_compiles_every_kernel():
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=root, capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(done.stdout)
    assert found["before"] == found["after"]
    # one compiled form: what the self-test of the mask runs is what the analysis runs
    assert found["after"]["streaming.regions.mask_pairs"] == 1
    # the others are called by these, and come with them; without field there is another vertex kernel
    assert sum(n > 0 for n in found["before"].values()) > 20
