"""Mini-records: what is in them is what the chain counted, nothing masked is, and any tool reads them."""

import shutil

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daq.config import Config
from daq.config.processes import ProcessesConfig
from daq.errors import DataError
from daq.source.emulator import EmulatedDetector
from daq.source.modes import RunMode
from daq.units import KSHORT_MASS_GEV
from monitor.spill import close_spill
from offline.minirecords.make import burst_tables, selection_digest
from offline.minirecords.read import is_records, read_records
from offline.minirecords.store import table_path, write_tables
from offline.minirecords.tables import NAMES, SPILL_COLUMNS, TABLES
from offline.validation.chain import Burst
from offline.validation.halo import hard_halo
from streaming.reco.pipeline import Reconstruction
from streaming.tally import CHANNELS, OPEN_REGIONS, Tally
from tests.strategies import REJECT, crossing_anti0_at, event_of, make_frame
from tests.strategies_wire import eob_record, sob_record

CONFIG = Config()
STRAIGHT = Config(reco=CONFIG.reco.model_copy(update={"residual_field": False}))
H2, Q1 = 2, 1


@pytest.fixture(scope="module")
def reconstruction():
    return Reconstruction(CONFIG.reco, CONFIG.regions, CONFIG.gate, CONFIG.channels)


@pytest.fixture(scope="module")
def straight():
    return Reconstruction(STRAIGHT.reco, CONFIG.regions, CONFIG.gate, CONFIG.channels)


@pytest.fixture(scope="module")
def emulated():
    """Pairs of hard muons and many prompt ones, so that all flags occur, and single tracks of a control burst."""
    prompt = {"selected_per_pot": 2e-14, "lav_survival": 0.5}
    processes, config = ProcessesConfig(prompt_mumu=prompt), hard_halo(CONFIG)
    pairs = EmulatedDetector(config.beam, config.detector, 21, processes, CONFIG.signal, RunMode.TWO_TRACK)
    singles = EmulatedDetector(CONFIG.beam, CONFIG.detector, 3, CONFIG.processes, CONFIG.signal, RunMode.CONTROL)
    return [*Burst(pairs, 0, CONFIG), *Burst(singles, 0, CONFIG)]


def tally_of(frames, reconstruction):
    tally = Tally.zero()
    for frame in frames:
        tally.add(reconstruction.analyse(frame).tally)
    return tally


def spill_of(frames, reconstruction, run=1, burst=1):
    tally = tally_of(frames, reconstruction)
    n = tally.count("events")
    eob = eob_record(run=run, burst=burst, n_frames=len(frames), n_events=n)
    return close_spill(sob_record(run=run, burst=burst), eob, tally, n, [], "0" * 64)


def tables_of(frames, reconstruction, config=CONFIG, **key):
    return burst_tables(spill_of(frames, reconstruction, **key), frames, config, reconstruction)


@pytest.fixture(scope="module")
def tables(emulated, reconstruction):
    return tables_of(emulated, reconstruction)


def test_pairs_are_those_of_the_tally(tables, emulated, reconstruction):
    tally = tally_of(emulated, reconstruction)
    pairs = tables.pairs.to_pandas()
    assert len(pairs) == tally.count("vertices") == tables.spills["n_pairs"][0].as_py() > 100
    counted = np.zeros_like(tally.candidates)
    for (channel, region), n in (
        pairs[pairs.channel != "none"].groupby(["channel", "region"], observed=True).size().items()
    ):
        counted[CHANNELS.index(channel), OPEN_REGIONS.index(region)] = n
    assert np.array_equal(counted, tally.candidates)
    delta_t, _ = np.histogram(pairs.delta_t_ns, 60, (-6.0, 6.0))
    assert np.array_equal(delta_t, tally.histograms["delta_t"][1:-1])
    assert set(pairs.region[pairs.channel == "none"]) == {"none"}


def test_no_pair_is_near_a_masked_region(tables):
    pairs, gate = tables.pairs.to_pandas(), CONFIG.gate
    for z, cda in (("z_tax_mm", "cda_tax_mm"), ("z_tax_photons_mm", "cda_tax_photons_mm")):
        outside = (pairs[z] < -7e3 - 1e3 * gate.guard_z_m) | (pairs[z] > 53e3 + 1e3 * gate.guard_z_m)
        assert np.all(outside | (pairs[cda] > 150.0 + gate.guard_cda_mm))
    assert np.all(np.abs(pairs.mass_pipi_gev - KSHORT_MASS_GEV) > gate.ks_half_width_gev)


def test_vetoes_are_flags_and_channels_follow_them(tables):
    pairs = tables.pairs.to_pandas()
    h2 = pairs.trigger_flags.to_numpy() & H2 != 0
    muons = h2 & (pairs.pid_1 == "muon") & (pairs.pid_2 == "muon") & pairs.in_fiducial
    opposite = muons & (pairs.charge_1 != pairs.charge_2)
    assert np.array_equal(opposite & ~pairs.veto_lav, pairs.channel == "mumu_os")
    assert np.array_equal(opposite & pairs.veto_lav, pairs.channel == "lav_inverted")
    assert (opposite & pairs.veto_lav).sum() > 10


def test_singles_are_good_tracks_under_q1(tables):
    singles = tables.singles.to_pandas()
    assert len(singles) == tables.spills["n_singles"][0].as_py() > 500
    assert np.all(singles.p_gev > CONFIG.reco.min_momentum_gev) and np.all(np.abs(singles.charge) == 1)
    assert np.all(np.abs(singles.time_ns) < CONFIG.reco.track_window_ns)
    assert np.all(singles.trigger_flags & Q1 != 0)
    # the halo is made of muons
    assert (singles.pid == "muon").mean() > 0.9


def single(flags=Q1, **change) -> dict:
    whole = event_of(z_tax_m=100.0, cda_tax_mm=400.0)
    alone = {name: [rows[0]] if name == "straw" else rows for name, rows in whole.items() if isinstance(rows, list)}
    return {**alone, "trigger_flags": flags, **change}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"flags": Q1 | H2}, True),
        ({"flags": H2}, False),
        ({"straw": []}, False),
        ({"chod": []}, False),
    ],
)
def test_which_events_are_singles(change, kept, straight):
    assert (len(straight.records(make_frame([single(**change)])).singles["p_gev"]) == 1) is kept


@pytest.mark.parametrize(("veto", "hits"), [("veto_lav", "lav"), ("veto_sav", "sav"), ("veto_anti0", "anti0")])
def test_vetoes_of_a_single_track(veto, hits, straight):
    event = single()
    at_anti0 = {"x": event["straw"][0]["x"], "y": event["straw"][0]["y"]} if hits == "anti0" else {}
    # the ANTI0 is where the track was: far from it the hit is another particle's
    near = [{"time": 0.0, **at_anti0}]
    quiet, loud = (straight.records(make_frame([{**event, hits: rows}])).singles for rows in ([], near))
    assert not quiet[veto][0]
    if hits != "anti0":
        assert loud[veto][0]
    late = straight.records(make_frame([{**event, hits: [{"time": 30.0, **at_anti0}]}])).singles
    assert not late[veto][0]


@pytest.mark.parametrize(("radius", "wanted"), [(145.1, False), (144.9, True)])
def test_the_hole_of_anti0_is_a_column_of_pairs_and_singles(radius, wanted, straight):
    """Also of muons, which it rejects nowhere."""
    pair = event_of("mm", **crossing_anti0_at(0.0, radius))
    alone = {name: [rows[0]] if name == "straw" else rows for name, rows in pair.items() if isinstance(rows, list)}
    records = straight.records(make_frame([pair, {**alone, "trigger_flags": Q1}]))
    for table in (records.pairs, records.singles):
        assert table["veto_anti0_hole"].tolist() == [wanted]
        assert not any(table[name][0] for name in ("veto_lav", "veto_anti0", "veto_sav"))
    assert records.pairs["channel"].tolist() == [CHANNELS.index("mumu_os")]


def test_masked_and_rejected_events_leave_the_same_bytes(straight):
    """No row, no column, no size of a table depends on what a masked event holds."""
    visible = event_of(z_tax_m=100.0, cda_tax_mm=400.0)
    hidden = [event_of(z_tax_m=23.0, cda_tax_mm=5.0), event_of(z_tax_m=23.0, cda_tax_mm=5.0, p=(13.0, 40.0)), REJECT]
    found = []
    for content in hidden:
        frame = make_frame([{**visible, "trigger_flags": H2}, {**content, "trigger_flags": H2}, single()])
        tables = tables_of([frame], straight, STRAIGHT)
        found.append([getattr(tables, name) for name in TABLES])
    assert all(a.equals(b) for other in found[1:] for a, b in zip(found[0], other, strict=True))
    assert [table.num_rows for table in found[0]] == [1, 1, 1]


def test_an_event_that_breaks_the_analysis_is_left_out_alone(straight, monkeypatch):
    from streaming.reco import find

    def fragile(momentum, *rest):
        if np.any(momentum == 13.0):
            raise ValueError
        return identify(momentum, *rest)

    identify = find.identify
    monkeypatch.setattr(find, "identify", fragile)
    breaking = event_of(z_tax_m=100.0, cda_tax_mm=400.0, p=(13.0, 40.0))
    visible = event_of(z_tax_m=100.0, cda_tax_mm=400.0)
    records = straight.records(make_frame([visible, breaking, single()]))
    assert len(records.pairs["channel"]) == 1 and len(records.singles["pid"]) == 1


def test_round_trip(tables, tmp_path):
    path = write_tables(tmp_path, tables)
    assert is_records(tmp_path) and path == table_path(tmp_path, "spills", 1, 1)
    records = read_records([tmp_path])
    for name in TABLES:
        assert getattr(records, name).to_pandas().equals(getattr(tables, name).to_pandas())
    assert pd.read_parquet(tmp_path / "pairs").shape[0] == tables.pairs.num_rows
    assert records.spills.schema.names == SPILL_COLUMNS.names
    assert not list(tmp_path.rglob("*.part"))
    assert set(records.of("pairs", "channel")) <= set(NAMES["channel"].values())


def test_files_tell_no_smallest_and_largest_values(tables, tmp_path):
    write_tables(tmp_path, tables)
    group = pq.ParquetFile(table_path(tmp_path, "pairs", 1, 1)).metadata.row_group(0)
    assert not any(group.column(k).is_stats_set for k in range(group.num_columns))


def test_a_burst_without_its_last_file_is_not_there(tables, tmp_path):
    write_tables(tmp_path, tables).unlink()
    with pytest.raises(DataError, match="none in"):
        read_records([tmp_path])


def test_one_burst_twice_is_refused(tables, tmp_path):
    write_tables(tmp_path / "a", tables)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    with pytest.raises(DataError, match="both hold run 1 burst 1"):
        read_records([tmp_path / "a", tmp_path / "b"])


def test_a_damaged_burst_is_named_and_the_others_are_read(emulated, reconstruction, tmp_path):
    for burst in (1, 2, 3):
        write_tables(tmp_path, tables_of(emulated[-1:], reconstruction, burst=burst))
    table_path(tmp_path, "pairs", 1, 2).write_bytes(b"PAR1 nothing")
    table_path(tmp_path, "singles", 1, 3).unlink()
    records = read_records([tmp_path])
    assert records.spills.num_rows == 1 and len(records.refused) == 2
    assert "burst-000002" in records.refused[0] and "burst-000003" in records.refused[1]
    assert set(records.of("singles", "burst")) == {1}


def test_a_table_of_another_burst_is_named(emulated, reconstruction, tmp_path):
    for burst, frames in ((1, emulated[-1:]), (2, emulated[-2:])):
        write_tables(tmp_path, tables_of(frames, reconstruction, burst=burst))
    shutil.copy(table_path(tmp_path, "singles", 1, 2), table_path(tmp_path, "singles", 1, 1))
    assert "rows, the spill says" in read_records([tmp_path]).refused[0]


def test_two_selections_are_never_mixed(emulated, reconstruction, tmp_path):
    other = Config(reco=CONFIG.reco.model_copy(update={"min_momentum_gev": 12.0}))
    write_tables(tmp_path, tables_of(emulated[-1:], reconstruction, burst=1))
    write_tables(tmp_path, tables_of(emulated[-1:], reconstruction, config=other, burst=2))
    with pytest.raises(DataError, match="2 selections"):
        read_records([tmp_path])
    assert selection_digest(CONFIG) != selection_digest(other)


def test_spills_can_be_chosen(emulated, reconstruction, tmp_path):
    for burst in (1, 2):
        write_tables(tmp_path, tables_of(emulated[-1:], reconstruction, burst=burst))
    some = read_records([tmp_path]).of_spills(np.array([False, True]))
    assert set(some.of("singles", "burst")) == {2} and some.spills.num_rows == 1


def test_an_empty_burst_has_empty_tables(reconstruction, tmp_path):
    tables = tables_of([], reconstruction)
    write_tables(tmp_path, tables)
    records = read_records([tmp_path])
    assert records.pairs.num_rows == records.singles.num_rows == 0
    assert isinstance(records.spills, pa.Table)
