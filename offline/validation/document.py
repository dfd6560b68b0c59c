"""The result for programs: one JSON document."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import BaseModel

from daq.config import Config
from daq.version import PROGRAM_VERSION
from offline.validation.row import Verdict
from offline.validation.run import Validation


class Made(NamedTuple):
    """How a validation was made."""

    config: Config
    effort: str
    seed: int


def altered(config: Config) -> dict[str, Any]:
    """Keys that are not at their default, with their values."""
    return dict(_differences(config, Config(), ""))


def _differences(one: BaseModel, other: BaseModel, prefix: str) -> Iterator[tuple[str, Any]]:
    for name in type(one).model_fields:
        value, default = getattr(one, name), getattr(other, name)
        if isinstance(value, BaseModel) and type(value) is type(default):
            yield from _differences(value, default, f"{prefix}{name}.")
        elif value != default:
            yield prefix + name, value


def as_json(validation: Validation, made: Made) -> str:
    """Everything but the plots; a number that is not finite is null."""
    document = {
        "program": f"dumpwatch {PROGRAM_VERSION}",
        "effort": made.effort,
        "seed": made.seed,
        "config_digest": made.config.digest(),
        "altered": altered(made.config),
        "passed": validation.passed,
        "counts": {verdict.name.lower(): validation.count(verdict) for verdict in Verdict},
        "rows": [_finite(row.model_dump(mode="json")) for row in validation.rows],
    }
    return json.dumps(document, indent=1, default=str, allow_nan=False)


def _finite(row: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
