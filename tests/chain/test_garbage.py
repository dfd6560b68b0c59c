"""Bytes that are no message, and messages that make no sense: counted, dropped, and the chain goes on."""

import threading
import time

import msgpack
import pytest

from daq.codec import Kind, decode, encode
from daq.config import Config
from daq.frame import encode_frame
from daq.records import EobRecord, SobRecord
from monitor.ledger import Ledger
from monitor.services.collector import CollectorService
from streaming.messages import Eob, Hello, ResultMeta, Sob, Status
from streaming.reco.pipeline import Reconstruction
from streaming.services.worker import WorkerService
from streaming.transport import Hub, Pattern
from tests.strategies_wire import eob_record, small_frame, sob_record

MAX = 1 << 24
GARBAGE = {
    "truncated": [b"x"],
    "magic": [b"x" * 40, b"", b""],
    "version": [b"DWF1\x09\x00" + b"x" * 34, b"", b""],
    "checksum": [*[bytes(p) for p in encode(Kind.RESULT, payload=b"a")][:2], b"b"],
    "meta": [bytes(p) for p in encode(Kind.RESULT, meta={"surprise": 1})],
}
ODD = [
    encode(Kind.SOB, (1, 1), meta={"sob": {"run": "one"}}),
    encode(Kind.SOB, (2, 2), meta=Sob(sob=sob_record()).meta()),
    encode(Kind.EOB, (1, 1), meta={"eob": None}),
    encode(Kind.UNAVAILABLE, (1, 1), meta={"reasons": [[-1, "x"], "y"]}),
    encode(Kind.STATUS, meta={"worker": 3, "bad_frames": []}),
    encode(Kind.HELLO, meta={"bad_frames": {"a": -1}}),
    encode(Kind.RESULT, (1, 1), 0, ResultMeta(n_events=1, length=1, crc32c=1, headers=bytes(16)).meta(), b"short"),
    encode(Kind.RESULT, (1, 1), 0, {"n_events": 1, "length": 1, "crc32c": 1, "headers": b"7"}),
]


class Life:
    """A lifetime that a test ends."""

    def __init__(self) -> None:
        self.stopping = threading.Event()

    def should_stop(self) -> bool:
        return self.stopping.is_set()


@pytest.fixture
def peer():
    hub = Hub(None, MAX)
    yield hub
    hub.close(0)


def run(service, life):
    thread = threading.Thread(target=service.run, args=(life,))
    thread.start()
    return thread


def wait_for(hub, link, wanted: Kind, seconds: float = 30.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        hub.wait(20)
        while (received := link.receive()) is not None:
            message = decode(received[1], MAX)
            if message.kind is wanted:
                return message
    raise AssertionError(f"no {wanted.name} came")


def test_collector_counts_garbage_by_reason_and_goes_on(tmp_path, peer):
    hub, life = Hub(None, MAX), Life()
    results, control, display = (
        hub.bind(pattern, "tcp://127.0.0.1:0")
        for pattern in (Pattern.RESULTS_IN, Pattern.CONTROL_SERVER, Pattern.DISPLAY_OUT)
    )
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as ledger:
        service = CollectorService(hub, results, control, display, ledger, Config())
        thread = run(service, life)
        push = peer.connect(Pattern.RESULTS_OUT, results.endpoint, "collector")
        talk = peer.connect(Pattern.CONTROL_CLIENT, control.endpoint, "collector")
        for parts in [*GARBAGE.values(), *ODD, encode(Kind.FRAME)]:
            assert push.send(parts, timeout_ms=2000)
        assert talk.send(encode(Kind.HELLO, (1, 0), meta=Hello(bad_frames={}).meta()), timeout_ms=2000)
        assert wait_for(peer, talk, Kind.WELCOME).meta["last_booked"] == 0
        sob, eob = sob_record(), eob_record(digest=frames_digest_of_nothing())
        talk.send(encode(Kind.SOB, sob.key, meta=Sob(sob=sob).meta()))
        talk.send(encode(Kind.EOB, eob.key, meta=Eob(eob=eob).meta()))
        assert wait_for(peer, talk, Kind.COMMITTED).key == (1, 1)
        twin = peer.connect(Pattern.CONTROL_CLIENT, control.endpoint, "collector")
        first = sob_record(burst=9)
        talk.send(encode(Kind.SOB, first.key, meta=Sob(sob=first).meta()))
        twin.send(encode(Kind.SOB, first.key, meta=Sob(sob=first).meta()), timeout_ms=2000)
        other = first.model_copy(update={"sob_time_ns": 99})
        assert twin.send(encode(Kind.SOB, other.key, meta=Sob(sob=other).meta()), timeout_ms=2000)
        assert "another source" in wait_for(peer, twin, Kind.REFUSED).meta["why"]
        bad = service._bad
        life.stopping.set()
        thread.join(10)
    hub.close(0)
    assert bad == {"truncated": 1, "magic": 1, "version": 1, "checksum": 1, "meta": 1 + len(ODD), "kind": 1}


def frames_digest_of_nothing() -> str:
    from daq.recording import frames_digest

    return frames_digest([])


def test_worker_drops_bad_frames_says_so_and_asks_for_more(peer):
    life = Life()
    hub = Hub(None, MAX)
    work = peer.bind(Pattern.WORK_SERVER, "tcp://127.0.0.1:0")
    results = peer.bind(Pattern.RESULTS_IN, "tcp://127.0.0.1:0")
    config = Config()
    reconstruction = Reconstruction(config.reco, config.regions, config.gate)
    worker_links = (
        hub.connect(Pattern.WORK_CLIENT, work.endpoint, "work"),
        hub.connect(Pattern.RESULTS_OUT, results.endpoint, "collector"),
    )
    thread = run(WorkerService(hub, *worker_links, config, reconstruction), life)
    peer.wait(5000)
    name, _ = work.receive()
    not_arrow = encode(Kind.FRAME, (1, 1), 3, {"n_events": 1}, b"not arrow")
    odd_meta = encode(Kind.FRAME, (1, 1), 4, {"events": 1}, b"")
    for parts in [*GARBAGE.values(), not_arrow, odd_meta]:
        assert work.send(parts, to=name, timeout_ms=2000)
    good = encode_frame(small_frame(5))
    assert work.send(encode(Kind.FRAME, (1, 1), 5, {"n_events": 5}, good), to=name, timeout_ms=2000)
    assert wait_for(peer, results, Kind.RESULT).seq == 5
    for _ in range(20):
        bad = Status.of(wait_for(peer, results, Kind.STATUS)).bad_frames
        if bad:
            break
    life.stopping.set()
    thread.join(10)
    hub.close(0)
    # the garbage of kind RESULT decodes, but it is not for a worker
    assert {**bad, "meta": 0} == {"truncated": 1, "magic": 1, "version": 1, "checksum": 1, "schema": 1, "meta": 0}
    assert bad["meta"] == 1


def test_records_refuse_what_is_no_number():
    for field, value in (("t10_intensity", float("nan")), ("b2_current_a", float("inf"))):
        beam = {"t10_intensity": 1.0, "t10_stamp_ns": 0, "b1c_current_a": 0.0, "b2_current_a": 0.0}
        body = {**beam, "magnet_stamp_ns": 0, "scalers": {}, field: value}
        eob = {**eob_record().model_dump(), "beam": body}
        with pytest.raises(ValueError, match="finite"):
            EobRecord.model_validate(eob)
    with pytest.raises(ValueError, match="mode"):
        SobRecord.model_validate({**sob_record().model_dump(), "mode": "PARTY"})


def test_no_object_comes_out_of_an_envelope():
    """Extension types are the only way to make msgpack build anything but plain data."""
    packed = msgpack.packb({"credits": msgpack.Timestamp(1, 2)})
    assert b"\xd7\xff" in packed or b"\xc7" in packed
    parts = encode(Kind.WANT)
    parts[1] = packed
    from daq.errors import WireError

    with pytest.raises(WireError):
        decode(parts, MAX)
