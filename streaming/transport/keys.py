"""CURVE keys of a role: one folder with its own secret key, the servers it calls and the clients it lets in.

    own.key_secret       this role's key pair, mode 0600
    servers/work.key     public key of the source;  servers/collector.key of the collector
    allowed/*.key        public keys of the clients that may connect

CURVE alone is encryption; the allow-list makes it authorisation, so a server without one is refused.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import zmq
import zmq.auth

from daq.errors import PolicyError

ZAP_DOMAIN = b"dumpwatch"


@dataclass(frozen=True, slots=True)
class CurveKeys:
    """Loaded keys."""

    public: bytes
    secret: bytes
    folder: Path

    def server(self, name: str) -> bytes:
        """Public key of a server that we connect to."""
        return _load(self.folder / "servers" / f"{name}.key")[0]

    def clients(self) -> Path:
        """Folder with the public keys of the clients that a server lets in.

        Raises
        ------
        PolicyError
            There is none: nobody could come, or everybody.
        """
        allowed = self.folder / "allowed"
        if not any(allowed.glob("*.key")):
            msg = f"keys {allowed}: no allowed client; put the public keys of the peers there"
            raise PolicyError(msg)
        return allowed

    def __repr__(self) -> str:
        return f"CurveKeys({self.folder}, secret hidden)"


def load_keys(folder: str) -> CurveKeys | None:
    """Keys of a folder, None when no folder is configured.

    Raises
    ------
    PolicyError
        Missing, or readable by others.
    """
    if not folder:
        return None
    path = Path(folder) / "own.key_secret"
    public, secret = _load(path)
    if secret is None:
        msg = f"keys {path}: holds no secret key; make keys with `dumpwatch config curve-keys DIR`"
        raise PolicyError(msg)
    status = path.stat()
    if status.st_mode & 0o077 or status.st_uid != os.geteuid():
        msg = f"keys {path}: mode {status.st_mode & 0o777:04o}, wanted 0600 and owned by this user; chmod 600 it"
        raise PolicyError(msg)
    return CurveKeys(public, secret, Path(folder))


def make_keys(folder: Path) -> None:
    """Write a new key pair; an existing one is never overwritten.

    Raises
    ------
    PolicyError
        The folder holds keys already.
    """
    public, secret = zmq.curve_keypair()
    for name in ("allowed", "servers"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lines = f'metadata\ncurve\n    public-key = "{public.decode()}"\n'
    secret_line = f'    secret-key = "{secret.decode()}"\n'
    for name, text in (("own.key", lines), ("own.key_secret", lines + secret_line)):
        try:
            # created with mode 0600 from the start: the library's own writer leaves secrets readable by others
            fd = os.open(folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            msg = f"keys {folder / name}: exists already and is not overwritten; choose another folder"
            raise PolicyError(msg) from None
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.write(text)


def _load(path: Path) -> tuple[bytes, bytes | None]:
    try:
        return zmq.auth.load_certificate(path)
    except (OSError, ValueError) as error:
        msg = f"keys {path}: unreadable ({type(error).__name__}); make them with `dumpwatch config curve-keys DIR`"
        raise PolicyError(msg) from None
