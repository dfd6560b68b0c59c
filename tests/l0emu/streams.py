"""Hit streams and configurations for level 0, and the way to run them through `step` in any cut."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from daq.config.l0 import L0Config
from daq.geometry.chod import chod_geometry
from daq.hits import END_OF_BURST, HitBatch, HitBlock, cut_block, empty_block
from daq.model import DETECTORS
from l0emu import L0Setup, new_burst, step

VALUE = {"chod": "id", "na48chod": "id", "muv3": "id", "lav": "station", "lkr": "energy"}
Hits = dict[str, list[tuple[int, float]]]


def block(name: str, hits: list[tuple[int, float]]) -> HitBlock:
    empty = empty_block(name)
    fields = {key: np.zeros(len(hits), dtype=values.dtype) for key, values in empty.fields.items()}
    fields[VALUE[name]] = np.array([value for _, value in hits], dtype=empty.fields[VALUE[name]].dtype)
    return HitBlock(np.array([time for time, _ in hits], dtype=np.int64), fields)


def batches(hits: Hits, marks: list[int], extra: list[int]) -> list[HitBatch]:
    """Slices with the watermarks `marks`; each takes up to `extra` hits at or behind its watermark as well."""
    blocks = {name: block(name, sorted(hits.get(name, []), key=lambda hit: hit[0])) for name in VALUE}
    start = dict.fromkeys(VALUE, 0)
    result = []
    for mark, more in zip([*sorted(marks), END_OF_BURST], [*extra, 0], strict=True):
        cut = {name: empty_block(name) for name in DETECTORS}
        for name, whole in blocks.items():
            stop = min(int(np.searchsorted(whole.time, mark)) + more, len(whole.time))
            stop = max(stop, start[name])
            cut[name] = cut_block(whole, start[name], stop)
            start[name] = stop
        result.append(HitBatch(mark, cut))
    return result


def run(slices: list[HitBatch], config: L0Config):
    """Triggers as tuples, and the counters; checks on the way that what is final stays final."""
    setup = L0Setup.from_config(config)
    state = new_burst(setup)
    triggers: list[tuple[int, int, int]] = []
    for one in slices:
        before = state.final_until
        found = step(state, one, setup)
        assert len(found) == len(found.time) == len(found.flags) == len(found.trigger_type)
        assert all(before <= time < state.final_until for time in found.time.tolist())
        triggers += zip(found.time.tolist(), found.flags.tolist(), found.trigger_type.tolist(), strict=True)
    assert state.final_until == END_OF_BURST
    assert [t // 256 for t, _, _ in triggers] == sorted({t // 256 for t, _, _ in triggers})
    return triggers, state.counters(setup)


def run_whole(hits: Hits, config: L0Config):
    return run(batches(hits, [], []), config)


def tile(channel_id: int, time: int) -> list[tuple[int, int]]:
    """Both PMTs of a tile at one time."""
    return [(time, channel_id), (time, channel_id + 50)]


def counts(counters) -> dict:
    """Counters in the shape of the slow twin."""
    return {
        "masks": {name: (m.generated, m.sent, m.downscaling) for name, m in counters.masks.items()},
        "primitives": counters.primitives,
        "overwritten": counters.overwritten,
        "n_triggers": counters.n_triggers,
        "n_choked": counters.n_choked,
        "dead_ticks": counters.dead_ticks,
        "dead_hits": counters.n_dead_hits,
        "unknown_hits": counters.n_unknown_hits,
    }


# time differences at which something changes: nothing, cluster window, time cut, dead time, slots, stamps
EDGES = [0, 1, 2, 31, 32, 33, 51, 63, 64, 102, 103, 104, 127, 128, 129, 255, 256, 257, 409, 410, 411, 512, 1500, 10**6]
CHANNELS = [101, 151, 102, 152, 106, 156, 201, 251, 204, 301, 351, 305, 355, 401, 407, 433, 438, 488]
ODD_CHANNELS = [0, 100, 139, 150, 189, 500, 511, 512, 65535]

_VALUES = {
    "chod": st.one_of(st.sampled_from(CHANNELS), st.sampled_from(chod_geometry().channel_id.tolist() + ODD_CHANNELS)),
    "na48chod": st.sampled_from([0, 63, 64, 127, 128, 65535]),
    "muv3": st.sampled_from([0, 143, 144, 151, 152, 65, 200, 351, 352, 344, 199, 65535]),
    "lav": st.sampled_from([12, 12, 11, 1]),
    "lkr": st.sampled_from([0.25, 0.5, 0.75, 1.0, 1.25, 40.0, 0.0, -0.5, float("nan"), float("inf")]),
}


@st.composite
def hit_streams(draw) -> Hits:
    """Up to some tens of hits in each detector, at differences around every edge, anywhere in a long burst."""
    start = draw(st.sampled_from([0, 0, 255, 2**24 - 200, 2**32 - 300, 2**38, 2**40 - 2**28]))
    gaps = draw(st.lists(st.sampled_from(EDGES), min_size=1, max_size=60))
    times = (start + np.cumsum(gaps)).tolist()
    hits: Hits = {name: [] for name in VALUE}
    for time in times:
        for name in draw(st.lists(st.sampled_from(["chod", "chod", "chod", *VALUE]), min_size=1, max_size=3)):
            hits[name].append((time, draw(_VALUES[name])))
    return hits


@st.composite
def cuts(draw, hits: Hits) -> tuple[list[int], list[int]]:
    """Watermarks on, just before and just behind hits, and how many hits each slice takes in advance."""
    times = sorted({time for values in hits.values() for time, _ in values})
    near = [time + shift for time in times for shift in (-1, 0, 1, 103, 256) if time + shift >= 0] or [0]
    marks = sorted(draw(st.lists(st.sampled_from(near), max_size=12)))
    return marks, draw(st.lists(st.integers(0, 2), min_size=len(marks), max_size=len(marks)))


_CONDITIONS = ["chod.Q1", "chod.H2", "chod.HT1", "chod.UTMC", "chod.HO1", "muv3.M1", "muv3.MO1", "lav.LAV12"]
_CONDITIONS += ["na48chod.N1", "na48chod.NVH", "lkr.E1"]
_BIT_MAPS = [
    {},
    {"Q1": 0, "H2": 15, "HT1": 3, "HT2": 9, "HO1": 1, "UTMC": 2, "QX": 4, "QTB": 5, "Q02EX": 6, "Q13EX": 7, "Q4": 8},
    {"Q1": 4, "H2": 1, "HT1": 3, "HO1": 0, "UTMC": 2, "QE1": 5, "QE2": 6, "QE3": 7, "QE4": 8, "UTMCO": 9, "HTO1": 10},
]


@st.composite
def configs(draw) -> L0Config:
    masks = []
    for bit in draw(st.lists(st.integers(0, 15), max_size=4, unique=True)):
        names = draw(st.lists(st.sampled_from(_CONDITIONS), max_size=3, unique=True))
        n_required = draw(st.integers(0, len(names)))
        masks.append(
            {
                "name": f"M{bit}",
                "bit": bit,
                "downscaling": draw(st.sampled_from([1, 1, 2, 3, 20])),
                "enabled": draw(st.sampled_from([True, True, True, False])),
                "require": names[:n_required],
                "veto": names[n_required:],
            }
        )
    window = st.sampled_from([0.1, 3.0, 10.0, 25.0, 100.0])
    inputs: dict = {name: {"window_ns": draw(window), "time_cut_ns": draw(window)} for name in VALUE}
    inputs["chod"]["dead_time_ns"] = draw(st.sampled_from([0.0, 10.0, 40.0]))
    if bits := draw(st.sampled_from(_BIT_MAPS)):
        inputs["chod"]["bits"] = bits
    control = draw(st.sampled_from(["lkr.E1", "lkr.E1", "chod.Q1", "muv3.M1", "na48chod.NVH"]))
    choke = draw(st.sampled_from([{}, {"on_words": 60, "off_words": 30, "drain_words_per_second": 1.3e5}]))
    return L0Config.model_validate(
        {
            "reference": draw(st.sampled_from(["chod", "chod", "chod", "muv3", "na48chod", "lkr"])),
            "fine_time_bits": draw(st.integers(0, 3)),
            "start_delay_ticks": draw(st.sampled_from([0, 0, 0, 3])),
            "primitive_dt_ticks": draw(st.sampled_from([0, 0, 1, 3])),
            "masks": masks,
            "control": {
                "enabled": draw(st.booleans()),
                "detector": control.split(".")[0],
                "downscaling": draw(st.sampled_from([1, 2])),
                "require": [control],
            },
            "choke": choke,
            "inputs": inputs,
        }
    )
