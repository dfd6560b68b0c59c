"""The supervisor with real processes: it restarts what dies, gives up on what can't start, leaves no orphan behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from daq.errors import TransportError
from monitor.services.supervisor import Role, Supervisor
from tests.faults.kill_campaign import Chain

CODE = """
import os, socket, sys, time
link = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
text = f"READY=1\\nX_ROLE={sys.argv[1]}\\nX_PID={os.getpid()}"
link.sendto(text.encode(), os.environ["NOTIFY_SOCKET"])
time.sleep(float(sys.argv[2]))
sys.exit(int(sys.argv[3]))
"""


@pytest.fixture
def roles(tmp_path, monkeypatch):
    """Roles that sleep and end as told, in place of the program."""
    program = tmp_path / "role.py"
    program.write_text(CODE)

    def spawn(self, role):
        environment = dict(os.environ, NOTIFY_SOCKET=str(self._address))
        role.ready = False
        role.started_at = time.monotonic()
        role.process = subprocess.Popen([sys.executable, program, role.name, *role.arguments], env=environment)

    monkeypatch.setattr(Supervisor, "_spawn", spawn)
    made = []

    def make(*wanted: Role) -> Supervisor:
        made.append(Supervisor(tmp_path, wanted, 1.0, "warning"))
        made[-1].start()
        return made[-1]

    yield make
    for supervisor in made:
        supervisor.kill()
        for role in supervisor.roles.values():
            if role.process is not None:
                role.process.wait()
        supervisor._notes.close()


def until(condition, seconds=15.0):
    end = time.monotonic() + seconds
    return lambda: condition() or time.monotonic() > end


def test_a_killed_role_is_started_again_and_all_ready_is_said_once(roles):
    supervisor = roles(Role("worker-0", ["60", "0"]), Role("monitor", ["60", "0"]))
    said = []
    supervisor.run(until(lambda: bool(said)), lambda: said.append(1))
    worker = supervisor.roles["worker-0"]
    first = worker.facts["pid"]
    worker.process.kill()
    supervisor.run(until(lambda: worker.ready and worker.facts["pid"] != first), lambda: said.append(2))
    assert worker.facts["pid"] != first
    assert supervisor.restarts == 1
    assert said[0] == 1


def test_a_source_that_ends_gives_its_result_and_is_not_started_again(roles):
    supervisor = roles(Role("source", ["0", "0"], one_shot=True))
    source = supervisor.roles["source"]
    supervisor.run(until(lambda: source.result is not None), lambda: None)
    assert (source.result, supervisor.restarts) == (0, 0)


@pytest.mark.parametrize(("name", "code", "words"), [("monitor", "2", "exit code 2"), ("source", "1", "exit code 1")])
def test_wrong_usage_and_a_failed_source_stop_the_chain(roles, name, code, words):
    supervisor = roles(Role(name, ["0", code], one_shot=name == "source"))
    with pytest.raises(TransportError, match=words):
        supervisor.run(until(lambda: False), lambda: None)


def test_a_role_that_never_could_start_is_given_up(roles, monkeypatch):
    monkeypatch.setattr("monitor.services.supervisor.FIRST_BACKOFF_S", 0.01)
    supervisor = roles(Role("someone else", ["0", "3"]))
    supervisor.roles["x"] = supervisor.roles.pop("someone else")
    with pytest.raises(TransportError, match="failed 3 times to start, last exit code 3"):
        supervisor.run(until(lambda: False), lambda: None)


def test_stop_is_in_order_and_kills_what_does_not_listen(roles):
    supervisor = roles(Role("worker-0", ["60", "0"]), Role("collector", ["60", "0"]))
    supervisor.run(until(lambda: all(r.ready for r in supervisor.roles.values())), lambda: None)
    assert supervisor.stop(("worker", "collector")) == signal.SIGTERM
    assert all(role.process.poll() is not None for role in supervisor.roles.values())


def test_no_role_outlives_its_supervisor(tmp_path):
    chain = Chain(tmp_path, spills=1000)
    chain.start()
    chain.wait_for_work()
    pids = chain.pids()
    assert set(pids) == {"source", "worker", "collector", "monitor"}
    chain.process.kill()
    chain.process.wait()
    end = time.monotonic() + 20
    while any(os.path.exists(f"/proc/{pid}") for pid in pids.values()):
        assert time.monotonic() < end, "a role is still there"
        time.sleep(0.05)
