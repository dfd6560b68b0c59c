"""Replay and watch as real processes: any scheduler gives the same bytes, and no death changes a number."""

import datetime
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from monitor.ledger import Ledger
from tests.chain.program import dumpwatch
from tests.offline.recorded import copies, land, record, record_many

PROGRAM = [sys.executable, "-m", "dumpwatch", "--log-level", "warning"]
MANY = 120


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A short run, its ledger and the answer of a replay on one process."""
    root = tmp_path_factory.mktemp("run")
    record_many(root / "rec", 5)
    url = f"sqlite:///{root}/l.db"
    assert dumpwatch("replay", root / "rec", "--ledger", url).returncode == 0
    done = dumpwatch("replay", root / "rec", "--verify", "--ledger", url, "--json")
    assert done.returncode == 0, done.stderr
    return root, url, done.stdout


@pytest.fixture(scope="module")
def long_run(tmp_path_factory):
    """Enough bursts that something can be killed among them, and what they give."""
    root = tmp_path_factory.mktemp("long")
    copies(record(root / "rec"), MANY)
    done = dumpwatch("replay", root / "rec", "--json")
    assert done.returncode == 0, done.stderr
    return root, done.stdout


@contextmanager
def started(*arguments, stderr=subprocess.PIPE, env=None):
    """A process; whatever happens, it and its children are gone afterwards."""
    command = [*PROGRAM, *map(str, arguments)] if arguments[0] != "dask" else [sys.executable, "-m", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=env) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()


def wait_until(condition, process, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.01)


def n_lines(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def cluster(protocol, folder):
    """A scheduler and two workers as they are started by hand; the URL of the scheduler, and the environment for it."""
    port = free_port()
    url = f"{protocol}://127.0.0.1:{port}"
    environment = {**os.environ, **(tls_settings(folder) if protocol == "tls" else {})}
    common = ("--host", "127.0.0.1", "--no-dashboard", "--protocol", protocol)
    scheduler = started("dask", "scheduler", "--port", str(port), *common, env=environment)
    worker = started("dask", "worker", url, "--nthreads", "1", "--nworkers", "2", *common, env=environment)
    with scheduler as first, worker:
        wait_until(lambda: _answers(port), first)
        yield url, environment


def tls_settings(folder):
    """One certificate for all, as docs/operator/batch.md says."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    make_certificate(key, cert)
    both = {"cert": str(cert), "key": str(key)}
    tls = {"ca-file": str(cert), "scheduler": both, "worker": both, "client": both}
    (folder / "tls.yaml").write_text(json.dumps({"distributed": {"comm": {"require-encryption": True, "tls": tls}}}))
    return {"DASK_CONFIG": str(folder / "tls.yaml")}


def make_certificate(key_file, cert_file):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "dumpwatch-replay")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now)
    made = made.not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    cert_file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(*pem, plain))


def _answers(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_two_local_workers_give_the_same_bytes(run):
    root, url, wanted = run
    done = dumpwatch("replay", root / "rec", "--verify", "--ledger", url, "--json", "--workers", 2)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == wanted


@pytest.mark.parametrize("protocol", ["tcp", "tls"])
def test_a_remote_scheduler_gives_the_same_bytes_and_books_the_same_rows(run, tmp_path, monkeypatch, protocol):
    root, _, wanted = run
    url = f"sqlite:///{tmp_path}/l.db"
    with cluster(protocol, tmp_path) as (scheduler, environment):
        [monkeypatch.setenv(name, value) for name, value in environment.items()]
        done = dumpwatch("replay", root / "rec", "--ledger", url, "--scheduler", scheduler)
        assert (done.returncode, done.stderr) == (0, "")
        done = dumpwatch("replay", root / "rec", "--verify", "--ledger", url, "--json", "--scheduler", scheduler)
    assert (done.returncode, done.stdout) == (0, wanted)
    assert rows(url) == rows(run[1])


def rows(url):
    with Ledger.open(url, readonly=True) as books:
        return [(entry.entry, entry.revision, entry.spill) for entry in books.entries_after(0)]


def test_kill_9_of_a_worker_changes_nothing(long_run, tmp_path):
    root, wanted = long_run
    state = tmp_path / "state"
    arguments = ("replay", root / "rec", "--json", "--workers", 2, "--resume", state)
    with started(*arguments) as process:
        killed = set()
        for n in (10, 60):
            wait_until(lambda n=n: n_lines(state / "counted.jsonl") >= n, process)
            alive = [child for child in psutil.Process(process.pid).children() if "spawn_main" in child.cmdline()[-2]]
            victim = next(child for child in alive if child.pid not in killed)
            victim.kill()
            killed.add(victim.pid)
        out, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert out == wanted


def test_kill_9_of_the_replay_loses_nothing_and_counts_nothing_twice(long_run, tmp_path):
    root, wanted = long_run
    state = tmp_path / "state"
    arguments = ("replay", root / "rec", "--json", "--resume", state)
    with started(*arguments) as process:
        wait_until(lambda: n_lines(state / "counted.jsonl") >= 20, process)
        process.kill()
    before = n_lines(state / "counted.jsonl")
    assert 20 <= before < MANY
    done = dumpwatch(*arguments)
    assert (done.returncode, done.stdout) == (0, wanted)
    places = [json.loads(line)["place"] for line in (state / "counted.jsonl").read_text().splitlines()]
    assert len(places) == len(set(places)) == MANY


def test_kill_9_with_a_ledger_is_as_if_nothing_had_happened(long_run, tmp_path):
    root, _ = long_run
    whole, broken = f"sqlite:///{tmp_path}/whole.db", f"sqlite:///{tmp_path}/broken.db"
    assert dumpwatch("replay", root / "rec", "--ledger", whole).returncode == 0
    with started("replay", root / "rec", "--ledger", broken) as process:
        wait_until(lambda: n_booked(broken) >= 20, process)
        process.kill()
    n_before = n_booked(broken)
    assert 20 <= n_before < MANY
    done = dumpwatch("replay", root / "rec", "--ledger", broken, "--json")
    results = [row["result"] for row in json.loads(done.stdout)["verify"]]
    assert results == ["booked before"] * n_before + ["booked"] * (MANY - n_before)
    assert rows(broken) == rows(whole)


def n_booked(url):
    path = url.removeprefix("sqlite:///")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as books:
            return books.execute("SELECT count(*) FROM spill").fetchone()[0]
    except sqlite3.OperationalError:  # it is being made in this moment
        return 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_cleanly(long_run, tmp_path, number):
    """Ctrl-C of a terminal reaches the workers as well."""
    root, _ = long_run
    state = tmp_path / "state"
    command = [*PROGRAM, "replay", root / "rec", "--json", "--workers", "2", "--resume", state]
    with subprocess.Popen(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        wait_until(lambda: n_lines(state / "counted.jsonl") >= 20, process)
        children = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
    document = json.loads(out)
    assert process.returncode == 1 and document["partial"] and "Traceback" not in err
    assert "not reached; start it again" in err
    bursts = [spill["burst"] for spill in document["spills"]]
    assert 20 <= len(bursts) == n_lines(state / "counted.jsonl") < MANY
    psutil.wait_procs(children, timeout=10)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]


def test_local_workers_listen_on_loopback_only(long_run, tmp_path):
    root, _ = long_run
    state = tmp_path / "state"
    with started("replay", root / "rec", "--workers", 2, "--resume", state) as process:
        wait_until(lambda: n_lines(state / "counted.jsonl") >= 10, process)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        ports = [c.laddr.ip for p in family for c in p.net_connections() if c.status == psutil.CONN_LISTEN]
    assert ports and set(ports) == {"127.0.0.1"}


def watching(folder, url, *extra, **options):
    return started("watch", folder, "--ledger", url, "--every", 0.1, *extra, **options)


def test_bursts_are_booked_as_they_land_by_two_watches_at_a_time_and_across_a_kill(run, tmp_path):
    root, url, _ = run
    folder, mine = tmp_path / "rec", f"sqlite:///{tmp_path}/w.db"
    folder.mkdir()
    paths = sorted((root / "rec").rglob("*.arrows"))
    with watching(folder, mine) as one, watching(folder, mine) as two:
        for path in paths[:2]:
            land(path, folder)
        journal = folder / "run-000001" / "burst-000099.arrows.part"
        journal.write_bytes(paths[0].read_bytes())
        wait_until(lambda: n_booked(mine) == 2, one)
        one.kill()
        land(paths[2], folder)
        wait_until(lambda: n_booked(mine) == 3, two)
        with watching(folder, mine) as three:
            land(paths[3], folder)
            wait_until(lambda: n_booked(mine) == 4, two)
            two.send_signal(signal.SIGTERM)
            assert two.wait(30) == 0, two.stderr.read()
            land(paths[4], folder)
            wait_until(lambda: n_booked(mine) == 5, three)
            three.send_signal(signal.SIGTERM)
            assert three.wait(30) == 0, three.stderr.read()
    assert rows(mine) == rows(url)
    assert journal.exists()
    with Ledger.open(mine, readonly=True) as books:
        assert all("NOT_SEALED" in spill.quality for spill in books.spills())
        assert not any(books.corrections(1, burst) for burst in range(1, 6))


def test_a_bad_file_is_named_once_and_looked_at_again_when_it_changes(tmp_path):
    folder, url = tmp_path / "rec", f"sqlite:///{tmp_path}/w.db"
    good = record(tmp_path / "elsewhere", 1, 1)
    bad = folder / "run-000001" / "burst-000001.arrows"
    bad.parent.mkdir(parents=True)
    bad.write_bytes(b"garbage")
    (folder / "run-000001" / "burst-7.arrows").write_bytes(b"")
    record(folder, 1, 2)
    done = dumpwatch("watch", folder, "--once", "--ledger", url, "--settle", 0.2)
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "run 1 burst 2: booked COMPLETE, 24 events",
        "1 booked, 0 upgraded, 0 identical, 0 booked before, 2 bad",
    ]
    log = tmp_path / "stderr"
    with log.open("w") as stderr, watching(folder, url, "--settle", 0.2, "--json", stderr=stderr) as process:
        wait_until(lambda: "nothing to recover" in log.read_text(), process)
        time.sleep(0.5)  # several looks
        land(good, folder)
        wait_until(lambda: n_booked(url) == 2, process)
        process.terminate()
        out, _ = process.communicate(timeout=20)
    err = log.read_text()
    assert process.returncode == 0, err
    assert err.count("nothing to recover") == 1 and err.count("burst-7.arrows") == 1
    assert err.count("not looked at again until the file changes") == 2
    document = json.loads(out)
    assert [(spill["run"], spill["burst"]) for spill in document["spills"]] == [(1, 1)]
    assert [row["result"] for row in document["verify"]] == ["booked"]


def test_watching_what_is_no_folder(tmp_path):
    done = dumpwatch("watch", tmp_path / "nowhere", "--ledger", f"sqlite:///{tmp_path}/l.db")
    assert (done.returncode, "no such folder" in done.stderr) == (2, True)
    assert not (tmp_path / "l.db").exists()
