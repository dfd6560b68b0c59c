"""k-of-n sharing: every k custodians join the secret, no k - 1 do, a wrong share is named."""

from __future__ import annotations

import hashlib
import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daq.errors import ConfigError, PolicyError
from monitor.sealed.keygen import HOST_FILE, SHARE_FILE, make_keys
from monitor.sealed.shares import join, split
from streaming.sealing.keys import FILE, SealingKeys

SECRET = bytes(range(32))
CHECK = hashlib.sha256(SECRET).digest()
SIZES = [(k, n) for n in range(2, 8) for k in range(2, n + 1)]


@pytest.mark.parametrize(("k", "n"), SIZES)
def test_any_k_join_and_no_fewer_do(k, n):
    shares = split(SECRET, k, n)
    for chosen in itertools.combinations(shares, k):
        assert join(chosen, k, n, CHECK) == SECRET
    for chosen in itertools.combinations(shares, k - 1):
        with pytest.raises(PolicyError, match=r"pads are missing; \d custodians are needed"):
            join(chosen, k, n, CHECK)


def test_three_of_five_are_ten_pads_six_each():
    shares = split(SECRET, 3, 5)
    assert [len(share) for share in shares] == [6] * 5
    assert len({name for share in shares for name in share}) == 10


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_what_two_of_three_lack_could_make_any_secret(one, other):
    """Same pads for custodians 1 and 2, two secrets: only the pad that they lack differs."""
    pads = iter([bytes([i]) * 32 for i in range(1, 10)])
    fixed = [next(pads) for _ in range(2)]
    shares = []
    for secret in (one, other):
        again = iter(fixed)
        shares.append(split(secret, 3, 3, lambda _, again=again: next(again)))
    known = [{name: pad for share in found[1:] for name, pad in share.items() if name != "1+2"} for found in shares]
    assert known[0] == known[1]


@pytest.mark.parametrize(("k", "n"), [(1, 3), (4, 3), (2, 8), (0, 0), (3, 2)])
def test_a_threshold_that_protects_nothing_is_refused(k, n):
    with pytest.raises(ConfigError, match="wanted 2 <= k <= n <= 7"):
        split(SECRET, k, n)


def test_a_wrong_share_is_refused_not_used():
    shares = split(SECRET, 3, 5)
    name = next(iter(shares[0]))
    wrong = [{**shares[0], name: bytes(32)}, *shares[1:]]
    with pytest.raises(PolicyError, match="different pads for the set"):
        join(wrong, 3, 5, CHECK)
    everywhere = [{n: bytes(32) if n == name else pad for n, pad in share.items()} for share in shares]
    with pytest.raises(PolicyError, match="one share is wrong, ask other custodians"):
        join(everywhere, 3, 5, CHECK)


def test_a_ceremony_writes_public_keys_and_shares_and_no_private_key(tmp_path):
    public = make_keys(tmp_path, ["a", "b", "c"], 2, demonstration=True)
    keys = SealingKeys.load(public)
    assert keys.demonstration
    content = json.loads((public / FILE).read_text())
    shares = [json.loads((tmp_path / f"custodian-{i}" / SHARE_FILE).read_text()) for i in (1, 2, 3)]
    everything = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    import base64

    for name, check in content["checks"].items():
        pads = [{m: base64.b64decode(p) for m, p in share["pads"][name].items()} for share in shares]
        secret = join(pads[:2], 2, 3, bytes.fromhex(check))
        assert join(pads[1:], 2, 3, bytes.fromhex(check)) == secret
        assert base64.b64encode(secret).decode() not in everything
    private = [public / HOST_FILE, *(tmp_path / f"custodian-{i}" / SHARE_FILE for i in (1, 2, 3))]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    assert all("DEMONSTRATION" in path.read_text() for path in [public / FILE, *private])


def test_a_real_ceremony_is_not_marked(tmp_path):
    public = make_keys(tmp_path, ["a", "b"], 2, demonstration=False)
    assert not SealingKeys.load(public).demonstration
    assert not any("DEMONSTRATION" in path.read_text() for path in tmp_path.rglob("*.*") if path.is_file())


def test_keys_are_never_overwritten(tmp_path):
    make_keys(tmp_path, ["a", "b"], 2, demonstration=False)
    with pytest.raises(ConfigError, match="never overwritten"):
        make_keys(tmp_path, ["a", "b"], 2, demonstration=False)
    with pytest.raises(ConfigError, match="names that differ"):
        make_keys(tmp_path / "other", ["a", "a"], 2, demonstration=False)
