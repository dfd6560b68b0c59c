"""`dumpwatch blind`: the drill of the operator page, command by command, and what each kind of tampering is told."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
import typer

import dumpwatch
from daq.config import Config
from monitor.ledger import Ledger
from monitor.sealed.books import demonstration_keys, key_folder
from monitor.sealed.keygen import SHARE_FILE
from monitor.sealed.keyring import KeyRing, load_host_key
from monitor.sealed.seal import SpillSealer
from monitor.sealed.start import sealer_at_start
from streaming.event_bytes import pack_event
from streaming.masked import SHAPE, SLOTS, Masked, fill_slot
from streaming.sealing.keys import FILE
from tests.monitor.blind_site import sealed_by, usual
from tests.monitor.synthetic import make_spill
from tests.strategies import event_of, make_frame

NAMES = ["ada", "bob", "eve", "kim", "lou"]
BUILD = dumpwatch.build_app
LOW = ["--min-spills", "4", "--min-pot-fraction", "0.1"]


@cache
def program() -> Callable[[], object]:
    """The whole program, built once: that takes longer than most commands."""
    return typer.main.get_command(BUILD())


class Site:
    """A ledger of twelve sealed spills in a file, with its keys."""

    def __init__(self, folder, capsys, monkeypatch) -> None:
        self.folder, self._capsys, self._monkeypatch = folder, capsys, monkeypatch
        self.db = folder / "ledger.db"
        self.url, self.keys = f"sqlite:///{self.db}", folder / "set" / "public"
        self.where = ["--ledger", self.url, "--keys", str(self.keys)]

    def call(self, *args: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr of `dumpwatch blind ...`, through the front door."""
        self._monkeypatch.setattr(sys, "argv", ["dumpwatch", "blind", *map(str, args)])
        self._monkeypatch.setattr(dumpwatch, "build_app", program)
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            dumpwatch.main()
        out, err = self._capsys.readouterr()
        return end.value.code or 0, out, err

    def good(self, *args: str) -> str:
        code, out, err = self.call(*args)
        assert code == 0, out + err
        return out

    def refused(self, *args: str, code: int = 1) -> str:
        """One line on stderr, nothing on stdout."""
        got, out, err = self.call(*args)
        assert (got, out) == (code, "") and err.count("\n") == 1 and err.startswith("dumpwatch: "), out + err
        return err

    def faults(self, *more: str) -> list[str]:
        """What the audit says is wrong."""
        code, out, _ = self.call("audit", "--json", *self.where, *more)
        document = json.loads(out)
        assert code == (0 if document["good"] else 1)
        return document["faults"]

    def share(self, i: int) -> str:
        return str(self.folder / "set" / f"custodian-{i}" / SHARE_FILE)

    def statement(self, name: str, stage: str, *wish: str, channel: str = "mumu") -> str:
        path = self.folder / f"{name}.json"
        self.good("approve", "--new", "--channel", channel, "--stage", stage, *wish, "-o", path, *self.where)
        return str(path)

    def signed(self, statement: str, people=(1, 2, 3)) -> list[str]:
        """Options of an opening by these custodians, who all sign."""
        words = []
        for i in people:
            path = f"{statement}.{i}"
            self.good("approve", statement, "--custodian", self.share(i), "-o", path)
            words += ["--approval", path, "--custodian", self.share(i)]
        return words

    def ceremony(self, name: str, stage: str, *wish: str) -> str:
        statement = self.statement(name, stage, *wish)
        return self.good("open", statement, *self.signed(statement), *self.where, *LOW, "--json", "--no-recount")

    def tamper(self, sql: str, *values: object) -> None:
        """Change the database behind its back."""
        with sqlite3.connect(self.db) as raw:
            for (trigger,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                raw.execute(f"DROP TRIGGER {trigger}")
            raw.execute(sql, values)
        raw.close()


def make_site(folder: Path, masked_of: Callable[[int], Masked]) -> Path:
    """A key set of five custodians and a ledger of twelve spills, sealed with it."""
    args = [word for name in NAMES for word in ("--custodian", name)]
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr(
            sys, "argv", ["dumpwatch", "blind", "keygen", "-o", str(folder / "set"), *args, "--demonstration"]
        )
        dumpwatch.main()
    assert not end.value.code
    public = folder / "set" / "public"
    sealer = SpillSealer(KeyRing.load(public).keys, load_host_key(public))
    with Ledger.open(f"sqlite:///{folder / 'ledger.db'}") as books:
        for burst in range(1, 13):
            spill, tally = make_spill(burst=burst)
            spill = spill.model_copy(update={"config_digest": Config().digest()})
            books.commit(spill, tally, partial(sealed_by, sealer, spill, masked_of(burst)))
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_site(tmp_path_factory.mktemp("site"), usual)


@pytest.fixture(scope="module")
def eventful_template(tmp_path_factory):
    return make_site(tmp_path_factory.mktemp("eventful"), with_events)


def with_events(burst: int) -> Masked:
    """In burst 3 one candidate of mu mu in the SR, in burst 5 six in the CR, of whom four have a slot."""
    counts, slots = np.zeros(SHAPE, np.int64), []
    for number, cda in enumerate({3: [5.0], 5: [100.0 + i for i in range(6)]}.get(burst, [])):
        region = int(cda > 20.0)
        counts[0, region] += 1
        event = {**event_of("mm", z_tax_m=23.0, cda_tax_mm=cda), "event_number": number}
        slots.append(fill_slot(pack_event(make_frame([event]), 0), 0, region))
    return Masked(counts, slots[:SLOTS])


@pytest.fixture
def site(template, tmp_path, capsys, monkeypatch) -> Site:
    shutil.copytree(template, tmp_path / "site")
    return Site(tmp_path / "site", capsys, monkeypatch)


@pytest.fixture
def eventful(eventful_template, tmp_path, capsys, monkeypatch) -> Site:
    shutil.copytree(eventful_template, tmp_path / "eventful")
    return Site(tmp_path / "eventful", capsys, monkeypatch)


def test_the_drill_of_the_operator_page(site):
    state = json.loads(site.good("status", "--json", *site.where))
    assert {row["state"] for row in state["compartments"]} == {"sealed"} and len(state["compartments"]) == 28
    cr = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    words = site.signed(cr)
    assert "2 of 3 custodians (ada, bob)" in site.refused("open", cr, *words[:8], *site.where, *LOW, "--no-recount")
    assert "mumu/CR 12 (0 with their events) in 12 spills" in site.good(
        "open", cr, *words, *site.where, *LOW, "--no-recount"
    )
    sr = site.statement("sr", "SR", "--expected", "0.016", "--min-p", "0.01")
    early = site.refused("open", sr, *site.signed(sr), *site.where, *LOW, "--no-recount")
    assert "is at CR_OPEN, SR wants it at CR_VALIDATED" in early
    assert json.loads(site.ceremony("valid", "CR_VALIDATION"))["p_value"] == "0.303224"
    found = json.loads(site.ceremony("sr2", "SR", "--expected", "0.016", "--min-p", "0.01"))
    assert {one["compartment"]: one["count"] for one in found["opened"]} == {"mumu/SR": 1, "mumu/KS": 1}
    assert found["lowered"] and found["events"][0]["burst"] == 7
    story = site.good("audit", *site.where)
    assert "no fault found" in story and story.count("approved by ada, bob, eve") == 3
    state = json.loads(site.good("status", "--json", *site.where))
    assert state["blocks"] == [{"channel": "mumu", "first": 0, "last": 11, "stage": "SR_OPEN"}]
    opened = {row["compartment"]: row["opened"] for row in state["compartments"] if row["state"] != "sealed"}
    assert opened.keys() == {"mumu/CR", "mumu/SR", "mumu/KS"}
    assert opened["mumu/CR"] == [{"first": 0, "last": 11, "count": 12}]
    assert "mumu/CR        opened: 12 in spills 0-11" in site.good("status", *site.where)


def test_drill_is_one_command_with_demonstration_keys(site):
    assert "drill DRILL, spills 0-11 done" not in site.good("audit", *site.where)
    assert "recount agrees" in site.good("drill", *site.where)
    found = json.loads(site.good("drill", "--json", "--first", "3", "--last", "5", *site.where))
    assert found["spills"] == 3 and found["recount"] == "agrees"
    assert "no fault found" in site.good("audit", *site.where)


def test_drill_with_real_keys_wants_custodians(site):
    site.tamper("UPDATE spill SET pot = pot")  # nothing changes; the file is writable
    content = json.loads((site.keys / FILE).read_text()) | {"demonstration": False}
    real = site.folder / "real"
    real.mkdir()
    (real / FILE).write_text(json.dumps(content))
    assert "which was not given" in site.refused("drill", "--ledger", site.url, "--keys", real)


@pytest.mark.parametrize(
    ("sql", "values", "words"),
    [
        ("UPDATE sealed_spill SET records = zeroblob(4256) WHERE idx = 4", (), "spill 4 (run 9001 burst 5): the head"),
        ("UPDATE sealed_spill SET slots = substr(slots, 1, 9) WHERE idx = 4", (), "sealed row has the same size"),
        ("DELETE FROM sealed_spill WHERE idx = 11", (), "run 9001 burst 12 revision 0: has no sealed row"),
        ("DELETE FROM sealed_spill WHERE idx = 3", (), "stands at place 3: sealed rows before it were removed"),
        ("UPDATE spill SET document = replace(document, '36000', '36001') WHERE burst = 2", (), "was changed after"),
        ("UPDATE sealed_spill SET signature = zeroblob(64) WHERE idx = 0", (), "signature of the host does not hold"),
    ],
)  # fmt: skip
def test_a_ledger_that_was_changed_is_named_and_opens_nothing(site, sql, values, words):
    statement = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    signed = site.signed(statement)
    site.tamper(sql, *values)
    assert any(words in fault for fault in site.faults())
    refused = site.refused("open", statement, *signed, *site.where, *LOW, "--no-recount")
    assert "does not verify, nothing was done" in refused and "see `dumpwatch blind audit`" in refused
    assert site.call("status", *site.where)[0] == 1
    assert "does not verify" in site.refused(
        "approve", "--new", "--channel", "mumu", "--stage", "CR", "--expected", "1", "--min-p", "0.1",
        "-o", site.folder / "more.json", *site.where,
    )  # fmt: skip


def test_a_truncated_chain_needs_the_witnessed_head(site):
    head = json.loads(site.good("audit", "--json", *site.where))["head"]
    statement = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05", "--last", "8")
    signed = site.signed(statement)
    for table in ("sealed_spill", "spill"):
        site.tamper(f"DELETE FROM {table} WHERE burst = 12")
    assert site.faults() == []
    assert any("its end was cut off" in fault for fault in site.faults("--head", head))
    refused = site.refused("open", statement, *signed, *site.where, *LOW, "--no-recount", "--head", head)
    assert "its end was cut off, or it was written anew" in refused


def test_openings_taken_out_need_the_witnessed_head(site):
    site.ceremony("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    head = json.loads(site.good("audit", "--json", *site.where))["openings_head"]
    site.tamper("DELETE FROM opening")
    assert site.faults() == []
    assert any("lines were taken out" in fault for fault in site.faults("--openings-head", head))


def test_approvals_are_for_one_statement_and_one_key_set(site):
    one = site.statement("one", "CR", "--expected", "10.0", "--min-p", "0.05")
    two = site.statement("two", "CR", "--expected", "10.0", "--min-p", "0.05")
    signed = site.signed(one)
    assert "is for another statement" in site.refused("open", two, *signed, *site.where, *LOW, "--no-recount")
    twice = [*signed[:4], *signed[:4], *signed[4:8]]
    assert "ada came twice" in site.refused("open", one, *twice, *site.where, *LOW, "--no-recount")
    args = [word for name in NAMES for word in ("--custodian", name)]
    site.good("keygen", "-o", site.folder / "other", *args)
    other = ["--ledger", site.url, "--keys", str(site.folder / "other")]
    assert "name the right one with --keys" in site.refused("open", one, *signed, *other, "--no-recount")
    wrong = [*signed[:-1], str(site.folder / "other" / "custodian-3" / SHARE_FILE)]
    assert "share" in site.refused("open", one, *wrong, *site.where, *LOW, "--no-recount")


def test_small_blocks_and_other_configurations_are_refused(site, tmp_path):
    statement = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    signed = site.signed(statement)
    assert "12 spills, wanted 1000 at least" in site.refused("open", statement, *signed, *site.where)
    config = tmp_path / "other.toml"
    config.write_text("[gate]\nguard_z_m = 6.0\n")
    refused = site.refused("open", statement, *signed, *site.where, *LOW, "--config", config)
    assert "give the configuration of the block with --config, or --no-recount" in refused
    out = site.good("open", statement, *signed, *site.where, *LOW)
    assert "recount agrees" in out and "DEMONSTRATION: the least size of a block was lowered" in out


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["approve"], "wanted STATEMENT, one --custodian FILE and -o FILE; or --new"),
        (["approve", "--new", "--channel", "mumu"], "wanted --channel, --stage and -o FILE"),
        (
            ["approve", "--new", "--channel", "mumu", "--stage", "ALL", "-o", "x"],
            "--stage: got 'ALL', wanted one of CR",
        ),
        (["approve", "none.json", "--custodian", "x", "-o", "y"], "none.json: cannot be read"),
        (["audit", "--head", "xyz"], "wanted 64 hexadecimal digits"),
        (["audit", "--head", "abcd"], "wanted 64 hexadecimal digits"),
        (["keygen", "-o", "k", "--custodian", "a"], "3 of 1 custodians: wanted 2 <= k <= n <= 7"),
        (["checkpoint"], "wanted -o FILE, or --verify FILE"),
        (["checkpoint", "-o", "a", "--verify", "b"], "wanted -o FILE, or --verify FILE"),
        (["checkpoint", "--verify", "none.json"], "none.json: cannot be read"),
    ],
)
def test_wrong_use_is_exit_code_2(site, tmp_path, monkeypatch, args, words):
    monkeypatch.chdir(tmp_path)
    assert words in site.refused(*args, code=2)


def test_unknown_channels_and_files_of_another_kind_are_refused(site):
    new = ["approve", "--new", "--channel", "tau", "--stage", "CR", "--expected", "1", "--min-p", "0.1"]
    assert "channel 'tau'" in site.refused(*new, "-o", site.folder / "x.json", *site.where)
    statement = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    (site.folder / "bad.json").write_text("{}")
    bad = ["--approval", str(site.folder / "bad.json"), "--custodian", site.share(1)]
    assert "wanted custodian, statement and signature" in site.refused("open", statement, *bad, *site.where)
    assert "statement: does not fit" in site.refused(
        "approve", site.folder / "bad.json", "--custodian", site.share(1), "-o", site.folder / "y"
    )
    again = site.refused("approve", statement, "--custodian", site.share(1), "-o", statement, code=2)
    assert "cannot be written" in again


def test_keys_are_found_beside_the_ledger(tmp_path):
    url = f"sqlite:///{tmp_path}/data/ledger.db"
    public = demonstration_keys(url)
    assert public == demonstration_keys(url) == key_folder(None, "", url) == key_folder(public.parent, "", url)
    assert KeyRing.load(public).keys.demonstration and public.is_relative_to(tmp_path / "data")
    assert str(key_folder(None, "/etc/keys", url)) == "/etc/keys"


def test_missing_keys_are_named(site, tmp_path):
    err = site.refused("status", "--ledger", site.url, "--keys", tmp_path / "none")
    assert "make them with `dumpwatch blind keygen` or correct [sealing] keys" in err


def test_opened_events_are_written_with_the_opening_and_can_be_asked_for_again(eventful):
    site, folder = eventful, eventful.folder / "opened"
    statement = site.statement("cr", "CR", "--expected", "5.0", "--min-p", "0.01")
    signed = site.signed(statement)
    text = site.good("open", statement, *signed, *site.where, *LOW, "--events", folder)
    missing = "note: mumu/CR: 2 of 6 opened candidates have no event here: a spill has 4 slots"
    assert missing in text and f"written: {folder}/mumu-CR-0-11.arrow" in text
    rows = json.loads((folder / "mumu-CR-0-11.json").read_text())["events"]
    assert [(row["burst"], row["event_number"]) for row in rows] == [(5, i) for i in range(4)]
    assert [row["cda_tax_mm"] for row in rows] == pytest.approx([100.0, 101.0, 102.0, 103.0], abs=0.5)
    people = [word for i in (2, 4, 5) for word in ("--custodian", site.share(i))]
    again = json.loads(site.good("events", "mumu/CR", *people, *site.where, "--json"))
    assert again["openings"][0]["events"] == rows and again["written"] == []
    table = site.good("events", "mumu/CR", *people, *site.where, "--recordings", site.folder).splitlines()
    assert table[0] == "mumu/CR: 4 events of 6 opened candidates, spills 0-11" and "Z_TAX [m]" in table[1]
    assert table[-2] == "note: run 9001 burst 5: has no sealed file in the folder of recordings"
    assert "give a new folder" in site.refused("events", "mumu/CR", *people, *site.where, "-o", folder, code=2)


def test_events_are_refused_for_what_is_not_open(eventful, tmp_path):
    site = eventful
    people = [word for i in (1, 2, 3) for word in ("--custodian", site.share(i))]
    sealed = "is sealed: no line of the opening log opens it; nothing of it is shown"
    assert f"mumu/CR: {sealed}" in site.refused("events", "mumu/CR", *people, *site.where)
    site.ceremony("cr", "CR", "--expected", "5.0", "--min-p", "0.01")
    for name in ("mumu/SR", "mumu/KS", "ee/SR"):
        assert f"{name}: {sealed}" in site.refused("events", name, *people, *site.where)
    assert "wanted one of mumu/SR" in site.refused("events", "mumu", *people, *site.where, code=2)
    assert "3 custodians are needed" in site.refused("events", "mumu/CR", *people[:4], *site.where)
    config = tmp_path / "other.toml"
    config.write_text("[gate]\nguard_z_m = 6.0\n")
    other = site.refused("events", "mumu/CR", *people, *site.where, "--config", config)
    assert "give the configuration of the block" in other
    site.tamper("UPDATE sealed_spill SET slots = zeroblob(8384) WHERE idx = 9")
    assert "does not verify" in site.refused("events", "mumu/CR", *people, *site.where)


def test_what_would_fail_after_an_opening_is_refused_before_it(eventful):
    site = eventful
    statement = site.statement("cr", "CR", "--expected", "5.0", "--min-p", "0.01")
    signed = site.signed(statement)
    wish = ["open", statement, *signed, *site.where, *LOW, "--events"]
    assert "exists already" in site.refused(*wish, site.folder, code=2)
    assert "wanted an opening of a CR or SR with --recount" in site.refused(*wish, "new", "--no-recount", code=2)
    assert "nothing was opened" in site.good("audit", *site.where) and not Path("new").exists()


def test_a_checkpoint_is_made_kept_and_held_against_the_ledger(site):
    kept = site.folder / "checkpoint.json"
    assert f"written: {kept}" in site.good("checkpoint", "-o", kept, *site.where)
    assert "cannot be written" in site.refused("checkpoint", "-o", kept, *site.where, code=2)
    site.ceremony("cr", "CR", "--expected", "10.0", "--min-p", "0.05")
    assert "no fault found" in site.good("checkpoint", "--verify", kept, *site.where)
    changed = json.loads(kept.read_text()) | {"spills": 11}
    (site.folder / "changed.json").write_text(json.dumps(changed))
    code, out, _ = site.call("checkpoint", "--verify", site.folder / "changed.json", *site.where)
    assert code == 1 and "the signature of the host does not hold" in out
    site.tamper("DELETE FROM sealed_spill WHERE idx = 11")
    code, out, _ = site.call("checkpoint", "--verify", kept, *site.where, "--json")
    document = json.loads(out)
    assert code == 1 and not document["good"]
    assert any("spills were cut off" in fault for fault in document["faults"])
    assert any("has no sealed row" in fault for fault in document["faults"])
    (site.keys / "host.key").unlink()
    assert "host.key: cannot be read" in site.refused("checkpoint", "-o", site.folder / "new", *site.where)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (["--expected", "nan", "--min-p", "0.1"], "--expected: got 'nan', wanted a decimal number, 0 or more"),
        (["--expected", "inf", "--min-p", "0.1"], "--expected: got 'inf'"),
        (["--expected=-1", "--min-p", "0.1"], "--expected: got '-1'"),
        (["--expected", "0,2", "--min-p", "0.1"], "--expected: got '0,2'"),
        (["--expected", "0.2 events", "--min-p", "0.1"], "--expected: got '0.2 events'"),
        (["--expected", "1", "--min-p", "2"], "--min-p: got '2', wanted a decimal number, 0 to 1"),
        (["--expected", "1", "--min-p", "NaN"], "--min-p: got 'NaN'"),
    ],
)
def test_numbers_that_are_none_are_refused(site, wish, words):
    new = ["approve", "--new", "--channel", "mumu", "--stage", "CR", *wish, "-o", site.folder / "x.json"]
    assert words in site.refused(*new, *site.where, code=2)
    assert not (site.folder / "x.json").exists()


def test_expired_approvals_open_nothing(site, monkeypatch):
    statement = site.statement("cr", "CR", "--expected", "10.0", "--min-p", "0.05", "--days", "0.5")
    signed = site.signed(statement)
    now = time.time_ns()
    monkeypatch.setattr(time, "time_ns", lambda: now + 43_300 * 10**9)
    refused = site.refused("open", statement, *signed, *site.where, *LOW, "--no-recount")
    assert "statement: expired at" in refused and "make a new one" in refused
    assert "nothing was opened" in site.good("audit", *site.where)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[regions.mumu_sr]\nz_min = 6\n", "unknown key 'regions.mumu_sr.z_min'; nearest known key is"),
        ("[regions.mumu_sr]\nz_min_m = '6 m'\nz_max_m = 40\ncda_max_mm = 20\n", "should be a valid number"),
        ("[regions.mumu_sr]\nz_min_m = nan\nz_max_m = 40\ncda_max_mm = 20\n", "should be a finite number, got nan"),
        ("[regions]\nks_half_width = 0.0057\n", "nearest known key is 'regions.ks_half_width_gev'"),
        ("[regions.tautau_sr]\nz_min_m = 6\n", "unknown key 'regions.tautau_sr'"),
        ("[gate]\nguard_z = 5\n", "nearest known key is 'gate.guard_z_m'"),
        ("[gate]\nguard_cda_mm = -1\n", "gate.guard_cda_mm"),
    ],
)
def test_region_limits_without_a_unit_and_limits_that_are_no_numbers_are_refused(site, text, words):
    config = site.folder / "bad.toml"
    config.write_text(text)
    code, out, err = site.call("status", *site.where, "--config", config)
    assert code == 2 and out == "" and words in err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda public: (public / FILE).unlink(), "compartments.json: cannot be read (FileNotFoundError)"),
        (lambda public: (public / FILE).write_text("garbage"), "compartments.json: cannot be read (JSONDecodeError)"),
        (lambda public: (public / "host.key").unlink(), "host.key: cannot be read (No such file or directory)"),
        (lambda public: (public / "host.key").chmod(0o644), "host.key: has mode 0644, so others can read it"),
        (lambda public: (public / "host.key").write_text("{}"), "host.key: cannot be read (KeyError)"),
    ],
    ids=["no public keys", "garbage", "no host key", "open to others", "empty host key"],
)
def test_keys_that_cannot_be_used_at_a_start_are_named_and_seal_nothing(site, caplog, spoil, words):
    assert sealer_at_start(str(site.keys)) is not None
    spoil(site.keys)
    assert sealer_at_start(str(site.keys)) is None
    assert words in caplog.text and "Traceback" not in caplog.text
