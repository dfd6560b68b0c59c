"""Run a scan: take or select its spills, fit, write, say the verdict."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable

from daq.config import Config
from daq.errors import ConfigError
from monitor.halo import HaloSetup, halo_view
from monitor.ledger.engine import shown
from monitor.spill import Spill
from offline.scan_b2.emulated import emulated_spills
from offline.scan_b2.options import ScanOptions
from offline.scan_b2.recorded import recorded_spills
from offline.scan_b2.report import document, prepare, sentence, write_files

INTERRUPTED = 130
"""Exit code after Ctrl-C, as a shell gives it."""


def run_scan(config: Config, options: ScanOptions) -> int:
    """Do what the options say; exit code 0 with a fitted minimum of MUV3, 1 without, 130 after Ctrl-C.

    After Ctrl-C the spills taken so far are fitted and written.

    Raises
    ------
    ConfigError, StoreError
        What was asked for cannot be done; nothing was written.
    """
    setup = HaloSetup.from_config(config)
    if options.ledger is not None:
        source, interrupted = shown(options.ledger), False
        spills = recorded_spills(options.ledger, options.runs, options.span, config.halo)
    else:
        source = f"emulated detector, seed {options.seed}"
        spills, interrupted = _take(config, options)
    if not spills:
        sys.stderr.write("scan-b2: stopped before the first spill; nothing was written\n")
        return INTERRUPTED
    view = halo_view(spills, setup)
    said = document(view, source, interrupted)
    for path in write_files(options.out, view, said):
        sys.stderr.write(f"wrote {path}\n")
    sys.stdout.write(json.dumps(said) + "\n" if options.as_json else sentence(view) + "\n")
    if interrupted:
        return INTERRUPTED
    return 0 if view.fit is not None else 1


def _take(config: Config, options: ScanOptions) -> tuple[list[Spill], bool]:
    span = options.span
    if span is None or not span.currents_a:
        msg = "scan-b2: an emulated scan needs --from, --to and --step; or give --ledger for a recorded one"
        raise ConfigError(msg)
    # half a minute of spills is lost if only then the folder turns out to be no good
    prepare(options.out)
    n = len(span.currents_a) * options.spills_per_step
    return collect(emulated_spills(config, span.currents_a, options.spills_per_step, options.seed), n)


def collect(spills: Iterable[Spill], n: int) -> tuple[list[Spill], bool]:
    """Take spills, one line each; after Ctrl-C those there are, and True."""
    taken: list[Spill] = []
    try:
        for spill in spills:
            taken.append(spill)
            sys.stderr.write(f"spill {len(taken)} of {n}: B2 at {spill.b2_set_a:.1f} A\n")
    except KeyboardInterrupt:
        sys.stderr.write(f"scan-b2: stopped after {len(taken)} of {n} spills; going on with these\n")
        return taken, True
    return taken, False
