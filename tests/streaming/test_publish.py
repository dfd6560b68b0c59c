"""Public recordings: same public numbers, nothing masked in them, sizes that tell nothing, safe against kills."""

from __future__ import annotations

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from daq.config.reco import GateConfig, RecoConfig, RegionsConfig
from daq.frame import decode_frame, encode_frame
from daq.recording import Journal, RecordedBurst
from daq.recording.manifest import manifest_path
from daq.records import EobRecord
from streaming.reco.pipeline import Reconstruction
from streaming.reject import strip_frame
from streaming.sealing.hpke import open_bytes, seal_bytes
from streaming.services.publish import Publisher, pack_pool
from streaming.services.source_burst import SourceBurst
from streaming.tally import Tally
from tests.strategies import REJECT, event_of, make_frame
from tests.strategies_wire import sob_record

RECO = Reconstruction(RecoConfig(residual_field=False), RegionsConfig(), GateConfig())
KEY = X25519PrivateKey.generate()


def masked(i: int) -> dict:
    return event_of(z_tax_m=20.0 + i, cda_tax_mm=3.0)


def journal_of(folder, contents: list[dict]) -> SourceBurst:
    """A closed journal of three frames; `contents` are put among visible events."""
    journal = Journal(folder, sob_record())
    for first in range(3):
        events = [event_of(), *contents[first::3], {"straw": event_of()["straw"][:1]}]
        header = [{"event_number": i, "timestamp": 1000 * first + i, "trigger_flags": 2} for i in range(len(events))]
        frame = make_frame([e | h for e, h in zip(events, header, strict=True)])
        journal.append(encode_frame(frame), len(events))
    n_events = sum(f.n_events for f in journal.frames)
    eob = EobRecord(
        run=1, burst=1, end="NORMAL", n_frames=3, n_events=n_events, frames_digest=journal.digest(), beam=None,
        masks={}, primitives={}, n_choked=0, dead_ticks=0, spill_ticks=1,
    )  # fmt: skip
    journal.close(eob)
    return SourceBurst(journal.sob, journal.path, eob, list(journal.frames))


def publish(folder, contents, seal=lambda context, plain: seal_bytes(KEY.public_key(), context, plain)):
    burst = journal_of(folder, contents)
    path = Publisher(RECO, seal).publish(burst)
    burst.close()
    return burst, path


def tally_of(recorded: RecordedBurst) -> bytes:
    total = Tally.zero()
    for seq in range(len(recorded.frames)):
        assert recorded.check(seq) is None
        total.add(RECO.analyse(decode_frame(recorded.frame(seq))).tally)
    return total.pack()


def test_the_public_recording_gives_the_numbers_of_the_clear_one(tmp_path):
    contents = [masked(i) for i in range(7)]
    clear = journal_of(tmp_path / "clear", contents)
    _, path = publish(tmp_path / "public", contents)
    public, journal = RecordedBurst(path), RecordedBurst(clear.path)
    assert public.eob.frames_digest == public.digest() != journal.eob.frames_digest
    assert (public.eob.n_events, len(public.frames)) == (journal.eob.n_events, 3)
    assert tally_of(public) == tally_of(journal)
    assert '"masked": "sealed"' in manifest_path(path).read_text()


@pytest.mark.parametrize(
    "contents", [[masked(i) for i in range(6)], [event_of() | {"lav": [{}] * 50}] * 0 + [REJECT] * 6]
)
def test_files_have_the_bytes_and_sizes_of_a_stream_of_rejects(tmp_path, contents):
    """Masked or ordinary rejects: the public files are the same byte for byte, the sealed one has the same size."""
    files = {}
    for name, events in (("one", contents), ("two", [REJECT] * 6)):
        _, path = publish(tmp_path / name, events)
        found = {p.name: p for p in path.parent.iterdir()}
        assert sorted(found) == ["burst-000001.arrows", "burst-000001.json", "burst-000001.sealed"]
        sealed = found.pop("burst-000001.sealed")
        files[name] = ({k: p.read_bytes() for k, p in found.items()}, sealed.stat().st_size)
    assert files["one"] == files["two"]


def test_what_was_taken_out_is_in_the_sealed_file_whole(tmp_path):
    contents = [masked(i) for i in range(7)]
    _, path = publish(tmp_path, contents)
    plain = open_bytes(KEY, struct.pack("<II", 1, 1), path.with_suffix(".sealed").read_bytes())
    seq, length = struct.unpack_from("<II", plain)
    (n_rows,) = struct.unpack_from("<I", plain, 8)
    events = decode_frame(plain[8 + 4 + 4 * n_rows : 8 + length])
    assert (seq, n_rows, events.n_events) == (0, 3, 3)
    wanted = make_frame([contents[0], contents[3], contents[6]])
    assert events.detectors["straw"].fields["x"].tolist() == wanted.detectors["straw"].fields["x"].tolist()


def test_a_pool_without_room_says_so_inside_and_keeps_its_size():
    assert len(pack_pool([(0, b"x" * 500), (1, b"y" * 5000)], 1000)) == 1000
    assert struct.pack("<II", 1, 0xFFFFFFFF) in pack_pool([(0, b"x" * 500), (1, b"y" * 5000)], 1000)


def test_a_death_after_the_recording_is_in_place_leaves_one_recording(tmp_path):
    burst, path = publish(tmp_path, [masked(0)])
    before = path.read_bytes()
    again = journal_of(tmp_path / "again", [masked(0)])
    again.path.rename(burst.path)  # as if the journal had not been removed
    assert (
        Publisher(RECO, lambda c, p: pytest.fail("sealed twice")).publish(
            again.__class__(again.sob, burst.path, again.eob)
        )
        == path
    )
    assert path.read_bytes() == before and not burst.path.exists()


def test_a_damaged_frame_is_never_published(tmp_path):
    burst = journal_of(tmp_path, [masked(0)])
    frame = burst.frames[1]
    with burst.path.open("r+b") as file:
        file.seek(frame.offset + frame.length // 2)
        file.write(b"\xff\xff\xff\xff")
    assert Publisher(RECO, lambda c, p: p).publish(burst) is None
    assert [p.name for p in burst.path.parent.iterdir()] == [burst.path.name]


def test_stripped_events_are_exactly_those_of_the_gate(tmp_path):
    burst = journal_of(tmp_path, [masked(0), masked(1), masked(2)])
    frame = decode_frame(burst.payload(0))
    assert RECO.stripped(frame).tolist() == [False, True, False]
    assert strip_frame(frame, RECO.stripped(frame)).n_events == 3
    burst.close()
