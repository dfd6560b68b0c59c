"""What the page is shown with: ledgers and chains of a quiet run, an excursion, a magnet trip, a dead worker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from daq.records import EobRecord, MaskCounts
from monitor.api.app import Setup
from monitor.api.desk import REBASE
from monitor.ledger import Ledger
from monitor.page.geometry import tile_map
from monitor.spill import Spill, close_spill
from streaming.tally import Tally
from tests.monitor.page.reference import quiet_reference
from tests.monitor.serving import BOX, TOKEN, Feed
from tests.monitor.synthetic import make_records, make_tally

CYCLE_NS = 14_400_000_000
RUN = 9001
SPILLS = 60
AGE_NS = 8_000_000_000
"""Since the SOB of the last spill, when a scene begins [ns]."""


def plain_setup() -> Setup:
    """A monitor with the masked box and the token of the tests."""
    return Setup(masked_box=BOX, token=TOKEN)


def _with_scalers(eob: EobRecord, halo: float, rng: np.random.Generator) -> EobRecord:
    if eob.beam is None:
        return eob
    protons = (eob.beam.t10_intensity or 50.0) / 50.0
    means = {"MUV3": 3.1e6, "Q1_OR": 4.4e6, "LAV": 7.0e5, "ANTI0": 1.05e6, "MUV1_OR_MUV2": 2.2e6, "IRC": 9.0e4}
    # muons of the halo reach MUV3 first; the CHOD and what it triggers see a third of the change
    factor = {"MUV3": halo, "Q1_OR": 1 + (halo - 1) / 3}
    read = {
        name: int(rng.poisson(mean * factor.get(name, 1.0) * protons) * rng.normal(1, 0.008))
        for name, mean in means.items()
    }
    masks = {name: mask.model_copy(update=_raised(mask, 1 + (halo - 1) / 3)) for name, mask in eob.masks.items()}
    beam = eob.beam.model_copy(update={"scalers": {**eob.beam.scalers, **read}})
    return eob.model_copy(update={"beam": beam, "masks": masks})


def _raised(mask: MaskCounts, factor: float) -> dict[str, int]:
    return {"generated": round(mask.generated * factor), "sent": round(mask.sent * factor)}


def _illuminate(tally: Tally, n_events: int, rng: np.random.Generator) -> None:
    for detector, name in (("chod", "chod_tiles"), ("muv3", "muv3_tiles")):
        for tile in tile_map(detector).tiles:  # type: ignore[arg-type]
            x, y = tile.x + tile.w / 2 - 60, tile.y + tile.h / 2
            near = np.exp(-np.hypot(x, y) / 520) * tile.area_cm2 / 484
            tally.histograms[name][tile.bin + 1] += rng.poisson(n_events / 40 * near)


def one_spill(
    burst: int, start_ns: int, run: int = RUN, halo: float = 1.0, lost: int = 0, **records: Any
) -> tuple[Spill, Tally]:
    """A spill with all scalers and both illuminations; `lost` events are in one missing frame."""
    rng = np.random.default_rng([run, burst])
    n_events = 36_000 + int(rng.normal(0, 260))
    t10 = records.pop("t10", 50.0 + rng.normal(0, 0.5))
    sob, eob = make_records(run=run, burst=burst, n_events=n_events, t10=t10, start_ns=start_ns, **records)
    tally = make_tally(n_events - lost, burst, fill=True)
    _illuminate(tally, n_events - lost, rng)
    eob = _with_scalers(eob, halo, rng)
    missing = ((1, 1, "no answer"),) if lost else ()
    return close_spill(sob, eob, tally, n_events - lost, missing, f"{burst:064x}", b2_set_a=-250.0), tally


def fill(
    ledger: Ledger, bursts: Iterable[int], last: int = SPILLS, change: Callable[[int], dict[str, Any]] | None = None
) -> None:
    """Commit bursts, in step with those that are there; else burst `last` began `AGE_NS` ago.

    `change` gives what is special about a burst.
    """
    there = ledger.spills(RUN, 1)
    start_ns = (
        there[-1].sob_time_ns - there[-1].burst * CYCLE_NS if there else time.time_ns() - AGE_NS - last * CYCLE_NS
    )
    for burst in bursts:
        b2 = -250.0 + (burst * 37 % 11 - 5) * 0.04
        ledger.commit(*one_spill(burst, start_ns, **{"b2": b2, **(change(burst) if change else {})}))


def chain(burst: int = SPILLS + 1, **change: Any) -> Feed:
    """What a chain in good health says in the middle of a spill; it never grows old."""
    status = {"run": RUN, "burst": burst, "mode": "EMULATED", "phase": "spill", "frames_counted": 2}
    status |= {"events_counted": 24_512, "frames_expected": 3, "workers": 3, "open_bursts": 1, "duplicates": 0}
    status |= {"bad_frames": {}, "refused": 0, "unbooked": 0, "commit_ms": 60, "updated_ns": time.time_ns() + 10**15}
    return Feed(**{**status, **change})


def _excursion(burst: int) -> dict[str, Any]:
    return {"halo": 1.45 if burst > SPILLS - 3 else 1.0}


def _magnet_trip(burst: int) -> dict[str, Any]:
    off = burst > SPILLS - 2
    return {"b2": -31.5 if burst == SPILLS else -128.0, "halo": 1.9 if burst == SPILLS else 1.35} if off else {}


def _worn(burst: int) -> dict[str, Any]:
    return {"lost": 11_000} if burst == SPILLS - 9 else {"t10": None} if burst == SPILLS - 20 else {}


@dataclass(frozen=True, slots=True)
class Scene:
    """One state of the world."""

    name: str
    change: Callable[[int], dict[str, Any]] | None = None
    chain: dict[str, Any] = field(default_factory=dict)

    def prepare(self, ledger: Ledger, spills: int = SPILLS) -> Feed:
        """Fill the ledger with the newest `spills` bursts; the chain's status."""
        document = quiet_reference().model_dump(mode="json")
        ledger.add_log(kind="rebase", who="the tests", text="scenes", subject=REBASE, document=document)
        fill(ledger, range(SPILLS - spills + 1, SPILLS + 1), change=self.change)
        return chain(**self.chain)


SCENES = {
    scene.name: scene
    for scene in (
        Scene("quiet"),
        Scene("excursion", _excursion),
        Scene("magnet-trip", _magnet_trip),
        Scene("dead-worker", _worn, {"workers": 0, "frames_counted": 1, "events_counted": 11_904}),
    )
}
