"""Links: what may be bound, who may connect, what is lost and what is not."""

import os
import stat

import pytest

from daq.codec import Kind, decode, encode
from daq.errors import ConfigError, PolicyError, TransportError
from streaming.transport import Hub, Pattern, check_endpoint, is_private, load_keys, make_keys

MAX = 1 << 20


@pytest.fixture
def hubs():
    made = []

    def make(keys=None):
        made.append(Hub(keys, MAX))
        return made[-1]

    yield make
    for hub in made:
        hub.close(0)


def receive(hub, link, timeout_ms=2000):
    hub.wait(timeout_ms)
    return link.receive()


@pytest.mark.parametrize("endpoint", ["ipc:///tmp/x", "tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1"])
def test_private_endpoints_need_no_keys(endpoint):
    assert is_private(endpoint)
    check_endpoint(endpoint, have_keys=False)


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:1", "tcp://*:1", "tcp://192.168.1.4:1", "tcp://host.example:1"])
def test_public_endpoints_are_refused_without_keys(endpoint, hubs):
    with pytest.raises(PolicyError, match="curve-keys"):
        hubs().bind(Pattern.RESULTS_IN, endpoint)
    with pytest.raises(PolicyError, match="curve-keys"):
        hubs().connect(Pattern.RESULTS_OUT, endpoint, "collector")


def test_odd_endpoints_are_refused():
    with pytest.raises(ConfigError, match="wanted ipc"):
        check_endpoint("udp://1", have_keys=True)
    for endpoint in ("ipc://@abstract", "tcp://127.0.0.1:0;8.8.8.8:55"):
        with pytest.raises(ConfigError, match="wanted ipc"):
            check_endpoint(endpoint, have_keys=False)
    with pytest.raises(ConfigError, match="at most 107"):
        check_endpoint("ipc://" + "x" * 200, have_keys=False)


def test_a_message_comes_through_and_the_answer_goes_back(hubs):
    hub = hubs()
    server = hub.bind(Pattern.CONTROL_SERVER, "tcp://127.0.0.1:0")
    client = hub.connect(Pattern.CONTROL_CLIENT, server.endpoint, "collector")
    assert client.send(encode(Kind.HELLO, (3, 4)), timeout_ms=2000)
    peer, parts = receive(hub, server)
    assert decode(parts, MAX).key == (3, 4)
    assert server.send(encode(Kind.WELCOME), to=peer)
    assert decode(receive(hub, client)[1], MAX).kind is Kind.WELCOME


def test_a_send_without_peer_says_so_instead_of_dropping(hubs):
    hub = hubs()
    pushing = hub.connect(Pattern.RESULTS_OUT, "tcp://127.0.0.1:1", "collector")
    assert not pushing.send(encode(Kind.RESULT), timeout_ms=50)
    server = hub.bind(Pattern.WORK_SERVER, "tcp://127.0.0.1:0")
    assert not server.send(encode(Kind.FRAME), to=b"nobody")


def test_a_taken_endpoint_is_one_clear_error(hubs):
    first = hubs().bind(Pattern.RESULTS_IN, "tcp://127.0.0.1:0")
    with pytest.raises(TransportError, match="another dumpwatch"):
        hubs().bind(Pattern.RESULTS_IN, first.endpoint)


def test_wake_ends_a_wait(hubs):
    hub = hubs()
    hub.wake()
    assert hub.wait(60_000) == set()


def pair_of_keys(tmp_path):
    server, client, stranger = (tmp_path / name for name in ("server", "client", "stranger"))
    for folder in (server, client, stranger):
        make_keys(folder)
    for folder in (server, client, stranger):
        (folder / "servers" / "collector.key").write_bytes((server / "own.key").read_bytes())
        (folder / "allowed" / "client.key").write_bytes((client / "own.key").read_bytes())
    return (load_keys(str(folder)) for folder in (server, client, stranger))


def test_keys_let_the_listed_client_in_and_nobody_else(tmp_path, hubs, monkeypatch):
    # loopback would need no keys; make the policy believe that it does
    monkeypatch.setattr("streaming.transport.links.is_private", lambda _: False)
    server_keys, client_keys, stranger_keys = pair_of_keys(tmp_path)
    hub = hubs(server_keys)
    server = hub.bind(Pattern.RESULTS_IN, "tcp://127.0.0.1:0")
    for keys in (stranger_keys, None):
        outsider = hubs(keys).connect(Pattern.RESULTS_OUT, server.endpoint, "collector")
        outsider.send(encode(Kind.RESULT), timeout_ms=300)
        assert receive(hub, server, 300) is None
    friend = hubs(client_keys).connect(Pattern.RESULTS_OUT, server.endpoint, "collector")
    assert friend.send(encode(Kind.RESULT), timeout_ms=3000)
    assert decode(receive(hub, server)[1], MAX).kind is Kind.RESULT


def test_key_files_are_private_and_never_overwritten(tmp_path):
    make_keys(tmp_path)
    secret = tmp_path / "own.key_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    with pytest.raises(PolicyError, match="not overwritten"):
        make_keys(tmp_path)
    with pytest.raises(PolicyError, match="no allowed client"):
        load_keys(str(tmp_path)).clients()
    os.chmod(secret, 0o644)
    with pytest.raises(PolicyError, match="0644, wanted 0600"):
        load_keys(str(tmp_path))
    with pytest.raises(PolicyError, match="unreadable"):
        load_keys(str(tmp_path / "nowhere"))


def test_a_secret_never_shows_in_repr(tmp_path):
    make_keys(tmp_path)
    (tmp_path / "allowed" / "a.key").write_bytes((tmp_path / "own.key").read_bytes())
    keys = load_keys(str(tmp_path))
    assert keys.secret.decode() not in repr(keys)
