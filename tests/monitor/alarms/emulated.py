"""Spills as the shipped reference expects them, and what can be wrong with them."""

from __future__ import annotations

import numpy as np

from daq.config import Config
from daq.config.alarms import AlarmsConfig
from monitor.alarms.desk import AlarmDesk, Booked
from monitor.alarms.model import Alarm, StreamView
from monitor.alarms.rules import shipped_reference
from monitor.alarms.streams import UNIT_POT, WATCHED
from monitor.spill import Quality, Spill, TriggerCounts
from tests.monitor.synthetic import make_spill

POT = 5 * UNIT_POT
TEMPLATE = make_spill()[0]


def spill(
    burst: int,
    *,
    run: int = 7001,
    halo: float = 1.0,
    beam: float = 1.0,
    gain: float = 1.0,
    noise: float = 0.01,
    quality: tuple[Quality, ...] = (),
    **update: object,
) -> Spill:
    """One spill of the emulated detector.

    halo : factor of what comes with the beam, noise hits stay
    beam : protons relative to 5e12
    gain : response of T10
    """
    reference, rng = shipped_reference(), np.random.default_rng([run, burst])
    shake = float(np.exp(noise * rng.standard_normal()))
    n = {}
    for name, one in reference.streams.items():
        units = POT / UNIT_POT * beam
        n[name] = int(rng.poisson(one.dark + one.per_unit * units**one.power * halo**one.power * shake))
    pot = round(POT * beam * gain)
    values: dict[str, object] = {
        "run": run,
        "burst": burst,
        "sob_time_ns": TEMPLATE.sob_time_ns + burst * 14_400_000_000,
        "config_digest": Config().digest(),
        "pot": pot,
        "pot_error": pot // 5,
        "t10_intensity": pot / 1e11,
        "live_fraction": 1.0,
        "scalers": {watched.source: n[name] for name, watched in WATCHED.items() if watched.kind == "scaler"},
        "triggers": {"H2": TriggerCounts(generated=n["h2"], sent=n["h2"], downscaling=1)},
        "counts": {**TEMPLATE.counts, "two_track": n["pairs"], "vertices": n["vertices"]},
        "quality": list(quality),
    }
    return TEMPLATE.model_copy(update=values | update)


def without_pot(burst: int, flag: Quality = Quality.NO_POT, **more: object) -> Spill:
    """A spill whose T10 reading cannot be used."""
    return spill(burst, quality=(flag,), **{"pot": None, "pot_error": None, "t10_intensity": None, **more})


def desk(spills: list[Spill], **config: object) -> AlarmDesk:
    """A desk that was fed with these."""
    made = AlarmDesk(AlarmsConfig(**config), None)
    for one in spills:
        made.feed(Booked(one))
    return made


def alarm(made: AlarmDesk, name: str, stream: str | None = None) -> Alarm:
    found = [one for one in made.alarms() if one.key == (name, stream or "")]
    assert len(found) == 1
    return found[0]


def stream(made: AlarmDesk, name: str) -> StreamView:
    return next(view for view in made.streams() if view.name == name)
