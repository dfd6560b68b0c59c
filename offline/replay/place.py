"""Where recorded bursts lie: local files, or whatever fsspec can open. A place is one string, so that it can travel."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any

from daq.errors import ConfigError, RecordingError
from daq.recording import find_bursts
from daq.recording.layout import SUFFIX, key_of
from daq.recording.manifest import Manifest, manifest_path, read_manifest
from daq.records import BurstKey


def is_remote(place: str) -> bool:
    """Whether a place is a URL of something that is not a local file."""
    return "://" in place and not place.startswith("file://")


def local_path(place: str) -> Path:
    """Path of a place that is not remote."""
    return Path(place.removeprefix("file://"))


def find_places(given: str) -> list[str]:
    """Recorded bursts at or below a path or URL, ordered by run and burst; journals are none.

    Raises
    ------
    ConfigError
        There is no such place, it holds no recording, or nothing here can open such a URL.
    RecordingError
        A file has the suffix of a recording and not the name of one, or the place cannot be listed.
    """
    found = _find_remote(given) if is_remote(given) else _find_local(given)
    if not found:
        msg = f"replay {given}: wanted recorded bursts (run-*/burst-*{SUFFIX}), {_hint(given)}"
        raise ConfigError(msg)
    return found


def key_of_place(place: str) -> BurstKey:
    """Run and burst, from the name alone.

    Raises
    ------
    RecordingError
        The name is not that of a recording.
    """
    return key_of(Path(PurePosixPath(place.split("::")[0])))


@contextmanager
def at_hand(place: str) -> Iterator[Path]:
    """Give a local path of a recording, with its manifest beside it if it has one; a copy is removed afterwards.

    A copy lies in a folder that only this user can read: recordings may be restricted.

    Raises
    ------
    RecordingError
        The recording cannot be copied.
    """
    if not is_remote(place):
        yield local_path(place)
        return
    with _private_folder(place) as path:
        fs, name = _open_fs(place)
        try:
            fs.get_file(name, str(path))
            if fs.exists(_manifest_name(name)):
                fs.get_file(_manifest_name(name), str(manifest_path(path)))
        except Exception as error:  # noqa: BLE001 - every file system has exceptions of its own
            raise RecordingError(_unreadable(place, error)) from None
        yield path


def identity(place: str) -> str:
    """Tell a recording from what may lie at the same place later; no content enters.

    Raises
    ------
    RecordingError
        There is nothing at this place.
    """
    try:
        if is_remote(place):
            fs, name = _open_fs(place)
            other = _manifest_name(name)
            said = [fs.ukey(name), fs.ukey(other) if fs.exists(other) else ""]
        else:
            path = local_path(place)
            said = [_stamp(path), _stamp(manifest_path(path)) if manifest_path(path).exists() else ""]
    except Exception as error:  # noqa: BLE001 - as above
        raise RecordingError(_unreadable(place, error)) from None
    return hashlib.sha256(json.dumps([place, *said]).encode()).hexdigest()[:32]


def manifest_of(place: str) -> Manifest | None:
    """Manifest of a recording, without the recording; None when it has none.

    Raises
    ------
    RecordingError
        It cannot be read.
    """
    if not is_remote(place):
        return read_manifest(local_path(place))
    with _private_folder(place) as path:
        fs, name = _open_fs(place)
        try:
            if not fs.exists(_manifest_name(name)):
                return None
            fs.get_file(_manifest_name(name), str(manifest_path(path)))
        except Exception as error:  # noqa: BLE001 - as above
            raise RecordingError(_unreadable(place, error)) from None
        return read_manifest(path)


@contextmanager
def _private_folder(place: str) -> Iterator[Path]:
    """Make a path for a copy of a recording, in a folder that only this user can read and that is removed."""
    run, burst = key_of_place(place)
    with tempfile.TemporaryDirectory(prefix="dumpwatch-copy-") as folder:
        path = Path(folder) / f"run-{run:06d}" / f"burst-{burst:06d}{SUFFIX}"
        path.parent.mkdir()
        try:
            yield path
        except RecordingError as error:
            # the copy is gone when somebody reads this
            text = str(error).replace(str(path), place).replace(str(manifest_path(path)), f"of {place}")
            raise RecordingError(text) from None


def _find_local(given: str) -> list[str]:
    return [str(path.resolve()) for path in find_bursts(local_path(given))]


def _find_remote(given: str) -> list[str]:
    fs, root = _open_fs(given)
    try:
        names = [str(name) for name in fs.find(root)]
    except Exception as error:  # noqa: BLE001 - as above
        raise RecordingError(_unreadable(given, error)) from None
    wanted = [name for name in names if PurePosixPath(name).match(f"run-*/burst-*{SUFFIX}")]
    return sorted((_url(given, fs, name) for name in wanted), key=key_of_place)


def _url(given: str, fs: Any, name: str) -> str:  # noqa: ANN401 - fsspec carries no types
    first, *rest = given.split("::")
    if not rest:
        return str(fs.unstrip_protocol(name))
    # a chain of file systems: only the first link names a file in it
    return "::".join([f"{first.split('://')[0]}://{name}", *rest])


def _open_fs(place: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs  # type: ignore[import-untyped]

    try:
        return url_to_fs(place)
    except (ValueError, ImportError) as error:
        msg = f"replay {place}: nothing here opens such a URL ({error})"
        raise ConfigError(msg) from None
    except Exception as error:  # noqa: BLE001 - as above
        raise RecordingError(_unreadable(place, error)) from None


def _manifest_name(name: str) -> str:
    return name.removesuffix(SUFFIX) + ".json"


def _stamp(path: Path) -> str:
    said = path.stat()
    return f"{said.st_size} {said.st_mtime_ns} {said.st_ino}"


def _hint(given: str) -> str:
    n = 0 if is_remote(given) else len(find_bursts(local_path(given), journals=True))
    return f"{n} unfinished journals: restart `live` with --record on it" if n else "none found"


def _unreadable(place: str, error: Exception) -> str:
    return f"recording {place}: cannot be read ({type(error).__name__}: {error}); check the place and who may read it"
