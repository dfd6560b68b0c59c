"""Leaks in what is kept and decided: rows 17 to 32 of the specification, section 1.3."""

from __future__ import annotations

import hashlib
import math
from dataclasses import replace

import numpy as np

from monitor.api import app
from monitor.ledger import booking as ledger_booking
from monitor.sealed.counts import CountSealer
from monitor.sealed.record import Record
from monitor.sealed.seal import SpillSealer
from monitor.services import collector
from offline.replay import digests
from streaming.reco import pipeline
from streaming.reco.pipeline import Reconstruction
from streaming.regions import mask_pairs
from streaming.services import publish
from streaming.services.worker import WorkerService
from tests.noninterference.mutant import Put, after, candidates_of, count, here, mutant


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
