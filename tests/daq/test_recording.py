"""Recordings: what is written comes back, a tear keeps every whole frame, damage is never silent."""

import json

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daq.errors import RecordingError
from daq.frame import decode_frame, encode_frame
from daq.recording import Journal, RecordedBurst, burst_path, find_bursts, seal
from tests.strategies_wire import eob_record, small_frame, sob_record

SIZES = (10, 3, 25)


def write_journal(root, sizes=SIZES, run=1, burst=1):
    journal = Journal(root, sob_record(run, burst))
    for n in sizes:
        journal.append(encode_frame(small_frame(n)), n)
    return journal


def write_recording(root, sizes=SIZES):
    journal = write_journal(root, sizes)
    eob = eob_record(n_frames=len(sizes), n_events=sum(sizes), digest=journal.digest())
    journal.close(eob)
    return seal(journal.path, journal.sob, eob, journal.frames)


def test_round_trip_with_and_without_manifest(tmp_path):
    path = write_recording(tmp_path)
    for _ in range(2):
        recorded = RecordedBurst(path)
        assert recorded.sob == sob_record()
        assert recorded.digest() == recorded.eob.frames_digest
        assert [decode_frame(recorded.frame(i)).n_events for i in range(3)] == list(SIZES)
        assert [recorded.check(i) for i in range(3)] == [None] * 3
        recorded.close()
        path.with_suffix(".json").unlink(missing_ok=True)


def test_any_arrow_reader_sees_one_table(tmp_path):
    path = write_recording(tmp_path)
    with pa.memory_map(str(path)) as source, pa.ipc.open_stream(source) as stream:
        table = stream.read_all()
    assert table.num_rows == sum(SIZES)
    assert table.column("timestamp").to_pylist()[:3] == [0, 1, 2]
    assert len(table.column("straw")[0]) == 2


def test_every_cut_of_a_journal_keeps_the_whole_frames_before_it(tmp_path):
    journal = write_journal(tmp_path)
    data = journal.path.read_bytes()
    ends = [frame.offset + frame.length for frame in journal.frames]
    start = journal.frames[0].offset
    for cut in {*range(start, len(data), 61), *ends, *(end - 1 for end in ends), *(end + 1 for end in ends[:-1])}:
        journal.path.write_bytes(data[:cut])
        recorded = RecordedBurst(journal.path)
        whole = sum(end <= cut for end in ends)
        assert len(recorded.frames) == whole, cut
        assert recorded.eob is None
        good = recorded.dropped_bytes == 0
        assert good == (cut in ends or (whole == 0 and recorded.dropped_bytes == 0)), cut
        recorded.close()


def test_a_torn_journal_can_be_closed_and_says_so(tmp_path):
    journal = write_journal(tmp_path)
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-7])
    torn = RecordedBurst(journal.path)
    assert len(torn.frames) == 2
    assert torn.dropped_bytes > 0
    torn.close_torn(eob_record(n_frames=2, n_events=13, digest=torn.digest()))
    torn.close()
    again = RecordedBurst(journal.path)
    assert (again.eob.n_events, len(again.frames), again.dropped_bytes) == (13, 2, 0)
    again.close()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_in_a_frame_is_found(tmp_path_factory, data):
    path = write_recording(tmp_path_factory.mktemp("flip"))
    recorded = RecordedBurst(path)
    frame = recorded.frames[data.draw(st.integers(0, 2))]
    recorded.close()
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(frame.offset * 8, (frame.offset + frame.length) * 8 - 1))
    content[at // 8] ^= 1 << at % 8
    path.write_bytes(bytes(content))
    damaged = RecordedBurst(path)
    assert damaged.check(frame.seq) == "corrupt on disk"
    assert sum(damaged.check(i) is not None for i in range(3)) == 1
    damaged.close()


def test_a_truncated_recording_names_what_is_gone(tmp_path):
    path = write_recording(tmp_path)
    recorded = RecordedBurst(path)
    cut = recorded.frames[1].offset + 5
    recorded.close()
    path.write_bytes(path.read_bytes()[:cut])
    short = RecordedBurst(path)
    assert [short.check(i) for i in range(3)] == [None, "truncated on disk", "truncated on disk"]
    with pytest.raises(RecordingError, match="the file ends before frame"):
        short.frame(2)
    short.close()


def test_nothing_is_overwritten(tmp_path):
    path = write_recording(tmp_path)
    before = path.read_bytes()
    with pytest.raises(RecordingError, match="exists already"):
        Journal(tmp_path, sob_record())
    assert path.read_bytes() == before
    write_journal(tmp_path, burst=2)
    with pytest.raises(RecordingError, match="exists already"):
        Journal(tmp_path, sob_record(burst=2))


def test_seal_never_overwrites_a_recording(tmp_path):
    path = write_recording(tmp_path)
    recorded = RecordedBurst(path)
    part = path.with_name("burst-000001.arrows.part")
    part.write_bytes(b"other")
    with pytest.raises(RecordingError, match="kept beside"):
        seal(part, recorded.sob, recorded.eob, recorded.frames)
    assert part.exists()
    recorded.close()


def test_another_schema_version_is_refused(tmp_path):
    path = write_recording(tmp_path)
    manifest = path.with_suffix(".json")
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "schema": "dumpwatch.event/9"}))
    with pytest.raises(RecordingError, match=r"event/9.*event/1"):
        RecordedBurst(path)
    manifest.unlink()
    path.write_bytes(path.read_bytes().replace(b"dumpwatch.event/1", b"dumpwatch.event/8"))
    with pytest.raises(RecordingError, match=r"event/8.*event/1"):
        RecordedBurst(path)


@pytest.mark.parametrize("content", [b"", b"not arrow at all", b"\xff" * 64])
def test_files_that_are_no_recordings(tmp_path, content):
    path = burst_path(tmp_path, (1, 1))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(RecordingError, match="nothing to recover"):
        RecordedBurst(path)


def test_a_broken_manifest_is_named(tmp_path):
    path = write_recording(tmp_path)
    path.with_suffix(".json").write_text("{")
    with pytest.raises(RecordingError, match="move it away"):
        RecordedBurst(path)


def test_the_name_must_be_that_of_the_content(tmp_path):
    path = write_recording(tmp_path)
    other = path.with_name("burst-000009.arrows")
    path.rename(other)
    with pytest.raises(RecordingError, match="holds run 1 burst 1"):
        RecordedBurst(other)


def test_find_bursts_orders_and_tells_journals_apart(tmp_path):
    write_recording(tmp_path)
    write_journal(tmp_path, burst=12)
    write_journal(tmp_path, run=2, burst=3)
    assert [p.name for p in find_bursts(tmp_path)] == ["burst-000001.arrows"]
    assert [p.name for p in find_bursts(tmp_path, journals=True)] == [
        "burst-000012.arrows.part",
        "burst-000003.arrows.part",
    ]


def test_unwritable_folder_is_one_clear_error(tmp_path):
    (tmp_path / "file").write_text("")
    from daq.errors import StoreError

    with pytest.raises(StoreError, match="cannot be made"):
        Journal(tmp_path / "file", sob_record())


def test_a_recording_in_place_always_has_its_manifest(tmp_path, monkeypatch):
    """Killed at the rename, the journal is still a journal and is sealed again later."""
    journal = write_journal(tmp_path)
    eob = eob_record(n_frames=3, n_events=sum(SIZES), digest=journal.digest())
    journal.close(eob)
    monkeypatch.setattr("pathlib.Path.rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        seal(journal.path, journal.sob, eob, journal.frames)
    monkeypatch.undo()
    assert find_bursts(tmp_path) == []
    recorded = RecordedBurst(journal.path)
    assert recorded.eob == eob
    recorded.close()
    final = seal(journal.path, journal.sob, eob, journal.frames)
    assert final.with_suffix(".json").exists()
    assert not journal.path.exists()


def test_a_damaged_frame_in_a_journal_hides_nothing_behind_it(tmp_path):
    journal = write_journal(tmp_path)
    eob = eob_record(n_frames=3, n_events=sum(SIZES), digest=journal.digest())
    journal.close(eob)
    content = bytearray(journal.path.read_bytes())
    content[journal.frames[1].offset + 20] ^= 4
    journal.path.write_bytes(bytes(content))
    recorded = RecordedBurst(journal.path)
    assert recorded.eob == eob
    assert [recorded.check(i) for i in range(3)] == [None, "corrupt on disk", None]
    assert recorded.dropped_bytes == 0
    recorded.close()


def test_what_is_cut_off_a_torn_journal_is_kept_beside_it(tmp_path):
    journal = write_journal(tmp_path)
    data = journal.path.read_bytes()
    journal.path.write_bytes(data[:-7])
    torn = RecordedBurst(journal.path)
    torn.close_torn(eob_record(n_frames=2, n_events=13, digest=torn.digest()))
    torn.close()
    tail = journal.path.with_suffix(".torn").read_bytes()
    assert data[:-7].endswith(tail)
    assert len(tail) == torn.dropped_bytes


def test_a_folder_of_journals_has_one_owner(tmp_path):
    from daq.errors import StoreError
    from daq.recording.lock import FolderLock

    first = FolderLock(tmp_path, ".lock", 0.0, "is here")
    with pytest.raises(StoreError, match="another dumpwatch is here"):
        FolderLock(tmp_path, ".lock", 0.0, "is here")
    first.release()
    FolderLock(tmp_path, ".lock", 0.0, "is here").release()
