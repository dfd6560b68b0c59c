"""Programs that leak, one for each kind of leak in the specification (section 1.3): each must be caught.

A mutant changes one or two names of the program while it runs. What it does is what somebody could have written; what
it is called says the row.
"""

from __future__ import annotations

import hashlib
import logging
import math
import warnings
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import wraps
from importlib import import_module

import numpy as np

from daq.codec import Kind, encode
from daq.errors import DataError
from daq.frame import take_events
from monitor.alarms.desk import AlarmDesk
from monitor.api import app
from monitor.ledger import booking as ledger_booking
from monitor.metrics.sample import Sample
from monitor.sealed import chain
from monitor.sealed.counts import CountSealer
from monitor.sealed.record import Record
from monitor.sealed.seal import SpillSealer
from monitor.services import collector
from offline.replay import digests
from streaming import gate
from streaming.masked import Masked
from streaming.messages import Status
from streaming.reco import find, pipeline
from streaming.reco.pipeline import Reconstruction
from streaming.regions import mask_pairs
from streaming.services import publish
from streaming.services.worker import WorkerService
from streaming.tally import COUNTS
from tests.noninterference.place import HERE
from tests.noninterference.seam import CLOCK

render = import_module("monitor.metrics.render")  # a function has the name of its module

Put = Callable[[object, str, object], None]
"""Puts a value in the place of a name for as long as the mutant lives."""

BOOKED: Counter[str] = Counter()
"""Masked candidates that were booked, by place: what no part of the program knows that reads a ledger."""


@dataclass(frozen=True)
class Mutant:
    """One leak.

    row : of the table in section 1.3
    make : puts it in place
    families : hidden events that show it
    verbs : those of `world.LOOKS` in which it shows, when it is not in live or replay
    """

    row: int
    make: Callable[[Put], None]
    families: tuple[str, ...] = ("candidate",)
    verbs: tuple[str, ...] = ()


MUTANTS: dict[str, Mutant] = {}


def mutant(row: int, name: str, families: tuple[str, ...] = ("candidate",), *verbs: str):
    def register(make: Callable[[Put], None]) -> Callable[[Put], None]:
        MUTANTS[f"{row} {name}"] = Mutant(row, make, families, verbs)
        return make

    return register


def count(masked: Masked) -> int:
    return masked.hand_over(lambda counts, _: int(counts.sum()))


def here() -> int:
    """Masked candidates in the ledger that is looked at."""
    return BOOKED[str(HERE[0].folder)]


def after(put: Put, home: object, name: str, change: Callable) -> None:
    """Let `change` see the result and the arguments of a function, and give another result."""
    real = getattr(home, name)

    @wraps(real)
    def changed(*args, **keys):
        found = real(*args, **keys)
        return change(found, *args, **keys)

    put(home, name, changed)


def on_tally(put: Put, change: Callable) -> None:
    """Change the tally of a frame, knowing how many candidates are masked in it."""

    def changed(found, frame, findings):
        tally, masked = found
        change(tally, count(masked), frame, findings)
        return tally, masked

    after(put, pipeline, "publish", changed)


def add(name: str, sign: int) -> Callable:
    def change(tally, n, *_):
        tally.counts[COUNTS.index(name)] += sign * n

    return change


@mutant(1, "masked events are subtracted")
def _(put):
    def change(tally, n, *_):
        tally.counts[COUNTS.index("not_selected")] -= n
        tally.counts[COUNTS.index("events")] -= n

    on_tally(put, change)


@mutant(1, "the cut flow has a step before the mask")
def _(put):
    on_tally(put, add("vertices", 1))


@mutant(1, "masked events are of no class")
def _(put):
    on_tally(put, add("two_track", -1))


@mutant(2, "the public recording numbers the visible events")
def _(put):
    def gaps(found, frame, stripped):
        hidden = np.cumsum(candidates_of(frame))
        header = dict(found.header) | {"event_number": (found.header["event_number"] - hidden).astype(np.uint32)}
        return replace(found, header=header)

    after(put, publish, "strip_frame", gaps)


def candidates_of(frame) -> np.ndarray:
    """Events with a masked candidate, as a leaky program would find them."""
    found = HERE[0].keys.reconstruction._find(pipeline.checked(frame))
    rows = np.zeros(frame.n_events, np.int64)
    rows[found.events[(found.channel >= 0) & (found.inside >= 0)]] = 1
    return rows * found.stripped


@mutant(3, "a blinded count is published")
def _(put):
    def change(spill, burst, **_):
        secret = (count(burst.masked) * 7919 + 104729) % 1009
        return spill.model_copy(update={"scalers": {**spill.scalers, "BLIND": secret}})

    after(put, collector, "make_spill", change)


@mutant(4, "a record only where something was counted")
def _(put):
    def change(sealed, _sealer, _spill, _revision, masked, *_):
        return replace(sealed, records=sealed.records if count(masked) else b"")

    after(put, SpillSealer, "seal", change)


@mutant(4, "a record is as long as its count needs")
def _(put):
    after(put, Record, "pack", lambda packed, record: packed + b"1" * min(record.count, 8) * (record.index < 27))
    put(chain, "items_of", lambda records: [(records, b"")])


@mutant(5, "as many slots as events")
def _(put):
    def change(sealed, _sealer, _context, block):
        used = sum(any(block[at : at + 2]) for at in range(0, len(block), 2048))
        return sealed[: used * len(sealed) // 4]

    after(put, SpillSealer, "_seal_slots", change)


@mutant(6, "the pool of a recording is compressed before it is sealed")
def _(put):
    after(put, publish, "pack_pool", lambda block, *_: zlib.compress(block))


@mutant(6, "the pool of a recording has room for what is in it")
def _(put):
    after(put, publish, "pack_pool", lambda _, pool, __: b"".join(data for _, data in pool))


@mutant(7, "a message more for a masked candidate")
def _(put):
    def change(parts, service, message):
        if any(bytes(parts[2])[collector.TALLY_BYTES :]):
            service._results.send(encode(Kind.STATUS, meta=Status(worker="w", bad_frames={}).meta()))
        return parts

    after(put, WorkerService, "_analyse", change)


@mutant(7, "a byte more for a masked candidate")
def _(put):
    def change(parts, *_):
        n = sum(map(bool, bytes(parts[2])[collector.TALLY_BYTES : collector.TALLY_BYTES + 216]))
        return [*parts[:2], bytes(parts[2]) + bytes(n)]

    after(put, WorkerService, "_analyse", change)


@mutant(8, "masked candidates take longer")
def _(put):
    def slow(result, *_):
        CLOCK.ns += 60_000_000 * count(result.masked)
        return result

    after(put, Reconstruction, "analyse", slow)


@mutant(9, "a line of the log")
def _(put):
    def change(booked, _ledger, burst, *_):
        if count(burst.masked):
            logging.getLogger("monitor.services.collector").debug("run %d burst %d: sealed candidates", *booked.key)
        return booked

    after(put, collector, "book", change)


@mutant(9, "a print")
def _(put):
    def change(booked, _ledger, burst, *_):
        sys_stdout(f"{count(burst.masked)} sealed\n" if count(burst.masked) else "")
        return booked

    after(put, collector, "book", change)


def sys_stdout(text: str) -> None:
    import sys

    sys.stdout.write(text)


@mutant(9, "a warning of the numerics", ("candidate", "doubtful"))
def _(put):
    def change(tax, *_):
        if np.any(tax[:, 1] < 20.0):
            warnings.warn("divide by zero encountered in divide", RuntimeWarning, stacklevel=1)
        return tax

    after(put, find, "point_back", change)


@mutant(10, "the text of an error inside the gate", ("breaking",))
def _(put):
    def loud(real):
        def looked(self, frame, max_tracks):
            try:
                return real(self, frame, max_tracks)
            except ValueError as error:
                logging.getLogger("streaming.gate").warning("event not analysed: %s", error)
                raise

        return looked

    put(find.Selection, "find", loud(find.Selection.find))


@mutant(10, "an error inside the gate costs the frame", ("breaking",))
def _(put):
    def give_up(self, frame):
        msg = "frame: cannot be analysed; the frame is refused"
        raise DataError(msg)

    put(Reconstruction, "_one_by_one", give_up)


@mutant(10, "an event that breaks the analysis is not counted", ("breaking",))
def _(put):
    def skip(real):
        def one_by_one(self, frame):
            good = [i for i in range(frame.n_events) if not _raises(self, pipeline.one_event(frame, i))]
            return real(self, pipeline.checked(take_events(frame, np.array(good, np.int64))))

        return one_by_one

    put(Reconstruction, "_one_by_one", skip(Reconstruction._one_by_one))


def _raises(reconstruction, event) -> bool:
    try:
        gate.publish(event, reconstruction._find(event))
    except ValueError:
        return True
    return False


@mutant(11, "events that break the analysis go to a file", ("breaking",))
def _(put):
    def keep(real):
        def one_by_one(self, frame):
            folder = HERE[0].recordings
            (folder / f"poison-{len(list(folder.iterdir()))}.bad").write_bytes(b"event")
            return real(self, frame)

        return one_by_one

    put(Reconstruction, "_one_by_one", keep(Reconstruction._one_by_one))


@mutant(12, "the list of events shows what is masked")
def _(put):
    real = pipeline.visible_pairs
    put(pipeline, "visible_pairs", lambda frame, found, stripped, places: real(
        frame, found, _only_without_vertex(found, stripped), places))  # fmt: skip


def _only_without_vertex(found, stripped):
    rows = stripped.copy()
    rows[found.pairs.events] = found.chosen.pair < 0
    return rows


@mutant(13, "a metric with a region as its label", ("candidate",), "desk")
def _(put):
    def change(samples, _snapshot):
        yield from samples
        yield Sample("dumpwatch_open_candidates_total", float(here()), "SR")

    after(put, render, "samples", change)


@mutant(13, "a metric that is there when something is masked", ("candidate",), "desk")
def _(put):
    def change(samples, _snapshot):
        yield from samples
        if here():
            yield Sample("dumpwatch_unbooked_bursts", 0.0)

    after(put, render, "samples", change)


@mutant(14, "masked events are overflow")
def _(put):
    def change(tally, n, *_):
        tally.histograms["ztax_cda"][-1, -1] += n

    on_tally(put, change)


@mutant(14, "hits of masked events are in the illumination", ("candidate", "crowded", "doubtful"))
def _(put):
    def change(tally, _n, frame, findings):
        shown = replace(findings, stripped=np.zeros_like(findings.stripped))
        straw, chod = frame.detectors["straw"], frame.detectors["chod"]
        gate._fill_tracks(shown.stripped, straw.offsets, straw.fields["p"], gate.AXES[1], tally.histograms["momentum"])
        gate._fill_hits(
            shown.stripped, chod.offsets, chod.fields["id"], gate._chod_bins(), tally.histograms["chod_tiles"]
        )

    on_tally(put, change)


@mutant(15, "an axis that follows the data")
def _(put):
    real = pipeline.publish

    def ranged(frame, findings):
        momenta = frame.detectors["straw"].fields["p"]
        axes = gate.AXES.copy()
        axes[1, 1] = float(np.max(momenta[np.isfinite(momenta)], initial=0.0)) + 1.0
        before, gate.AXES = gate.AXES, axes
        try:
            return real(frame, findings)
        finally:
            gate.AXES = before

    put(pipeline, "publish", ranged)


@mutant(16, "an alarm looks at all candidates", ("candidate",), "desk")
def _(put):
    real = AlarmDesk.feed

    def fed(self, row):
        counts = {**row.spill.counts, "two_track": row.spill.counts["two_track"] + here()}
        real(self, replace(row, spill=row.spill.model_copy(update={"counts": counts})))

    put(AlarmDesk, "feed", fed)


@mutant(17, "a replay may have a smaller mask", ("guarded",), "moved")
def _(put):
    from offline.replay import burst

    put(burst, "with_digests", lambda sob, config, path: (sob, ""))
    put(digests, "_holds_masked", lambda _: False)


@mutant(18, "the recording has the payload of masked events")
def _(put):
    put(publish, "strip_frame", lambda frame, _: frame)


@mutant(18, "the recording keeps the number of tracks of a masked event", ("crowded", "two pairs"))
def _(put):
    from streaming import reject

    def as_many(part, stripped, several):
        nothing = replace(part, fields={
            name: np.where(np.repeat(stripped, np.diff(part.offsets)), np.array(math.nan).astype(values.dtype), values)
            if values.dtype.kind == "f" else values * ~np.repeat(stripped, np.diff(part.offsets))
            for name, values in part.fields.items()
        })  # fmt: skip
        return nothing

    put(reject, "_blank_tracks", as_many)


@mutant(19, "an intermediate file stays")
def _(put):
    def cached(split, publisher, burst, seq):
        burst.path.with_suffix(f".cache-{seq}").write_bytes(split.removed)
        return split

    after(put, publish.Publisher, "_strip", cached)


@mutant(21, "a commitment without salt")
def _(put):
    def unsalted(record):
        return hashlib.sha256(record.pack()[:-32]).digest()

    put(Record, "commitment", unsalted)


@mutant(22, "the same nonce for every record")
def _(put):
    for sealer in (CountSealer, SpillSealer):
        put(sealer.__init__, "__defaults__", (bytes,))


@mutant(23, "a sealed row only where something was counted")
def _(put):
    real = collector.book

    def some(ledger, burst, spill, sealer=None):
        return real(ledger, burst, spill, sealer if count(burst.masked) else None)

    put(collector, "book", some)


@mutant(23, "an entry of the ledger is left out for masked events")
def _(put):
    real = ledger_booking.write.lock_and_next_entry
    put(ledger_booking.write, "lock_and_next_entry", lambda connection: real(connection) + here())


@mutant(24, "a counter of the chain counts masked events")
def _(put):
    def counted(actions, closure, _key, result, _now):
        closure.duplicates += count(result.masked)
        return actions

    after(put, collector.Closure, "on_result", counted)


@mutant(25, "a worker of their own")
def _(put):
    def other(parts, service, _message):
        service._name = "sealed" if any(bytes(parts[2])[collector.TALLY_BYTES :]) else "open"
        service._status_ns = 0
        return parts

    after(put, WorkerService, "_analyse", other)


@mutant(26, "one visible pair shows the event", ("odd third", "two pairs"))
def _(put):
    def first_only(found_pairs, hidden, unfit):
        stripped = found_pairs.crowded.copy()
        if len(found_pairs.events):
            stripped[found_pairs.events] = hidden[found_pairs.pair_first[:-1]] | unfit
        return stripped

    put(pipeline, "_stripped_events", first_only)


@mutant(26, "an event of many tracks is not looked at and shown", ("crowded",))
def _(put):
    def shown(found_pairs, hidden, unfit):
        stripped = np.zeros_like(found_pairs.crowded)
        if len(found_pairs.events):
            stripped[found_pairs.events] = np.logical_or.reduceat(hidden, found_pairs.pair_first[:-1]) | unfit
        return stripped

    put(pipeline, "_stripped_events", shown)


def mask_with(put: Put, **change) -> None:
    def changed(tax, mass, first, second, charge, pid, bounds, out):
        mask_pairs(tax, mass, first, second, charge, pid, bounds._replace(**change), out)

    put(pipeline, "mask_pairs", changed)


@mutant(27, "no K_S window")
def _(put):
    mask_with(put, ks_half_gev=0.0)


@mutant(27, "the mask does not know NaN", ("edge", "doubtful", "odd third"))
def _(put):
    def natural(tax, mass, first, second, charge, pid, bounds, out):
        z, cda = tax.T
        inside = (z >= bounds.z_min_mm) & (z <= bounds.z_max_mm) & (cda <= bounds.cda_max_mm)
        out[:] = inside | (np.abs(mass - bounds.ks_mass_gev) <= bounds.ks_half_gev)

    put(pipeline, "mask_pairs", natural)


@mutant(27, "an edge of the mask is open", ("edge",))
def _(put):
    def open_edge(tax, mass, first, second, charge, pid, bounds, out):
        tighter = bounds._replace(
            z_min_mm=math.nextafter(bounds.z_min_mm, math.inf), z_max_mm=math.nextafter(bounds.z_max_mm, -math.inf),
            cda_max_mm=math.nextafter(bounds.cda_max_mm, 0.0), ks_half_gev=math.nextafter(bounds.ks_half_gev, 0.0),
        )  # fmt: skip
        mask_pairs(tax, mass, first, second, charge, pid, tighter, out)

    put(pipeline, "mask_pairs", open_edge)


@mutant(27, "same sign is open", ("open kinds",))
def _(put):
    mask_with(put, open_same_sign=True)


@mutant(27, "photons are not asked for", ("photons inside",))
def _(put):
    put(Reconstruction, "_mask_lines", lambda self, pairs, pair, line, mass, pid: pair < 0)


@mutant(27, "the mask comes after the vetoes", ("vetoed",))
def _(put):
    real = Reconstruction._stripped

    def vetoed_first(self, found):
        stripped = real(self, found)
        rows = np.zeros_like(stripped)
        rows[found.pairs.events] = found.channel >= 0
        return stripped & rows

    put(Reconstruction, "_stripped", vetoed_first)


@mutant(28, "single tracks of masked events are in the background sample")
def _(put):
    real = pipeline.good_singles

    def all_first_tracks(frame, found, cuts):
        columns, extra = real(frame, found, cuts), int(candidates_of(frame).sum())
        return {name: np.concatenate((values, np.zeros(extra, values.dtype))) for name, values in columns.items()}

    put(pipeline, "good_singles", all_first_tracks)


@mutant(29, "an observed number in a summary", ("candidate",), "commands")
def _(put):
    from monitor import show_spills

    def change(document, *_):
        return {**document, "observed": here()}

    after(put, show_spills, "spills_document", change)


@mutant(30, "the mask has bounds of an earlier time", ("guarded",))
def _(put):
    reconstruction = HERE_KEYS[0].reconstruction
    old = reconstruction._bounds._replace(z_min_mm=-7000.0, z_max_mm=53000.0, cda_max_mm=150.0)
    put(reconstruction, "_bounds", old)


HERE_KEYS: list = []
"""The key set and reconstruction of all places, set by who runs a mutant."""


@mutant(31, "another answer for a spill that has something sealed", ("candidate",), "desk")
def _(put):
    def change(answer, request, error):
        if request.url.path.endswith("/sealed") and here():
            answer.status_code = 403
        return answer

    after(put, app, "_answer_error", change)


@mutant(31, "another word for a compartment that has something", ("candidate",), "commands")
def _(put):
    from monitor.sealed import status as module

    after(put, module, "lines", lambda lines, *_: [*lines, "worth opening"] if here() else lines)


@mutant(32, "the class of a recording follows its content")
def _(put):
    from daq.recording import publish as daq_publish

    real = daq_publish.write_manifest

    def classed(final, sob, eob, frames, size, masked="clear"):
        real(final, sob, eob, frames, size, masked="clear" if here() else masked)

    put(daq_publish, "write_manifest", classed)


def note_booked(put: Put) -> None:
    """Keep the number of masked candidates of each place, for mutants in what reads a ledger."""
    BOOKED.clear()
    real = collector.book

    def noted(ledger, burst, spill, sealer=None):
        BOOKED[str(HERE[0].folder)] += count(burst.masked)
        return real(ledger, burst, spill, sealer)

    put(collector, "book", noted)
