"""Leaks in what is counted, sent, said and drawn: rows 1 to 16 of the specification, section 1.3."""

from __future__ import annotations

import logging
import warnings
import zlib
from dataclasses import replace
from importlib import import_module

import numpy as np

from daq.codec import Kind, encode
from daq.errors import DataError
from daq.frame import take_events
from monitor.alarms.desk import AlarmDesk
from monitor.metrics.sample import Sample
from monitor.sealed import chain
from monitor.sealed.record import Record
from monitor.sealed.seal import SpillSealer
from monitor.services import collector
from streaming import gate
from streaming.messages import Status
from streaming.reco import find, pipeline
from streaming.reco.pipeline import Reconstruction
from streaming.services import publish
from streaming.services.worker import WorkerService
from streaming.tally import COUNTS
from tests.noninterference.mutant import add, after, candidates_of, count, here, mutant, on_tally
from tests.noninterference.place import HERE
from tests.noninterference.seam import CLOCK

render = import_module("monitor.metrics.render")  # a function has the name of its module


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
