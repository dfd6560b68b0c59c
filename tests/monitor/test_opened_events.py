"""Events of open compartments: only these, all of these, with the numbers that the slow twin gives them."""

from __future__ import annotations

import json
import struct
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.config import Config
from daq.errors import ConfigError, PolicyError, RecordingError, StoreError
from daq.frame import frame_of_batch
from daq.recording import burst_path
from daq.units import MUON_MASS_GEV, PION_MASS_GEV
from monitor.sealed.audit import examine
from monitor.sealed.candidate_table import CandidateTable
from monitor.sealed.event_files import FoundEvents, new_folder
from monitor.sealed.open import open_block
from monitor.sealed.opened_events import OpenedEvents, Reading, read_events
from monitor.sealed.recount import Recounter
from monitor.sealed.sealed_files import unpack_pool
from streaming.event_bytes import pack_event
from streaming.masked import COMPARTMENTS, SEALED_CHANNELS, SHAPE, SLOTS, Masked, fill_slot
from streaming.sealing.keys import RECORDING
from streaming.services import publish
from tests.monitor.blind_site import NOW_NS, Ceremony
from tests.reference import selection_slow, vertex_slow
from tests.strategies import event_of, make_frame, pair_of_tracks
from tests.strategies_neutral import aimed_photon, tax_target, vertex_of

CONFIG = Config().model_copy(update={"reco": Config().reco.model_copy(update={"residual_field": False})})
CUTS, MORE = CONFIG.reco, CONFIG.channels


def at(number: int, cda_tax_mm: float, kinds: str = "mm", **pair) -> dict:
    """A candidate with its own event number."""
    return {**event_of(kinds, z_tax_m=23.0, cda_tax_mm=cda_tax_mm, **pair), "event_number": number}


SR = [at(i, 3.0 + i) for i in range(3)]
CR = [at(10 + i, 90.0 + i) for i in range(6)]


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def recounter() -> Recounter:
    return Recounter(CONFIG)


def masked_of(sr: list[dict], cr: list[dict]) -> Masked:
    """What a worker makes of a burst with these candidates of mu mu."""
    counts = np.zeros(SHAPE, np.int64)
    counts[0, 0], counts[0, 1] = len(sr), len(cr)
    placed = [(event, COMPARTMENTS.index(region)) for region, part in (("SR", sr), ("CR", cr)) for event in part]
    slots = [fill_slot(pack_event(make_frame([event]), 0), 0, region) for event, region in placed]
    return Masked(counts, slots[:SLOTS])


BURSTS = {2: ([], CR[:1]), 4: (SR[:1], CR[1:3]), 8: (SR[1:2], CR[3:4])}


def ledger(ceremony, bursts=None):
    """Eight spills; the last two are left out of every block."""
    inside = BURSTS if bursts is None else bursts
    return ceremony.fill(8, lambda burst: masked_of(*inside.get(burst, ([], []))), config_digest=CONFIG.digest())


def opened(ceremony, store, stage="CR", **wish):
    wish = {"last": 5, **wish}
    return open_block(store, ceremony.rings, ceremony.request(ceremony.statement(store, stage, **wish)), NOW_NS)


def read(ceremony, store, name="mumu/CR", people=slice(3), **more) -> list[OpenedEvents]:
    reading = Reading(tuple(ceremony.custodians[people]), **{"recounter": Recounter(CONFIG), **more})
    return read_events(store, ceremony.rings, examine(store, ceremony.rings), name, reading)


def numbers(found: OpenedEvents) -> list[tuple[int, int]]:
    return [(placed.burst, int(placed.event.header["event_number"][0])) for placed in found.events]


def test_events_of_the_open_compartment_and_block_and_of_nothing_else(ceremony):
    store = ledger(ceremony)
    opened(ceremony, store)
    (found,) = read(ceremony, store)
    assert numbers(found) == [(2, 10), (4, 11), (4, 12)]
    assert found.counts == {(9001, 2): 1, (9001, 4): 2} and found.notes == ()
    assert set(found.taken_from) == {"slot"}


@pytest.mark.parametrize("name", ["mumu/SR", "mumu/KS", "ee/CR"])
def test_a_sealed_compartment_gets_the_same_answer_whatever_is_in_it(ceremony, name):
    answers = set()
    for bursts in (BURSTS, {}):
        store = ledger(ceremony, bursts)
        opened(ceremony, store)
        with pytest.raises(PolicyError, match="is sealed: no line of the opening log opens it") as refused:
            read(ceremony, store, name)
        answers.add(str(refused.value))
    assert len(answers) == 1


def test_nothing_is_read_before_an_opening_or_from_a_ledger_that_was_changed(ceremony):
    store = ledger(ceremony)
    with pytest.raises(PolicyError, match="mumu/CR: is sealed"):
        read(ceremony, store)
    opened(ceremony, store)
    store.chain[6] = replace(store.chain[6], slots=bytes(len(store.chain[6].slots)))
    with pytest.raises(PolicyError, match="the ledger does not verify"):
        read(ceremony, store)


@pytest.mark.parametrize("name", ["mumu", "drill", "tau/SR", "mumu/OCR1", ""])
def test_a_name_that_is_no_compartment_is_refused(ceremony, name):
    with pytest.raises(ConfigError, match="wanted one of mumu/SR, mumu/CR"):
        read(ceremony, ledger(ceremony), name)


def test_an_approved_opening_that_was_not_carried_out_shows_nothing(ceremony):
    store = ledger(ceremony)
    opened(ceremony, store)
    store.log.pop()
    with pytest.raises(PolicyError, match="mumu/CR: is sealed"):
        read(ceremony, store)


def test_too_few_shares_and_another_configuration_are_refused(ceremony):
    store = ledger(ceremony)
    opened(ceremony, store)
    with pytest.raises(PolicyError, match="pads are missing; 3 custodians are needed"):
        read(ceremony, store, people=slice(2))
    with pytest.raises(PolicyError, match="give the configuration of the block"):
        read(ceremony, store, recounter=Recounter(Config()))


def test_one_opening_of_several_can_be_asked_for(ceremony):
    store = ledger(ceremony)
    first = opened(ceremony, store, last=3).done.statement
    second = opened(ceremony, store, first=4, last=7).done.statement
    assert [numbers(found) for found in read(ceremony, store)] == [[(2, 10), (4, 11), (4, 12)], [(8, 13)]]
    assert [numbers(found) for found in read(ceremony, store, statement=second)] == [[(8, 13)]]
    assert [numbers(found) for found in read(ceremony, store, statement=first)] == [[(2, 10), (4, 11), (4, 12)]]


@pytest.mark.parametrize(("data", "n"), [(pack_event(make_frame([SR[0]]), 0), 1), (b"no event", 0)])
def test_events_that_are_no_candidates_of_the_compartment_are_said(ceremony, data, n):
    wrong = fill_slot(data, 0, COMPARTMENTS.index("CR"))
    counts = np.zeros(SHAPE, np.int64)
    counts[0, 1] = 1
    store = ceremony.fill(
        8, lambda burst: Masked(counts.copy(), [wrong]) if burst == 2 else Masked.zero(), config_digest=CONFIG.digest()
    )
    opened(ceremony, store)
    (found,) = read(ceremony, store)
    assert "the recount of the events in slots differs" in found.notes[0] and len(found.events) == n


# more candidates than slots

FULL = {2: (SR, CR)}


def sealed_file(ceremony, root, frames: list[list[dict]], burst=2, room=1 << 20) -> None:
    """The sealed file of a burst with these stripped events among others."""
    pool = []
    for seq, events in enumerate(frames):
        frame = make_frame([{}, *events])
        pool.append((seq, publish._payload(frame, np.arange(frame.n_events) > 0)))
    path = burst_path(root, (9001, burst)).with_suffix(publish.SEALED_SUFFIX)
    path.parent.mkdir(parents=True, exist_ok=True)
    context = struct.pack("<II", 9001, burst)
    path.write_bytes(ceremony.ring.keys.seal(RECORDING, context, publish.pack_pool(pool, room)))


@pytest.fixture
def full(ceremony):
    """A burst with three candidates in the SR and six in the CR, of whom one has a slot; the CR is open."""
    store = ledger(ceremony, FULL)
    opened(ceremony, store)
    return store


def test_candidates_without_a_slot_are_said(ceremony, full):
    (found,) = read(ceremony, full)
    assert numbers(found) == [(2, 10)]
    assert found.notes == (
        "mumu/CR: 5 of 6 opened candidates have no event here: a spill has 4 slots; name the folder of its recordings "
        "with --recordings",
    )


def test_candidates_without_a_slot_are_taken_from_the_sealed_file(ceremony, full, tmp_path):
    others = [at(20, 95.0, charge=(1, 1)), at(21, 400.0)]
    sealed_file(ceremony, tmp_path, [[*SR, *CR[:2]], [], [*CR[2:], *others]])
    (found,) = read(ceremony, full, recordings=tmp_path)
    assert numbers(found) == [(2, 10 + i) for i in range(6)] and found.notes == ()
    assert found.taken_from == ("slot", *["sealed file"] * 5)


def test_what_a_sealed_file_lacks_is_said(ceremony, full, tmp_path):
    (found,) = read(ceremony, full, recordings=tmp_path)
    assert "run 9001 burst 2: has no sealed file in the folder of recordings" in found.notes
    sealed_file(ceremony, tmp_path, [CR[:2], CR[2:]], room=4096)
    (found,) = read(ceremony, full, recordings=tmp_path)
    assert numbers(found) == [(2, 10), (2, 11)]
    assert found.notes == (
        "run 9001 burst 2: 1 frames found no room in the sealed file",
        "mumu/CR: 4 of 6 opened candidates have no event here: the sealed files do not hold them",
    )
    sealed_file(ceremony, tmp_path, [[*CR, at(30, 99.0)]])
    (found,) = read(ceremony, full, recordings=tmp_path)
    assert found.notes == ("mumu/CR: 7 events for 6 opened candidates; find out why before they are used",)


def test_a_sealed_file_that_is_not_the_one_is_refused(ceremony, full, tmp_path):
    sealed_file(ceremony, tmp_path, [CR], burst=3)
    path = burst_path(tmp_path, (9001, 3)).with_suffix(publish.SEALED_SUFFIX)
    path.rename(path.with_name("burst-000002.sealed"))
    with pytest.raises(PolicyError, match=r"burst-000002.sealed: sealed bytes do not open"):
        read(ceremony, full, recordings=tmp_path)
    path.with_name("burst-000002.sealed").write_bytes(b"short")
    with pytest.raises(PolicyError, match="do not open"):
        read(ceremony, full, recordings=tmp_path)


def test_a_sealed_file_is_not_looked_at_when_the_slots_are_enough(ceremony, tmp_path):
    store = ledger(ceremony)
    opened(ceremony, store)
    path = burst_path(tmp_path, (9001, 2)).with_suffix(publish.SEALED_SUFFIX)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not one")
    (found,) = read(ceremony, store, recordings=tmp_path)
    assert len(found.events) == 3


@settings(max_examples=40, deadline=None)
@given(sizes=st.lists(st.integers(0, 3), max_size=5), room=st.integers(0, 30_000))
def test_a_pool_is_unpacked_as_it_was_packed(sizes, room):
    frames, number = [], 0
    for size in sizes:
        frames.append([at(number + i, 50.0) for i in range(size)])
        number += size
    pool = []
    for seq, events in enumerate(frames):
        frame = make_frame([{}, *events])
        pool.append((seq, publish._payload(frame, np.arange(frame.n_events) > 0)))
    found = unpack_pool(publish.pack_pool(pool, room), "here")
    got = [int(event.header["event_number"][0]) for event in found.events]
    assert got == sorted(got) and set(got) <= set(range(number))
    if room >= sum(len(payload) + 16 for _, payload in pool):
        assert got == list(range(number)) and found.n_no_room == 0


@pytest.mark.parametrize(
    "plain", [struct.pack("<II", 0, 3) + b"abc", struct.pack("<II", 0, 900) + b"\1\0\0\0" + bytes(896)]
)
def test_a_pool_that_cannot_be_read_is_refused(plain):
    with pytest.raises(RecordingError, match="frame 0 cannot be read"):
        unpack_pool(plain, "here")


# what people are shown


def row_of(event: dict, channel: str) -> dict:
    from daq.recording.opened import PlacedEvent

    return CandidateTable(CONFIG).row(channel, PlacedEvent(1, 2, make_frame([event])))


@pytest.mark.parametrize(("channel", "kinds", "mass"), [("mumu", "mm", MUON_MASS_GEV), ("pipi", "pp", PION_MASS_GEV)])
@pytest.mark.parametrize("pair", [{}, {"p": (20.0, 71.0), "charge": (-1, 1), "tilt": 2e-3}])
def test_numbers_are_those_of_the_slow_twin(channel, kinds, mass, pair):
    event = at(7, 41.5, kinds, times=(0.4, -0.2), **pair)
    row = row_of(event, channel)
    one, two = selection_slow.event_lists(make_frame([event]), 0)["straw"]
    found, (z_tax, cda_tax, mass_pipi) = selection_slow.pair_kinematics(one, two, CUTS)
    assert row["z_tax_m"] == pytest.approx(z_tax, abs=1e-9) and row["cda_tax_mm"] == pytest.approx(cda_tax, abs=1e-6)
    assert row["mass_pipi_gev"] == pytest.approx(mass_pipi, abs=1e-9)
    own = vertex_slow.mass(found, one["p"], two["p"], mass, mass)
    assert row["mass_gev"] == pytest.approx(float(own), abs=1e-9)
    assert row["vertex_mm"] == pytest.approx([float(v) for v in found.point], abs=1e-6)
    by_charge = sorted(((track["charge"], track["p"]) for track in (one, two)), reverse=True)
    assert [(track["charge"], track["p_gev"]) for track in row["tracks"]] == by_charge
    assert (row["run"], row["burst"], row["event_number"]) == (1, 2, 7)
    assert row["delta_t_ns"] == pytest.approx(0.6 if one["charge"] > 0 else -0.6, abs=1e-5)
    assert {track["pid"] for track in row["tracks"]} == {{"mm": "muon", "pp": "hadron"}[kinds]}


def test_photons_belong_to_the_line_of_their_channel():
    pair = {"z_tax_m": 60.0, "cda_tax_mm": 200.0}
    event, vertex = event_of("pp", **pair), vertex_of(**pair)
    tracks = pair_of_tracks(**pair)
    event["lkr"] = [*event["lkr"], aimed_photon(vertex, tracks, 8.0, tax_target(vertex, 23.0, 5.0))]
    hits = selection_slow.event_lists(make_frame([event]), 0)
    channel, masked, _ = selection_slow.analyse_event(2, hits, CUTS, CONFIG.regions, CONFIG.gate, MORE)
    row = row_of(event, "pipi_gamma")
    assert "fault" not in row, (channel, masked)
    (photon,) = selection_slow.channels_slow.photons(
        hits["straw"], row["vertex_mm"], 0.0, hits, CUTS, MORE
    )  # fmt: skip
    found, _ = selection_slow.pair_kinematics(*hits["straw"], CUTS)
    z_tax, cda_tax = selection_slow.with_photons(found, *hits["straw"], [photon])
    assert row["z_tax_m"] == pytest.approx(z_tax, abs=1e-6) and row["cda_tax_mm"] == pytest.approx(cda_tax, abs=1e-5)


def test_an_event_without_a_candidate_says_so():
    assert row_of({"straw": SR[0]["straw"][:1]}, "mumu")["fault"] == "has not exactly one vertex of good tracks"
    assert "z_tax_m" not in row_of({}, "mumu")


def test_the_files_hold_the_events_and_what_was_opened(ceremony, tmp_path):
    store = ledger(ceremony)
    done = opened(ceremony, store).done
    found = FoundEvents.of(read(ceremony, store)[0], CandidateTable(CONFIG))
    folder = tmp_path / "new"
    new_folder(folder)
    arrow, text = found.write(folder)
    assert (arrow.name, text.name) == ("mumu-CR-0-5.arrow", "mumu-CR-0-5.json")
    assert arrow.stat().st_mode & 0o777 == text.stat().st_mode & 0o777 == 0o640
    table = pa.ipc.open_file(pa.memory_map(str(arrow))).read_all()
    assert table["run"].to_pylist() == [9001] * 3 and table["burst"].to_pylist() == [2, 4, 4]
    assert table["event_number"].to_pylist() == [10, 11, 12]
    meta = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert meta == {"schema": "dumpwatch.event/1", "compartment": "mumu/CR", "count": "3",
                    "statement": done.statement.digest()}  # fmt: skip
    for i, event in enumerate(CR[:3]):
        batch = table.slice(i, 1).drop_columns(["run", "burst"]).combine_chunks().to_batches()[0]
        assert pack_event(frame_of_batch(batch), 0) == pack_event(make_frame([event]), 0)
    document = json.loads(text.read_text())
    assert document == found.document and document["complete"] and document["count"] == 3
    assert document["statement"]["nonce"] == done.statement.nonce
    lines = found.lines()
    assert lines[0] == "mumu/CR: 3 events of 3 opened candidates, spills 0-5" and len(lines) == 5
    assert all(len(line) == len(lines[2]) for line in lines[2:])
    with pytest.raises(StoreError, match="cannot be written"):
        found.write(folder)
    with pytest.raises(ConfigError, match="give a new folder"):
        new_folder(folder)


def test_names_of_the_channels_give_the_masses_of_their_tracks():
    from monitor.sealed.candidate_table import TRACK_MASS_GEV

    assert {name.partition("_")[0] for name in SEALED_CHANNELS} == {*TRACK_MASS_GEV, "pipi"}
