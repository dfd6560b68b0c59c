"""Bad input: one clear line that says what, where, expected, found and what to do; the right exit code."""

import socket
import sqlite3

import pytest

from tests.chain.program import dumpwatch, small_config


def fails(code: int, *words: str, arguments: list[object]) -> None:
    done = dumpwatch(*arguments)
    assert done.returncode == code, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in last, last


def quick(folder, *extra: object) -> list[object]:
    ledger = [] if "--ledger" in extra else ["--ledger", f"sqlite:///{folder}/l.db"]
    port = [] if "--port" in extra else ["--port", 0]
    options = ["--spills", 1, "--speed", "max", "--config", small_config(folder)]
    return ["live", *options, *ledger, *port, *extra]


def test_unknown_key(tmp_path):
    path = tmp_path / "c.toml"
    path.write_text("[streaming]\ncredit = 3\n")
    fails(2, "unknown key 'streaming.credit'", "streaming.credits", arguments=["live", "--config", path])


def test_misspelt_option_and_wrong_values():
    fails(2, arguments=["live", "--spill", 3])
    fails(2, "wanted 1 or max", arguments=["live", "--speed", "fast"])
    fails(2, "beam", arguments=["live", "--mode", "kaon"])


def test_busy_port(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = dumpwatch(*quick(tmp_path, "--port", port))
        assert done.returncode == 1
        assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
        assert "another --port" in done.stderr


def test_unwritable_record_folder(tmp_path):
    (tmp_path / "file").write_text("")
    fails(2, "--record", "can't be written", arguments=quick(tmp_path, "--record", tmp_path / "file" / "rec"))


def test_ledger_in_an_impossible_place(tmp_path):
    (tmp_path / "file").write_text("")
    fails(1, "ledger", arguments=quick(tmp_path, "--ledger", f"sqlite:///{tmp_path}/file/l.db"))


def test_ledger_of_another_schema_is_not_touched(tmp_path):
    path = tmp_path / "l.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE something (x)")
    db.close()
    before = path.read_bytes()
    fails(1, "ledger", arguments=quick(tmp_path))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database", b"SQLite format 3\0" + b"x" * 200])
def test_ledger_that_is_no_database_is_not_touched(tmp_path, content):
    path = tmp_path / "l.db"
    path.write_bytes(content)
    fails(1, "ledger", arguments=quick(tmp_path))
    assert path.read_bytes() == content


def test_public_endpoint_without_keys():
    arguments = ["worker", "--work", "tcp://127.0.0.1:1", "--results", "tcp://10.0.0.1:8064"]
    fails(1, "without keys", "curve-keys", arguments=arguments)


def test_replay_of_nothing_and_of_garbage(tmp_path):
    fails(2, "none found", arguments=["replay", tmp_path])
    path = tmp_path / "run-000001" / "burst-000001.arrows"
    path.parent.mkdir()
    path.write_bytes(b"garbage")
    fails(1, "nothing to recover", arguments=["replay", tmp_path])


def test_host_everywhere_needs_names(tmp_path):
    done = dumpwatch(*quick(tmp_path, "--host", "0.0.0.0"))
    assert done.returncode == 1
    assert "allowed_hosts" in done.stderr
