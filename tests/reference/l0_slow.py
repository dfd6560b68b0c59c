"""Level 0 once more, slowly: a whole burst at once, plain Python, written from the physics notes, not from `l0emu`."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite

from daq.config.l0 import L0Config

FINE_NS = 24.951059536 / 256
INPUTS = ["na48chod", "rich", "lav", "muv3", "chod", "talk", "lkr"]
INNER = {101, 106, 201, 206, 301, 302, 303, 306, 307, 308, 309, 401, 402, 403, 406, 407, 408, 409}
MISSING_MUV3 = {65, 66, 77, 78}

Primitive = tuple[int, int]
"""Time and bits."""


def slow_level0(hits: dict[str, list[tuple[int, float]]], config: L0Config) -> tuple[list[tuple[int, int, int]], dict]:
    """Triggers (time, flags, type) and counters of a burst.

    `hits` gives (time, value) in time order; the value is the readout channel, the LAV station or the LKr energy.
    """
    masks = [mask for mask in config.masks if mask.enabled]
    used = {name.split(".")[0] for mask in masks for name in (*mask.require, *mask.veto)}
    others = used - {config.reference}
    if masks:
        used.add(config.reference)
    if config.control.enabled:
        used.add(config.control.detector)
    used = [name for name in INPUTS if name in used]
    counters = {"primitives": {}, "overwritten": {}, "dead_hits": 0, "unknown_hits": 0}
    slots: dict[str, dict[int, Primitive]] = {}
    for name in used:
        primitives = find_primitives(name, hits.get(name, []), config, counters)
        slots[name] = {time // (256 >> config.fine_time_bits): (time, bits) for time, bits in primitives}
        counters["primitives"][name] = len(primitives)
        counters["overwritten"][name] = len(primitives) - len(slots[name])
    physics = [match(p, slots, others, config) for p in slots[config.reference].values()] if masks else []
    control = list(slots[config.control.detector].values()) if config.control.enabled else []
    return decide(physics, control, masks, config, counters), counters


def find_primitives(name: str, hits: list, config: L0Config, counters: dict) -> list[Primitive]:
    settings = getattr(config.inputs, name)
    window = round(settings.window_ns / FINE_NS)
    good = live_chod_hits(hits, settings, counters) if name == "chod" else [hit for hit in hits if is_seen(name, hit)]
    clusters: list[list] = []
    for time, value in good:
        if not clusters or time - clusters[-1][0][0] >= window:
            clusters.append([])
        clusters[-1].append((time, value))
    primitives = []
    for cluster in clusters:
        conditions = chod_conditions(cluster) if name == "chod" else other_conditions(name, cluster, settings)
        bits = sum(2**position for condition, position in settings.bits.items() if conditions[condition])
        low, high = min(time for time, _ in cluster), max(time for time, _ in cluster)
        if bits:
            primitives.append((low + (high - low) // 2, bits))
    return primitives


def live_chod_hits(hits: list, settings, counters: dict) -> list:
    dead = round(settings.dead_time_ns / FINE_NS)
    last: dict[int, int] = {}
    live = []
    for time, channel in hits:
        quadrant, rest = divmod(channel, 100)
        if quadrant not in (1, 2, 3, 4) or not (1 <= rest <= 38 or 51 <= rest <= 88):
            counters["unknown_hits"] += 1
        elif channel in last and time - last[channel] < dead:
            counters["dead_hits"] += 1
        else:
            last[channel] = time
            live.append((time, channel))
    return live


def is_seen(name: str, hit: tuple) -> bool:
    value = hit[1]
    if name == "lav":
        return value == 12
    if name == "lkr":
        return isfinite(value)
    if name == "na48chod":
        return value < 128
    tile = value if value < 200 else value - 200
    return tile < 152 and tile not in MISSING_MUV3


def chod_conditions(cluster: list) -> dict[str, bool]:
    channels = {channel for _, channel in cluster}
    tiles = {channel - 50 if channel % 100 > 50 else channel for channel in channels}
    tight = {tile for tile in tiles if tile in channels and tile + 50 in channels}
    quadrants = {tile // 100 - 1 for tile in tiles}
    result = {
        "H1": len(tiles) > 0,
        "HT1": len(tight) > 0,
        "H2": len(tiles) > 1,
        "HT2": len(tight) > 1,
        "HO1": len(tiles - INNER) > 0,
        "HTO1": len(tight - INNER) > 0,
        "UTMC": len(tiles) < 5,
        "UTMCO": len(tiles - INNER) < 5,
        "Q1": len(quadrants) > 0,
        "Q2": len(quadrants) > 1,
        "QX": quadrants >= {0, 2} or quadrants >= {1, 3},
        "QTB": (0 in quadrants or 3 in quadrants) and (1 in quadrants or 2 in quadrants),
        "Q02": quadrants >= {0, 2},
        "Q13": quadrants >= {1, 3},
        "Q4": quadrants == {0, 1, 2, 3},
        "Q02EX": quadrants == {0, 2},
        "Q13EX": quadrants == {1, 3},
    }
    return result | {f"QE{q + 1}": quadrants == {q} for q in range(4)}


def other_conditions(name: str, cluster: list, settings) -> dict[str, bool]:
    values = [value for _, value in cluster]
    if name == "lkr":
        return {"E1": sum(values, 0.0) > settings.threshold_gev}
    if name == "lav":
        return {"LAV12": True}
    if name == "na48chod":
        return {"N1": True, "NVH": any(v < 64 for v in values) and any(v >= 64 for v in values)}
    return {"M1": True, "MO1": any(value % 200 < 144 for value in values)}


def match(primitive: Primitive, slots: dict, others: set[str], config: L0Config) -> tuple[int, dict[str, int]]:
    """Reference time and the accepted bits of every detector."""
    time, bits = primitive
    slot = time // (256 >> config.fine_time_bits)
    words = {config.reference: bits}
    for name in others:
        cut = round(getattr(config.inputs, name).time_cut_ns / FINE_NS)
        words[name] = 0
        for neighbour in (slot - 1, slot, slot + 1):
            if neighbour in slots[name]:
                other_time, other_bits = slots[name][neighbour]
                if abs(other_time - time) < cut:
                    words[name] |= other_bits
    return time, words


def is_satisfied(line, words: dict[str, int], config: L0Config) -> bool:
    def is_set(condition: str) -> bool:
        detector, name = condition.split(".")
        return bool(words.get(detector, 0) >> getattr(config.inputs, detector).bits[name] & 1)

    return all(is_set(name) for name in line.require) and not any(is_set(name) for name in line.veto)


class Fifo:
    """The output FIFO, followed stamp by stamp while it chokes."""

    def __init__(self, config: L0Config) -> None:
        self.choke = config.choke
        parts = round(config.choke.drain_words_per_second * 24.951059536e-9 * 2**20)
        self.drain = Fraction(parts, 2**20)
        self.words, self.stamp = Fraction(0), 0
        self.choked_stamps: set[int] = set()

    def put(self, stamp: int) -> None:
        self.words = max(self.words - (stamp - self.stamp) * self.drain, Fraction(0)) + self.choke.trigger_words
        self.stamp = stamp
        if self.words >= self.choke.on_words:
            level, choked = self.words - self.drain, stamp + 1
            while level > self.choke.off_words:
                self.choked_stamps.add(choked)
                choked, level = choked + 1, level - self.drain


def decide(physics: list, control: list, masks: list, config: L0Config, counters: dict) -> list[tuple[int, int, int]]:
    lines = [*masks, *([config.control] if config.control.enabled else [])]
    generated, sent = {line.name: 0 for line in lines}, {line.name: 0 for line in lines}

    def is_sent(line, words: dict[str, int]) -> bool:
        if not is_satisfied(line, words, config):
            return False
        generated[line.name] += 1
        sent[line.name] += generated[line.name] % line.downscaling == 0
        return generated[line.name] % line.downscaling == 0

    fifo, n_choked, last_event, triggers = Fifo(config), 0, None, []
    by_stamp: dict[int, tuple[list, list]] = {}
    for time, words in physics:
        by_stamp.setdefault(time // 256, ([], []))[0].append((time, words))
    for time, bits in control:
        by_stamp.setdefault(time // 256, ([], []))[1].append((time, {config.control.detector: bits}))
    for stamp in sorted(by_stamp):
        if stamp < config.start_delay_ticks:
            continue
        if stamp in fifo.choked_stamps:
            n_choked += len(by_stamp[stamp][0])
            continue
        if last_event is not None and stamp - last_event < config.primitive_dt_ticks + 1:
            continue
        event_time, flags, kind = None, 0, 0
        for time, words in sorted(by_stamp[stamp][0], key=lambda candidate: candidate[0]):
            if not flags:
                flags = sum(2**mask.bit for mask in masks if is_sent(mask, words))
                if flags:
                    event_time, kind = time, 1
        for time, words in sorted(by_stamp[stamp][1], key=lambda candidate: candidate[0]):
            if not kind & 16 and is_sent(config.control, words):
                event_time, kind = time if event_time is None else event_time, kind | 16
        if kind:
            triggers.append((event_time, flags, kind))
            last_event = stamp
            fifo.put(stamp)
    counters["masks"] = {line.name: (generated[line.name], sent[line.name], line.downscaling) for line in lines}
    counters |= {"n_choked": n_choked, "dead_ticks": len(fifo.choked_stamps), "n_triggers": len(triggers)}
    return triggers
