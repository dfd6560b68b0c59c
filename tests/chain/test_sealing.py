"""Sealing in the real chain: one sealed row a spill, public recordings, and what happens without keys."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from monitor.sealed.record import RECORDS_BYTES, SLOTS_BYTES
from tests.chain.program import dumpwatch

LIVE = ("live", "--spills", "2", "--speed", "max", "--port", "0", "--seed", "5", "--json")


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    """Folder of a recorded run with a demonstration key set, and its report."""
    folder = tmp_path_factory.mktemp("sealed")
    done = dumpwatch(*LIVE, "--ledger", f"sqlite:///{folder}/ledger.db", "--record", folder / "rec")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_every_spill_has_one_sealed_row_of_constant_size(sealed):
    folder, report = sealed
    with closing(sqlite3.connect(folder / "ledger.db")) as books:
        rows = books.execute(
            "SELECT idx, run, burst, length(records), length(slots), length(signature) FROM sealed_spill ORDER BY idx"
        ).fetchall()
    sizes = (RECORDS_BYTES, SLOTS_BYTES, 64)
    assert rows == [(i, s["run"], s["burst"], *sizes) for i, s in enumerate(report["spills"])]
    assert not any("NOT_SEALED" in s["quality"] for s in report["spills"])


def test_demonstration_keys_are_marked_in_every_file(sealed):
    folder, _ = sealed
    files = [path for path in (folder / "demonstration-keys").rglob("*") if path.is_file()]
    keys = [path for path in files if path.name != "masks.json"]
    assert len(keys) >= 5 and all("DEMONSTRATION" in path.read_text() for path in keys)


def test_a_mask_that_shrinks_is_refused_at_the_start(sealed, tmp_path):
    folder, _ = sealed
    (tmp_path / "c.toml").write_text("[gate]\nguard_z_m = 4.0\n")
    done = dumpwatch(*LIVE, "--ledger", f"sqlite:///{folder}/ledger.db", "--config", tmp_path / "c.toml")
    assert done.returncode != 0 and "A mask may only grow" in done.stderr


def test_a_public_recording_holds_no_stripped_payload_and_replays_to_the_same_rows(sealed):
    folder, _ = sealed
    names = sorted(path.name for path in (folder / "rec").rglob("*") if path.is_file() and "burst" in path.name)
    stems = ("burst-000001", "burst-000002")
    assert names == sorted(f"{stem}.{kind}" for stem in stems for kind in ("arrows", "json", "sealed"))
    manifest = json.loads(next((folder / "rec").rglob("burst-000001.json")).read_text())
    assert manifest["masked"] == "sealed"
    done = dumpwatch("replay", folder / "rec", "--verify", "--ledger", f"sqlite:///{folder}/ledger.db", "--json")
    assert done.returncode == 0, done.stderr


def test_the_books_are_sealed_whole_by_public_data_alone(sealed):
    folder, _ = sealed
    done = dumpwatch("blind", "audit", "--ledger", f"sqlite:///{folder}/ledger.db", "--json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_keys_singles_are_counted_and_pairs_are_not_looked_at(sealed, tmp_path):
    (tmp_path / "c.toml").write_text(f'[sealing]\nkeys = "{tmp_path}/nowhere"\n')
    url = f"sqlite:///{tmp_path}/ledger.db"
    done = dumpwatch(*LIVE, "--ledger", url, "--config", tmp_path / "c.toml")
    assert done.returncode == 0, done.stderr
    assert "events with several tracks are not looked at" in done.stderr
    for here, there in zip(json.loads(done.stdout)["spills"], sealed[1]["spills"], strict=True):
        assert "NOT_SEALED" in here["quality"] and here["triggers"] == there["triggers"]
        assert here["counts"]["two_track"] == there["counts"]["two_track"] > 0 == here["counts"]["vertices"]
        assert 0.9 * there["counts"]["tracks"] < here["counts"]["tracks"] <= there["counts"]["tracks"]
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as books:
        assert books.execute("SELECT count(*) FROM sealed_spill").fetchone() == (0,)
    shown = dumpwatch("alarms", "show", "--ledger", url)
    assert "ALARM SealingKeysMissing" in shown.stdout


def test_a_public_recording_is_not_taken_without_keys(tmp_path):
    (tmp_path / "c.toml").write_text(f'[sealing]\nkeys = "{tmp_path}/nowhere"\n')
    url = f"sqlite:///{tmp_path}/ledger.db"
    done = dumpwatch(*LIVE, "--ledger", url, "--config", tmp_path / "c.toml", "--record", tmp_path / "rec")
    assert done.returncode != 0
    assert "compartments.json: cannot be read" in done.stderr
    assert not list((tmp_path / "rec").rglob("*.arrows*"))
