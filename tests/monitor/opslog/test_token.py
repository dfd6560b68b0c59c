"""The token file: owner only, long enough; the comparison says yes to one thing only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.errors import ConfigError
from monitor.opslog.rate import RateLimit
from monitor.opslog.token import is_bearer, read_token, write_token

TOKEN = "k" * 40


def test_a_new_token_is_read_back_and_is_the_owners(tmp_path: Path) -> None:
    path = tmp_path / "token"
    token = write_token(path)
    assert read_token(path) == token and len(token) >= 43
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_token(path)
    assert write_token(tmp_path / "other") != token


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o660])
def test_a_file_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "token"
    write_token(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        read_token(path)


@pytest.mark.parametrize(
    "content", [b"", b"short", b"x" * 31, b"x" * 5000, b"a" * 40 + b"\n" + b"b" * 40, b"\xff" * 40]
)
def test_what_is_no_token(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "token"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="printable ASCII"):
        read_token(path)


def test_links_pipes_and_nothing_are_refused(tmp_path: Path) -> None:
    write_token(tmp_path / "token")
    (tmp_path / "link").symlink_to(tmp_path / "token")
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("link", "pipe", "none", "."):
        with pytest.raises(ConfigError, match=r"monitor\.token_file"):
            read_token(tmp_path / name)


@given(st.lists(st.binary(max_size=60), max_size=3))
def test_only_the_token_is_right(headers: list[bytes]) -> None:
    assert not is_bearer(TOKEN, headers)
    assert not is_bearer(None, headers)


def test_the_right_one() -> None:
    right = b"Bearer " + TOKEN.encode()
    assert is_bearer(TOKEN, [right]) and is_bearer(TOKEN, [b"bearer  " + TOKEN.encode() + b" "])
    assert not is_bearer(TOKEN, [right, right]) and not is_bearer(TOKEN, [right[:-1]]) and not is_bearer(None, [right])
    assert not is_bearer(None, [b"Bearer " + b"-" * 32])  # what an absent token is compared with
    assert not is_bearer(TOKEN, [b"Basic " + TOKEN.encode()]) and not is_bearer(TOKEN, [right + b"\xff"])


@given(st.lists(st.integers(0, 200), min_size=1, max_size=60), st.integers(1, 6))
def test_never_more_than_so_many_in_a_minute(seconds: list[int], per_minute: int) -> None:
    now = [0]
    limit = RateLimit(per_minute, lambda: now[0])
    taken = []
    for second in sorted(seconds):
        now[0] = second * 10**9
        if limit.take():
            taken.append(second)
        assert sum(second - 60 < before <= second for before in taken) <= per_minute
    quiet = [s for s in sorted(seconds) if sum(s - 60 < other <= s for other in seconds) <= per_minute]
    assert set(quiet) <= set(taken)  # who keeps to the limit is never refused


def test_a_clock_that_steps_back_locks_nobody_out() -> None:
    now = [10**18]
    limit = RateLimit(2, lambda: now[0])
    assert [limit.take() for _ in range(3)] == [True, True, False]
    now[0] -= 10**15
    assert limit.take()
