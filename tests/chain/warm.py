"""Many short commands in one warm process: starting Python and loading kernels takes longer than most of them do.

`serve` runs commands one after the other, each through the front door of its program, in the folder it was asked from.
`warm_python` makes an executable that is used like Python and asks the server; roles are started for real.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path

import typer

import dumpwatch

BUILD = dumpwatch.build_app
CLIENT = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as link:
    link.connect(sys.argv[1])
    link.sendall(json.dumps([os.getcwd(), sys.argv[2:]]).encode() + b"\\n")
    code, out, err = json.loads(link.makefile().read())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""

SHELL = """#!/bin/sh
case " $* " in *" live "*|*" collector "*) exec "{python}" "$@" ;; esac
exec "{python}" -S -E "{client}" "{link}" "$@"
"""


@contextlib.contextmanager
def warm_python(folder: Path):
    """Path of an executable to be used as Python for `-m` commands."""
    link, client, program = folder / "link", folder / "client.py", folder / "python"
    client.write_text(CLIENT)
    program.write_text(SHELL.format(python=sys.executable, client=client, link=link))
    program.chmod(0o755)
    command = [sys.executable, "-m", "tests.chain.warm", str(link)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "ready\n"
            yield program
        finally:
            server.terminate()


@cache
def app():
    """The whole program, built once."""
    return typer.main.get_command(BUILD())


def run(arguments: list[str]) -> int:
    """One `-m MODULE ...`; its exit code."""
    assert arguments[0] == "-m"
    name, *rest = arguments[1:]
    if name != "dumpwatch":
        return importlib.import_module(name).main(rest)
    dumpwatch.build_app, sys.argv = app, ["dumpwatch", *rest]
    try:
        dumpwatch.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def serve(link: str) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(link)
        server.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = server.accept()
            with connection:
                folder, arguments = json.loads(connection.makefile().readline())
                os.chdir(folder)
                out, err = io.StringIO(), io.StringIO()
                with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                    code = run(arguments)
                connection.sendall(json.dumps([code, out.getvalue(), err.getvalue()]).encode())


if __name__ == "__main__":
    serve(sys.argv[1])
