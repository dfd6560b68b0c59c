"""Bare ZeroMQ moving messages between two processes: what the chain is measured against."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

import zmq

HIGH_WATER = 64


def move_bare(messages: Sequence[memoryview]) -> float:
    """Bytes per second of a PUSH-PULL pair over TCP loopback, from the first message to the answer to the last."""
    context = zmq.Context()
    push, answer = context.socket(zmq.PUSH), context.socket(zmq.PULL)
    push.setsockopt(zmq.SNDHWM, HIGH_WATER)
    ports = [socket.bind_to_random_port("tcp://127.0.0.1") for socket in (push, answer)]
    command = [sys.executable, "-m", "streaming.transport.bare", *map(str, ports), str(len(messages))]
    child = subprocess.Popen(command)
    try:
        answer.recv()
        begin = time.perf_counter()
        for message in messages:
            push.send(message, copy=False)
        answer.recv()
        seconds = time.perf_counter() - begin
    finally:
        for socket in (push, answer):
            socket.close(linger=0)
        child.wait(10)
        context.term()
    return sum(message.nbytes for message in messages) / seconds


def _pull(port: int, answer_port: int, n_messages: int) -> None:
    context = zmq.Context()
    pull, answer = context.socket(zmq.PULL), context.socket(zmq.PUSH)
    pull.setsockopt(zmq.RCVHWM, HIGH_WATER)
    pull.connect(f"tcp://127.0.0.1:{port}")
    answer.connect(f"tcp://127.0.0.1:{answer_port}")
    answer.send(b"ready")
    for _ in range(n_messages):
        pull.recv(copy=False)
    answer.send(b"done")
    answer.close(linger=5000)
    pull.close(linger=0)
    context.term()


if __name__ == "__main__":
    _pull(*map(int, sys.argv[1:]))
