"""A folder of journals belongs to one process at a time."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

from daq.errors import ConfigError, StoreError


class FolderLock:
    """Exclusive lock on a folder. It ends with the process, however that ends."""

    def __init__(self, folder: Path, name: str, wait_s: float, who: str) -> None:
        """Take the lock, waiting up to `wait_s` for a process that is just ending.

        Raises
        ------
        ConfigError
            The folder can't be used.
        StoreError
            Somebody else has it.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            msg = f"folder {folder}: can't be used ({error.strerror}); check the path and its permissions"
            raise ConfigError(msg) from None
        end = time.monotonic() + wait_s
        while not self._taken():
            if time.monotonic() >= end:
                os.close(self._fd)
                msg = f"folder {folder}: another dumpwatch {who}; stop it or give another folder or ledger"
                raise StoreError(msg)
            time.sleep(0.1)

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._fd)

    def _taken(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
