"""Whether a recording may be counted with a configuration, and what the row then says of it."""

from __future__ import annotations

import json
from pathlib import Path

from daq.config import Config
from daq.errors import PolicyError
from daq.recording.manifest import manifest_path
from daq.records import SobRecord

SHOWN = 12
"""Characters of a digest in messages."""


def with_digests(sob: SobRecord, config: Config, recording: Path) -> tuple[SobRecord, str]:
    """Make the SOB record say what its burst is counted with; also a note when that is not what it was taken with.

    A magnet setting that `live --b2` or a scenario changed is no difference: the SOB names it.

    Raises
    ------
    PolicyError
        The mask is another one than when the burst was taken, and the recording may hold masked events.
    """
    if sob.mask_digest != config.mask_digest() and _holds_masked(recording):
        msg = (
            f"run {sob.run} burst {sob.burst}: taken with the mask {sob.mask_digest[:SHOWN]}, the configuration has "
            f"{config.mask_digest()[:SHOWN]}: counts with two masks would show what lies between them; "
            "give the --config of the run"
        )
        raise PolicyError(msg)
    if sob.config_digest == config.digest() or sob.config_digest == _with_magnet(config, sob):
        return sob, ""
    counted = {"config_digest": config.digest(), "mask_digest": config.mask_digest()}
    note = (
        f"taken with the configuration {sob.config_digest[:SHOWN]}, counted with {config.digest()[:SHOWN]}; "
        "give the --config of the run to compare"
    )
    return sob.model_copy(update=counted), note


def _with_magnet(config: Config, sob: SobRecord) -> str:
    if sob.b2_set_a is None:
        return config.digest()
    beam = config.beam.model_copy(update={"b2_current_a": sob.b2_set_a})
    return config.model_copy(update={"beam": beam}).digest()


def _holds_masked(recording: Path) -> bool:
    """Whether events may be there in clear: only a manifest that says `sealed` excludes it."""
    try:
        return bool(json.loads(manifest_path(recording).read_text("utf-8"))["masked"] != "sealed")
    except (OSError, ValueError, KeyError, TypeError):
        return True
