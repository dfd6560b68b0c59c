"""The token of the operators: a file that only its owner reads, compared in constant time."""

from __future__ import annotations

import hmac
import os
import secrets
import stat
from pathlib import Path

from daq.errors import ConfigError

MIN_BYTES = 32
"""A shorter token could be guessed [bytes]."""

MAX_BYTES = 4096


def write_token(path: Path) -> str:
    """Make a new token in a new file that only its owner can read, and return it."""
    token = secrets.token_urlsafe(MIN_BYTES)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(token + "\n")
    return token


def read_token(path: Path) -> str:
    """Read a token.

    Raises
    ------
    ConfigError
        There is no such file, others may read it, or what it holds is no token.
    """
    where = f"monitor.token_file {path}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        msg = f"{where}: cannot be read ({error.strerror}); give a file of its own with mode 0600"
        raise ConfigError(msg) from None
    try:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_mode & 0o077 or about.st_uid not in (os.geteuid(), 0):
            mode = stat.S_IMODE(about.st_mode)
            msg = f"{where}: mode {mode:04o}, wanted a file of this user that nobody else reads; chmod 600 {path}"
            raise ConfigError(msg)
        raw = os.read(descriptor, MAX_BYTES + 1).strip()
    finally:
        os.close(descriptor)
    if not MIN_BYTES <= len(raw) <= MAX_BYTES or not raw.isascii() or not raw.decode("ascii").isprintable():
        msg = (
            f"{where}: {len(raw)} B, wanted {MIN_BYTES} to {MAX_BYTES} printable ASCII characters on one line; "
            "make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`"
        )
        raise ConfigError(msg)
    return raw.decode("ascii")


def is_bearer(token: str | None, headers: list[bytes]) -> bool:
    """Whether the `Authorization` headers of a request are exactly one, and carry the token.

    Without a token nothing is ever right; the comparison is made all the same, so both answers take the same time.
    """
    value = headers[0] if len(headers) == 1 else b""
    scheme, _, given = value.partition(b" ")
    wanted = (token or "-" * MIN_BYTES).encode("ascii")
    same = hmac.compare_digest(given.strip(), wanted)
    return same and token is not None and scheme.lower() == b"bearer"
