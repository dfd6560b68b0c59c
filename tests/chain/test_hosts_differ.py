"""Hosts with different keys: nothing is sealed that somebody did not look at, nothing counted that is not sealed."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from daq.codec import Kind, decode, encode
from daq.config import Config
from daq.errors import BadMeta
from daq.frame import encode_frame
from daq.recording import frames_digest
from monitor.ledger import Ledger
from monitor.sealed.keygen import make_keys
from monitor.sealed.opening import open_compartment, private_key
from monitor.services.collector import CollectorService
from monitor.services.roles import Endpoints, run_collector
from streaming.closure import Closure, Commit, Result
from streaming.masked import Masked
from streaming.messages import NO_KEYS, Eob, ResultMeta, Sob
from streaming.reco.pipeline import Reconstruction
from streaming.sealing.start import keys_at_start
from streaming.services.roles import run_worker
from streaming.services.worker import WorkerService
from streaming.tally import COUNTS, Tally
from streaming.transport import Hub, Pattern
from tests.monitor.blind_site import Ceremony
from tests.strategies import event_of, make_frame
from tests.strategies_wire import eob_record, sob_record

MAX = 1 << 24
N_FRAMES = 4
OPEN, HIDDEN = {"z_tax_m": 100.0, "cda_tax_mm": 300.0}, {"z_tax_m": 23.0, "cda_tax_mm": 5.0}


@pytest.fixture(scope="module")
def ceremony(tmp_path_factory) -> Ceremony:
    return Ceremony(tmp_path_factory.mktemp("keys") / "set")


@pytest.fixture(scope="module")
def folders(ceremony, tmp_path_factory) -> dict[str, str]:
    """Key folders: ours, another set, none, and one without the key of the host."""
    root = tmp_path_factory.mktemp("others")
    other = make_keys(root / "other", ["a", "b"], 2, demonstration=True)
    bare = root / "bare"
    bare.mkdir()
    (bare / "compartments.json").write_bytes((ceremony.public / "compartments.json").read_bytes())
    return {"ours": str(ceremony.public), "other": str(other), "none": "", "no host key": str(bare)}


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    """Each with an open pair, a masked one, and a single track."""
    single = event_of("mm", **OPEN)
    single["straw"] = single["straw"][:1]
    events = [event_of("mm", **OPEN), event_of("mm", **HIDDEN), single]
    return [bytes(encode_frame(make_frame([e | {"event_number": 3 * i + j} for j, e in enumerate(events)])))
            for i in range(N_FRAMES)]  # fmt: skip


def config_of(folder: str) -> Config:
    cfg = Config()
    reco = cfg.reco.model_copy(update={"residual_field": False})
    return cfg.model_copy(update={"reco": reco, "sealing": cfg.sealing.model_copy(update={"keys": folder})})


def messages(frames: list[bytes]) -> list:
    """Frames as a source hands them out."""
    return [decode(encode(Kind.FRAME, (1, 1), i, {"n_events": 3}, data), MAX) for i, data in enumerate(frames)]


def end_of_burst(frames: list[bytes]):
    found = [(m.seq, 3, m.payload.nbytes, m.payload_crc) for m in messages(frames)]
    return eob_record(n_frames=len(frames), n_events=3 * len(frames), digest=frames_digest(found))


def worker(folder: str) -> WorkerService:
    """A worker as its role makes it."""
    config, keys = config_of(folder), keys_at_start(folder)
    reco = Reconstruction(config.reco, config.regions, config.gate, config.channels, several=keys is not None)
    digest = NO_KEYS if keys is None else bytes.fromhex(keys.digest)
    return WorkerService(None, None, None, config, reco, digest)


class Ear:
    """A link that nobody listens to."""

    def send(self, *_, **__) -> bool:
        return True


def booked(ledger: Ledger, frames: list[bytes], collector: str, workers: list[str]):
    """Row of a burst whose frames go to these workers in turn, and from them to this collector."""
    ear = Ear()
    service = CollectorService(SimpleNamespace(), ear, ear, ear, ledger, config_of(collector))
    staff = [worker(folder) for folder in workers]
    sob, eob = sob_record(), end_of_burst(frames)
    given = [encode(Kind.SOB, sob.key, meta=Sob(sob=sob).meta()), encode(Kind.EOB, eob.key, meta=Eob(eob=eob).meta())]
    given += [staff[i % len(staff)]._analyse(message) for i, message in enumerate(messages(frames))]
    for parts in given:
        service._on_parts(b"peer", [memoryview(bytes(part)) for part in parts])
    return ledger.spill(1, 1)


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path}/l.db") as books:
        yield books


def hidden_count(ledger: Ledger, ceremony: Ceremony) -> int:
    key = private_key("mumu/SR", ceremony.custodians[:3], ceremony.ring)
    return open_compartment("mumu/SR", key, ledger.sealed()).total


def test_hosts_that_agree_count_and_seal(ledger, ceremony, folders, frames):
    row = booked(ledger, frames, folders["ours"], [folders["ours"], folders["ours"]])
    assert row.quality == ["NO_POT", "NO_MAGNET"] and row.state == "COMPLETE"
    assert row.candidates["mumu_os"]["OCR3"] == row.counts["vertices"] == row.counts["selected"] == N_FRAMES
    assert ledger.n_sealed() == 1 and hidden_count(ledger, ceremony) == N_FRAMES


DIFFER = [
    ("ours", ["none"]),
    ("ours", ["ours", "none"]),
    ("ours", ["none", "ours", "ours", "ours"]),
    ("ours", ["other"]),
    ("ours", ["ours", "ours", "ours", "other"]),
    ("none", ["ours"]),
    ("none", ["none", "ours"]),
    ("no host key", ["ours"]),
]


@pytest.mark.parametrize(("collector", "workers"), DIFFER)
def test_hosts_that_differ_seal_nothing_and_count_no_pairs(ledger, folders, frames, caplog, collector, workers):
    row = booked(ledger, frames, folders[collector], [folders[name] for name in workers])
    assert "NOT_SEALED" in row.quality and row.state == "COMPLETE" and ledger.n_sealed() == 0
    assert not any(n for regions in row.candidates.values() for n in regions.values())
    wanted = {"events": 12, "two_track": 8, "vertices": 0, "selected": 0, "not_selected": 12}
    assert {name: row.counts[name] for name in wanted} == wanted
    tally = ledger.histograms(1, 1).tally
    assert not any(tally.histograms[name].any() for name in ("z_vtx", "delta_t", "ztax_cda"))
    assert tally.histograms["time_profile"].sum() == 12
    (said,) = [record.getMessage() for record in caplog.records if "differ" in record.getMessage()]
    assert "give all hosts one key set and restart them" in said and ledger.verify().faults == []


def test_hosts_without_any_keys_agree_as_well(ledger, folders, frames, caplog):
    row = booked(ledger, frames, folders["none"], [folders["none"]])
    assert "NOT_SEALED" in row.quality and row.counts["vertices"] == 0 and row.counts["tracks"] == N_FRAMES
    assert not any("differ" in record.getMessage() for record in caplog.records)


def test_what_is_said_does_not_depend_on_what_is_hidden(tmp_path, folders, frames, caplog):
    rows, texts = [], []
    plain = event_of("mm", **OPEN)
    rejected = event_of("mm", z_tax_m=23.0, cda_tax_mm=5.0, charge=(1, 1))  # masked as well, and no candidate
    events = [plain, rejected, plain | {"straw": plain["straw"][:1]}]
    other = [bytes(encode_frame(make_frame([e | {"event_number": 3 * i + j} for j, e in enumerate(events)])))
             for i in range(N_FRAMES)]  # fmt: skip
    for name, some in (("a", frames), ("b", other)):
        caplog.clear()
        with Ledger.open(f"sqlite:///{tmp_path}/{name}.db") as books:
            rows.append(booked(books, some, folders["none"], [folders["ours"]]))
        texts.append([record.getMessage() for record in caplog.records])
    assert rows[0].content() == rows[1].content() and texts[0] == texts[1]


def test_a_burst_that_is_counted_again_from_nothing_forgets_who_counted_before():
    ours = b"k" * 32
    closure, sob = Closure(10**9, 10**9), sob_record()
    right = frames_digest([(0, 1, 7, 7)])
    closure.on_sob(sob, 0)
    closure.on_eob(eob_record(n_frames=1, n_events=1, digest=right), 0)
    tally = Tally.zero()
    tally.counts[COUNTS.index("events")] = 1
    first = Result(0, 1, 7, 8, bytes(16), tally, Masked.zero(), NO_KEYS)
    assert closure.on_result(sob.key, first, 0) == []
    second = Result(0, 1, 7, 7, bytes(16), tally, Masked.zero(), ours)
    (commit,) = closure.on_result(sob.key, second, 0)
    assert isinstance(commit, Commit) and commit.keys == {ours}


def test_a_result_says_its_keys_in_one_size(frames, folders):
    sizes = {len(bytes(worker(folders[name])._analyse(messages(frames)[0])[1])) for name in ("ours", "other", "none")}
    assert len(sizes) == 1
    old = ResultMeta(n_events=1, length=1, crc32c=1, headers=bytes(16)).meta()
    del old["keys"]
    message = SimpleNamespace(meta=old, kind=Kind.RESULT, run=1, burst=1)
    assert ResultMeta.of(message).keys == NO_KEYS  # a version that did not say so is believed to have none
    message.meta = old | {"keys": b"short"}
    with pytest.raises(BadMeta, match="does not fit in keys"):
        ResultMeta.of(message)


class Life:
    """A lifetime that a test ends."""

    def __init__(self) -> None:
        self.stopping, self.at, self.began = threading.Event(), {}, threading.Event()

    def ready(self, **at: str) -> None:
        self.at = at
        self.began.set()

    def should_stop(self) -> bool:
        return self.stopping.is_set()


@pytest.mark.parametrize(("at_collector", "at_worker"), [("ours", "ours"), ("ours", "none"), ("none", "ours")])
def test_the_roles_themselves(tmp_path, ceremony, folders, frames, at_collector, at_worker):
    """Worker and collector as the program runs them, over sockets; the test is the source."""
    url, there, here = f"sqlite:///{tmp_path}/l.db", Life(), Life()
    any_port = "tcp://127.0.0.1:0"
    at = Endpoints(work="", results=any_port, control=any_port, display=any_port)
    hub = Hub(None, MAX)
    work = hub.bind(Pattern.WORK_SERVER, any_port)
    threads = [threading.Thread(target=run_collector, args=(config_of(folders[at_collector]), url, at, there))]
    threads[0].start()
    assert there.began.wait(20)
    threads.append(
        threading.Thread(
            target=run_worker,
            args=(config_of(folders[at_worker]), work.endpoint, there.at["results"], here),
        )
    )
    threads[1].start()
    control = hub.connect(Pattern.CONTROL_CLIENT, there.at["control"], "collector")
    sob, eob = sob_record(), end_of_burst(frames)
    for kind, body in ((Kind.SOB, Sob(sob=sob)), (Kind.EOB, Eob(eob=eob))):
        assert control.send(encode(kind, (1, 1), meta=body.meta()), timeout_ms=5000)
    done, end = False, time.monotonic() + 60
    while not done and time.monotonic() < end:
        hub.wait(50)
        while (received := work.receive()) is not None:
            if decode(received[1], MAX).kind is Kind.WANT:
                for seq, data in enumerate(frames):
                    work.send(encode(Kind.FRAME, (1, 1), seq, {"n_events": 3}, data), to=received[0], timeout_ms=1000)
        while (received := control.receive()) is not None:
            done |= decode(received[1], MAX).kind is Kind.COMMITTED
    here.stopping.set()
    there.stopping.set()
    for thread in threads:
        thread.join(20)
    hub.close(0)
    assert done
    with Ledger.open(url) as books:
        agrees = at_collector == at_worker == "ours"
        row = books.spill(1, 1)
        assert ("NOT_SEALED" not in row.quality) is agrees and books.n_sealed() == agrees
        assert row.counts["vertices"] == (N_FRAMES if agrees else 0)
        assert not agrees or hidden_count(books, ceremony) == N_FRAMES


def test_a_tally_without_pairs_keeps_everything_else():
    rng = np.random.default_rng(3)
    whole = Tally.unpack(rng.integers(1, 9, len(Tally.zero().pack()) // 8, dtype=np.int64).tobytes())
    before, less = whole.pack(), whole.without_pairs()
    assert whole.pack() == before
    for name in ("time_profile", "momentum", "chod_tiles", "muv3_tiles"):
        assert (less.histograms[name] == whole.histograms[name]).all()
    assert [less.count(name) for name in ("events", "tracks", "two_track")] == [
        whole.count(name) for name in ("events", "tracks", "two_track")
    ]
    assert less.count("selected") + less.count("not_selected") == less.count("events")
