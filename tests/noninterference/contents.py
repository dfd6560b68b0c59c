"""What an event may hold: families of hidden ones, and of ones that everybody may see. One number makes one event."""

from __future__ import annotations

import copy
import math
import random
from functools import lru_cache

from daq.units import PION_MASS_GEV
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS
from tests.noninterference import edges
from tests.noninterference.seam import BREAKS
from tests.strategies import REJECT, event_of, pair_of_tracks
from tests.strategies_neutral import aimed_photon, vertex_of
from tests.streaming.judge import final_state, with_hits

ODD = (math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 3e38, 1e-45)
"""Numbers that no measurement gives; the last is the smallest in single precision."""

HALF_CR = {"SR": ((18.0, 28.0), (1.0, 15.0)), "CR": ((44.0, 49.0), (60.0, 140.0))}
"""Z_TAX [m] and CDA_TAX [mm] of points that lie in the region for all final states."""


def milli(r: random.Random) -> float:
    """A number in -1..1 that keeps off zero."""
    return (r.randint(-1000, 1000) + 0.5) / 1000.0


def ks_opening(r: random.Random, p: float) -> tuple[float, float]:
    """Opening of two tracks of momentum `p` [GeV/c] whose pi pi mass is that of a K_S, within 3 MeV."""
    half = math.sqrt((edges.KS_GEV + 0.003 * milli(r)) ** 2 / 4 - PION_MASS_GEV**2)
    return 0.0, math.tan(math.asin(half / p))


def compartment(r: random.Random, channel: str, region: str) -> dict:
    """A candidate of one of the 27 compartments."""
    if region == "KS":
        return final_state(channel, z_tax_m=100.0, cda_tax_mm=300.0, p=(40.0, 40.0), opening=ks_opening(r, 40.0))
    z, cda = (r.uniform(*span) for span in HALF_CR[region])
    return final_state(channel, z_tax_m=z, cda_tax_mm=cda)


def candidate(r: random.Random) -> dict:
    return compartment(r, r.choice(SEALED_CHANNELS), r.choice(COMPARTMENTS))


def guarded(r: random.Random) -> dict:
    """Nothing but a guard band masks it."""
    z, cda = r.choice([(-9.5, 80.0), (55.5, 80.0), (23.0, 165.0)])
    return event_of(r.choice(["mm", "pp"]), z_tax_m=z + 2.0 * milli(r), cda_tax_mm=cda + 12.0 * milli(r))


def open_kinds(r: random.Random) -> dict:
    """Same sign, e mu, mu pi inside the regions: masked like all others."""
    kinds, charge = r.choice([("mm", (1, 1)), ("mm", (-1, -1)), ("em", (1, -1)), ("mp", (1, -1)), ("pp", (1, 1))])
    return event_of(kinds, z_tax_m=23.0 + 10.0 * milli(r), cda_tax_mm=50.0 + 40.0 * milli(r), charge=charge)


def vetoed(r: random.Random) -> dict:
    """The mask does not ask for vetoes, times or the trigger."""
    event = candidate(r)
    event = with_hits(event, **{name: 5.0 * milli(r) for name in ("lav", "sav", "anti0") if r.random() < 0.6})
    if r.random() < 0.3:
        event["chod"] = []
    return event


def doubtful(r: random.Random) -> dict:
    """One number of one track is impossible."""
    event = event_of("mm", z_tax_m=r.choice([23.0, 100.0]))
    name = r.choice(["x", "y", "tx", "ty", "p", "charge"])
    track = r.choice(event["straw"])
    track[name] = r.choice([0, 2, -2, 127, -128]) if name == "charge" else r.choice(ODD[:3])
    if name == "p":
        track[name] = r.choice((*ODD[:6], -40.0))
    return event


def tiny(r: random.Random) -> dict:
    """Numbers at the ends of single precision, inside the mask by their vertex or without one."""
    event = event_of("mm", z_tax_m=23.0, cda_tax_mm=4.0)
    event["straw"][0][r.choice(["p", "tx", "chi2"])] = r.choice([3e38, 1e-45, 1e-38])
    event["straw"].append(dict(pair_of_tracks(z_tax_m=23.0, cda_tax_mm=4.0)[0]))
    event["straw"].append(dict(event["straw"][1], x=event["straw"][1]["x"] + 60.0))
    return event


def edge(r: random.Random) -> dict:
    """Exactly on an edge of the mask or just inside."""
    return event_of("mm", p=(r.choice(edges.MASKED), 40.0))


def two_pairs(r: random.Random) -> dict:
    """A pair that could be shown and one that could not, in the same event, in either order."""
    event = event_of("mm", z_tax_m=100.0 + 30.0 * milli(r), cda_tax_mm=400.0)
    other = pair_of_tracks(z_tax_m=23.0, cda_tax_mm=5.0, opening=(3e-3, -3e-3), phi=milli(r))
    if r.random() < 0.5:
        for track in other:
            track["chi2"] = 1000.0  # not good: nothing but the mask strips the event
    event["straw"] = event["straw"] + other if r.random() < 0.5 else other + event["straw"]
    return event


def odd_third(r: random.Random) -> dict:
    """A good pair, and a track far away of which nothing can be proved: nothing but the mask strips the event."""
    event = event_of()
    odd = dict(event["straw"][0], x=event["straw"][0]["x"] - 700.0, p=r.choice([math.nan, -40.0, 0.0]))
    event["straw"] = [*event["straw"], odd]
    return event


def crowded(r: random.Random) -> dict:
    """More tracks than are looked at."""
    event = candidate(r)
    event["straw"] = (event["straw"] * 40)[: r.choice([33, 34, 60])]
    return event


def breaking(r: random.Random) -> dict:
    """The analysis of this event raises, with a number in the text."""
    return event_of("mm", z_tax_m=23.0, cda_tax_mm=5.0, p=(r.choice(list(BREAKS.values())), 40.0), opening=(0.0, 6e-3))


def photons_inside(r: random.Random) -> dict:
    """Two pions that point elsewhere; with a photon all of it points inside."""
    pair = {"z_tax_m": 100.0, "cda_tax_mm": 300.0}
    event = event_of("pp", **pair)
    target = (10.0 * milli(r), -22.0 + 10.0 * milli(r), 23000.0 + 5000.0 * milli(r))
    event["lkr"] = [*event["lkr"], aimed_photon(vertex_of(**pair), event["straw"], 30.0, target)]
    return event


def rejected(r: random.Random) -> dict:
    """Nothing masks it: an ordinary event with several tracks and not one vertex."""
    event = event_of(z_tax_m=100.0 + 40.0 * milli(r), cda_tax_mm=300.0 + 80.0 * milli(r))
    event["straw"][r.randint(0, 1)] |= r.choice([{"chi2": 1000.0}, {"chambers": 2}, {"p": 5.0}])
    return event


def degenerate(r: random.Random) -> dict:
    """Identical or parallel tracks."""
    event = event_of(z_tax_m=r.choice([23.0, 100.0]))
    first, second = event["straw"]
    if r.random() < 0.5:
        event["straw"] = [first, dict(first)]
    else:
        second["tx"], second["ty"] = first["tx"], first["ty"]
    return event


def long(r: random.Random) -> dict:
    """More hits than a sealed slot has room for, and hits of channels that do not exist."""
    event = candidate(r)
    event["chod"] = event["chod"] + [{"time": 900.0 * milli(r), "id": r.choice([101, 7, 65535])}] * r.choice([3, 400])
    event["muv3"] = [*event["muv3"], {"time": r.choice(ODD), "id": r.choice([151, 207, 65535])}]
    event["lav"] = [{"time": r.choice(ODD), "station": 200}]
    return event


HIDDEN = {
    "reject": lambda _: copy.deepcopy(REJECT),
    "candidate": candidate,
    "rejected": rejected,
    "guarded": guarded,
    "open kinds": open_kinds,
    "vetoed": vetoed,
    "doubtful": doubtful,
    "tiny": tiny,
    "edge": edge,
    "two pairs": two_pairs,
    "odd third": odd_third,
    "crowded": crowded,
    "breaking": breaking,
    "photons inside": photons_inside,
    "degenerate": degenerate,
    "long": long,
}
"""What may stand in the place of a masked event."""


def single(r: random.Random) -> dict:
    """No or one track, and hits of any kind."""
    event = {
        "trigger_flags": r.randint(0, 3),
        "straw": pair_of_tracks(p=(r.choice([5.0, 50.0]), 30.0))[: r.randint(0, 1)],
    }
    ids = [0, 5, 101, 138, 151, 188, 200, 351, 438, 500, 65535]
    for name in ("chod", "na48chod", "muv3"):
        event[name] = [{"time": 20.0 * milli(r), "id": r.choice(ids)} for _ in range(r.randint(0, 3))]
    return event


def shown(r: random.Random) -> dict:
    """A candidate that everybody may see."""
    z, cda = r.choice([(100.0, 300.0), (-50.0, 200.0), (80.0, 100.0), (23.0, 400.0)])
    pair = {"z_tax_m": z + milli(r), "cda_tax_mm": cda + milli(r)}
    if r.random() < 0.5:
        return final_state(r.choice(SEALED_CHANNELS), **pair)
    return event_of(r.choice(["mm", "em", "mp", "pp"]), charge=r.choice([(1, -1), (1, 1)]), **pair)


def just_open(r: random.Random) -> dict:
    """One unit in the last place outside the mask."""
    return event_of("mm", p=(r.choice(edges.OPEN), 40.0))


SHOWN = {"single": single, "shown": shown, "just open": just_open}
"""What may stand anywhere and is the same in both streams."""


@lru_cache(maxsize=20_000)
def content(family: str, seed: int) -> dict:
    """The event of a family with a number. Not to be changed."""
    make = HIDDEN.get(family) or SHOWN[family]
    return make(random.Random(f"{family}/{seed}"))
