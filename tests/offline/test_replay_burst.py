"""One recorded burst to its row: the same as folding by hand, whatever is damaged; nothing masked comes out."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.codec import crc32c
from daq.config import Config
from daq.errors import PolicyError, RecordingError
from daq.frame import decode_frame
from daq.recording import Journal, RecordedBurst, seal
from daq.recording.manifest import manifest_path
from offline.replay import burst as burst_module
from offline.replay import products
from offline.replay.burst import CountedBurst, count_burst
from offline.replay.fold import close_burst
from offline.replay.task import Refusal, count_task, outcome
from offline.replay.work import Work
from streaming.masked import PACKED_BYTES
from streaming.reco.pipeline import Reconstruction
from streaming.tally import Tally
from tests.offline.recorded import CONFIG, eob, record, sob

WORK = Work.of(CONFIG)


@pytest.fixture(scope="module")
def reconstruction():
    return Reconstruction(CONFIG.reco, CONFIG.regions, CONFIG.gate, CONFIG.channels)


def slow_tally(path, seqs, reconstruction) -> Tally:
    """Frame by frame, by hand."""
    total, recorded = Tally.zero(), RecordedBurst(path)
    for seq in seqs:
        total.add(reconstruction.analyse(decode_frame(bytes(recorded.frame(seq)))).tally)
    recorded.close()
    return total


def test_a_whole_burst_is_complete_and_is_the_sum_of_its_frames(tmp_path, reconstruction):
    path = record(tmp_path)
    counted = count_burst(str(path), WORK)
    spill = counted.spill
    assert (spill.state, spill.n_events, spill.n_counted, spill.missing) == ("COMPLETE", 24, 24, [])
    assert counted.tally.pack() == slow_tally(path, range(3), reconstruction).pack()
    assert spill.candidates["mumu_os"]["OCR3"] == 6 == spill.counts["vertices"]
    assert (spill.pot, spill.config_digest, counted.note) == (5 * 10**12, CONFIG.digest(), "")


@given(st.sets(st.integers(1, 23), max_size=6))
@settings(max_examples=8)
def test_how_a_burst_is_cut_into_frames_changes_nothing(tmp_path_factory, cuts):
    root = tmp_path_factory.mktemp("cut")
    spill = count_burst(str(record(root, cuts=sorted(cuts))), WORK).spill
    whole = count_burst(str(record(root / "whole", cuts=())), WORK).spill
    assert spill.n_frames == len(cuts) + 1
    assert spill.model_copy(update={"n_frames": 1}) == whole


@given(st.sets(st.integers(0, 5)), st.integers(0, 5))
@settings(max_examples=12)
def test_damaged_frames_are_named_and_the_others_counted(tmp_path_factory, reconstruction, corrupt, kept):
    """Some frames have a wrong byte, and the file ends after `kept` of them."""
    path = record(tmp_path_factory.mktemp("damaged"), cuts=(4, 8, 12, 16, 20))
    frames = json.loads(manifest_path(path).read_text())["frames"]
    data = bytearray(path.read_bytes())
    for seq in corrupt:
        data[frames[seq][2] + frames[seq][3] // 2] ^= 0xFF
    path.write_bytes(bytes(data[: frames[kept][2]]))
    good = [seq for seq in range(kept) if seq not in corrupt]
    counted = count_burst(str(path), WORK)
    spill = counted.spill
    assert spill.n_events == 24 == spill.n_counted + spill.n_missing
    assert (spill.state, spill.n_counted) == ("INCOMPLETE", 4 * len(good))
    assert counted.tally.pack() == slow_tally_of(data, path, good, reconstruction).pack()
    named = {seq: m.reason for m in spill.missing for seq in range(m.first_seq, m.last_seq + 1)}
    wanted = {seq: "corrupt on disk" for seq in corrupt if seq < kept}
    assert named == wanted | dict.fromkeys(range(kept, 6), "truncated on disk")


def slow_tally_of(data, path, good, reconstruction) -> Tally:
    path.write_bytes(bytes(data))
    return slow_tally(path, good, reconstruction)


def test_frames_that_the_record_promises_and_the_table_lacks(tmp_path):
    path = record(tmp_path, eob_changed={"n_frames": 5, "n_events": 40})
    spill = count_burst(str(path), WORK).spill
    assert [m.model_dump() for m in spill.missing] == [{"first_seq": 3, "last_seq": 4, "reason": "not in the journal"}]
    assert (spill.n_counted, spill.n_missing) == (24, 16)


def test_a_frame_that_is_no_frame_has_the_reason_that_the_live_chain_gives(tmp_path):
    path = record(tmp_path)
    text = json.loads(manifest_path(path).read_text())
    recorded = RecordedBurst(path)
    garbage = b"\x00" * recorded.frames[1].length
    data = bytearray(path.read_bytes())
    at = recorded.frames[1].offset
    data[at : at + len(garbage)] = garbage
    text["frames"][1][4] = crc32c(garbage)
    path.write_bytes(bytes(data))
    manifest_path(path).write_text(json.dumps(text))
    missing = count_burst(str(path), WORK).spill.missing
    assert [(m.first_seq, m.reason) for m in missing] == [(1, "handed out 8 times without a result")]
    assert Config().streaming.max_attempts == 8


def test_a_wrong_digest_counts_nothing(tmp_path):
    path = record(tmp_path, eob_changed={"frames_digest": "0" * 64})
    spill = count_burst(str(path), WORK).spill
    assert (spill.state, spill.n_counted, spill.n_missing) == ("INCOMPLETE", 0, 24)
    assert [m.reason for m in spill.missing] == ["digest of the burst is wrong"]


def test_a_torn_recording_has_no_end(tmp_path):
    path = record(tmp_path)
    second = json.loads(manifest_path(path).read_text())["frames"][1]
    manifest_path(path).unlink()
    path.write_bytes(path.read_bytes()[: second[2] + second[3] + 10])
    spill = count_burst(str(path), WORK).spill
    assert (spill.state, spill.n_counted, spill.pot) == ("INCOMPLETE", 16, None)
    assert spill.missing[-1].reason == "the source stopped in the burst"


def test_a_burst_of_nothing(tmp_path):
    journal = Journal(tmp_path, sob())
    end = eob(journal, 0)
    journal.close(end)
    spill = count_burst(str(seal(journal.path, journal.sob, end, [])), WORK).spill
    assert (spill.state, spill.n_events, spill.n_counted) == ("COMPLETE", 0, 0)


def test_what_is_masked_is_thrown_away(tmp_path, monkeypatch):
    commits = []

    def watched(sob, eob, frames):
        commit = close_burst(sob, eob, frames)
        commits.append((commit, commit.masked.pack(), frames))
        return commit

    monkeypatch.setattr(burst_module, "close_burst", watched)
    with_masked = count_burst(str(record(tmp_path / "a")), WORK)
    without = count_burst(str(record(tmp_path / "b", masked=False)), WORK)
    nothing = bytes(PACKED_BYTES)
    assert commits[0][1] != nothing == commits[1][1]  # there was something to hide
    for commit, _, frames in commits:
        assert commit.masked.pack() == nothing
        assert all(result.masked.pack() == nothing for result in frames.results)
    assert (with_masked.spill, with_masked.tally.pack()) == (without.spill, without.tally.pack())


def test_what_travels_is_read_back_to_the_last_byte(tmp_path):
    counted = count_burst(str(record(tmp_path)), WORK)
    again = CountedBurst.unpack(counted.pack())
    assert again.pack() == counted.pack()
    # the text of a row is compared with the ledger: the order of its keys is content
    assert again.spill.model_dump_json() == counted.spill.model_dump_json()
    assert np.array_equal(again.tally.counts, counted.tally.counts)
    for wrong in (b"", b"{}", counted.pack()[:-9], b"[]\n" + b"x"):
        with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
            CountedBurst.unpack(wrong)


def test_work_is_read_back():
    work = Work.of(CONFIG, pairs=False, products=("a", "b"), into="/x")
    assert Work.unpack(work.pack()) == work != WORK


def test_without_keys_no_pair_is_looked_at_and_the_row_says_so(tmp_path):
    path = str(record(tmp_path))
    blind = count_burst(path, Work.of(CONFIG, pairs=False)).spill
    assert blind.counts["vertices"] == 0 < count_burst(path, WORK).spill.counts["vertices"]
    assert "NOT_SEALED" in blind.quality and "NOT_SEALED" not in count_burst(path, WORK).spill.quality


def smaller_mask() -> Config:
    return CONFIG.model_copy(update={"gate": CONFIG.gate.model_copy(update={"guard_z_m": 1.0})})


def test_a_smaller_mask_on_a_recording_in_clear_is_refused_with_the_reason(tmp_path):
    path = record(tmp_path)
    with pytest.raises(PolicyError, match="two masks would show what lies between"):
        count_burst(str(path), Work.of(smaller_mask()))
    manifest_path(path).unlink()  # then nobody says that it holds nothing masked
    with pytest.raises(PolicyError):
        count_burst(str(path), Work.of(smaller_mask()))


def test_another_configuration_is_said_and_stands_in_the_row(tmp_path):
    path = record(tmp_path)
    manifest = json.loads(manifest_path(path).read_text())
    manifest_path(path).write_text(json.dumps({**manifest, "masked": "sealed"}))
    cuts = CONFIG.model_copy(update={"reco": CONFIG.reco.model_copy(update={"residual_field": False})})
    for other in (smaller_mask(), cuts):
        counted = count_burst(str(path), Work.of(other))
        assert (counted.spill.config_digest, counted.spill.mask_digest) == (other.digest(), other.mask_digest())
        assert counted.note.startswith(f"taken with the configuration {CONFIG.digest()[:12]}, counted with ")


def test_the_setting_of_the_magnet_is_no_other_configuration(tmp_path):
    beam = CONFIG.beam.model_copy(update={"b2_current_a": -400.0})
    taken = CONFIG.model_copy(update={"beam": beam}).digest()
    path = record(tmp_path, sob_changed={"b2_set_a": -400.0, "config_digest": taken})
    counted = count_burst(str(path), WORK)
    assert (counted.note, counted.spill.config_digest) == ("", taken)


def test_a_task_answers_for_a_burst_that_cannot_be_counted(tmp_path):
    path = tmp_path / "run-000001" / "burst-000001.arrows"
    path.parent.mkdir()
    path.write_bytes(b"garbage")
    with pytest.raises(RecordingError):
        count_burst(str(path), WORK)
    answer = outcome(count_task(WORK.pack(), str(path)))
    assert isinstance(answer, Refusal) and "nothing to recover" in answer.reason
    other = Work(**{**{name: getattr(WORK, name) for name in WORK.__slots__}, "program": "0.0.9"})
    answer = outcome(count_task(other.pack(), str(path)))
    assert isinstance(answer, Refusal) and "wanted 0.0.9; install one version" in answer.reason
    with pytest.raises(ValueError, match="kind"):
        outcome(b"X")


def test_products_are_written_in_the_task_from_the_frames_that_were_counted(tmp_path, monkeypatch):
    asked = []

    def write(made):
        numbers = [int(n) for frame in made.frames() for n in frame.header["event_number"]]
        asked.append((made.into, made.spill.key, numbers))
        return f"{made.into}/burst-{made.spill.burst}.parquet"

    monkeypatch.setitem(products.WRITERS, "mini", write)
    path = record(tmp_path)
    frames = json.loads(manifest_path(path).read_text())["frames"]
    data = bytearray(path.read_bytes())
    data[frames[1][2] + 100] ^= 1
    path.write_bytes(bytes(data))
    counted = count_burst(str(path), Work.of(CONFIG, products=("mini",), into="/out"))
    assert asked == [("/out", (1, 1), [*range(8), *range(16, 24)])]
    assert CountedBurst.unpack(counted.pack()).products == {"mini": "/out/burst-1.parquet"}
    answer = outcome(count_task(Work.of(CONFIG, products=("none",)).pack(), str(path)))
    assert isinstance(answer, Refusal) and "no product is called 'none'; there are: mini" in answer.reason
