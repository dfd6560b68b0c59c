"""`dumpwatch analyse` and `export` on a run that was really taken: files, blindness, bad input, and the notebook."""

import csv
import json
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbclient import NotebookClient

from daq.config import load_config
from offline.analyse import AnalyseOptions, run_analyse
from tests.chain.program import dumpwatch

SEED = 5
NOTEBOOK = Path(__file__).parents[2] / "docs" / "physicist" / "worked-example.ipynb"


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """Two spills of beam and a small two-track burst, recorded, analysed and exported."""
    folder = tmp_path_factory.mktemp("analysis")
    small = folder / "c.toml"
    small.write_text("[detector.modes]\nspills_per_burst = 4000\n[analysis]\noverlay_pairs = 200000\n")
    common = ("--record", folder / "rec", "--ledger", f"sqlite:///{folder / 'l.db'}", "--config", small)
    for more in (("--spills", 2, "--run", 1), ("--spills", 1, "--run", 2, "--mode", "two-track")):
        done = dumpwatch("live", "--seed", SEED, "--speed", "max", "--port", 0, "--json", *more, *common)
        assert done.returncode == 0, done.stderr
    done = dumpwatch("analyse", folder / "rec", "-o", folder / "report", "--config", small, "--points", 12, "--json")
    assert done.returncode == 0, done.stderr
    out = dumpwatch(
        "export", folder / "report" / "minirecords", "--format", "root", "-o", folder / "export", "--config", small
    )
    assert out.returncode == 0, out.stderr
    return folder, json.loads(done.stdout)


def test_everything_is_written(taken):
    folder, result = taken
    report = folder / "report"
    html = (report / "report.html").read_text()
    for name in re.findall(r'(?:href|src)="([^"#]+)"', html):
        assert (report / name).stat().st_size > 0, name
    assert len(list((report / "plots").glob("*.png"))) == len(list((report / "plots").glob("*.pdf"))) >= 7
    parts = list(yaml.safe_load_all((report / "hepdata" / "submission.yaml").read_text()))
    assert {part["data_file"] for part in parts[1:]} == {f"{key}.yaml" for key in result["tables"]}
    assert json.loads((report / "result.json").read_text()) == result
    assert result["schema"] == "dumpwatch.analysis/1" and result["runs"] == [1, 2] and result["partial"] == []


def test_numbers_are_those_of_the_ledger(taken):
    folder, result = taken
    spills = json.loads(dumpwatch("spills", "--json", "--ledger", f"sqlite:///{folder / 'l.db'}").stdout)["spills"]
    pairs = [s for s in spills if s["mode"] == "BIASED"]
    assert result["search"] == "two-track" and result["pot"] == sum(s["equivalent_pot"] for s in pairs) == 2e16
    exposure = {row["bursts"].split(":")[0]: row for row in result["tables"]["exposure"]}
    assert exposure["beam"]["protons on target"] == sum(s["pot"] for s in spills if s["mode"] != "BIASED")
    flow = {row["step"]: row["events"] for row in result["tables"]["cut_flow"]}
    assert flow["visible events with one vertex"] == sum(s["counts"]["vertices"] for s in pairs)
    seen = sum(s["candidates"]["mumu_os"][r] for s in pairs for r in ("OCR1", "OCR2", "OCR3", "OUTSIDE"))
    (row,) = [r for r in result["tables"]["compared_normalised"] if r["region"] == "OUTSIDE"]
    assert row["observed"] == seen


def test_the_report_is_blind(taken):
    folder, result = taken
    assert result["blind"] is True
    for name in ("compared_absolute", "compared_normalised", "compared_hadrons", "all_channels"):
        rows = [row for row in result["tables"][name] if row["region"] in ("CR", "SR")]
        assert rows and {row["observed"] for row in rows} == {"masked"}
        with (folder / "report" / "tables" / f"{name}.csv").open() as file:
            assert {r["observed"] for r in csv.DictReader(file) if r["region"] in ("CR", "SR")} == {"masked"}
    assert result["tables"]["limit_photon_mumu"][-1]["signal"] == "masked"


def in_process(folder, records, into, capsys):
    """Exit code, stdout and stderr of a report made in this process: its caches serve the next one."""
    options = AnalyseOptions((str(records),), into, points=12, as_json=True)
    code = run_analyse(load_config(folder / "c.toml"), options)
    return code, *capsys.readouterr()


def test_a_second_report_from_the_mini_records_says_the_same(taken, capsys):
    folder, result = taken
    shutil.copytree(folder / "report" / "acceptance", folder / "again" / "acceptance")
    code, out, _ = in_process(folder, folder / "report" / "minirecords", folder / "again", capsys)
    assert code == 0 and json.loads(out) == result
    # the figures bear no date: the same numbers are the same files
    plots = [sorted((folder / name / "plots").iterdir()) for name in ("report", "again")]
    assert [p.read_bytes() for p in plots[0]] == [p.read_bytes() for p in plots[1]]


def test_the_notebook_reads_the_exports(taken, monkeypatch):
    folder, _ = taken
    monkeypatch.setenv("DUMPWATCH_EXAMPLE", str(folder))
    monkeypatch.setenv("MPLBACKEND", "agg")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    text = "".join(str(cell.get("outputs")) for cell in notebook.cells)
    assert "single muons, charge ratio" in text


def test_other_cuts_are_refused(taken, tmp_path):
    folder, _ = taken
    smaller = tmp_path / "smaller.toml"
    smaller.write_text("[gate]\nguard_z_m = 0.0\nguard_cda_mm = 0.0\n")
    done = dumpwatch("analyse", folder / "report" / "minirecords", "-o", tmp_path / "out", "--config", smaller)
    assert (
        done.returncode == 1 and "cuts, regions and mask are fixed" in done.stderr and not (tmp_path / "out").exists()
    )


def test_a_damaged_burst_makes_the_report_partial(taken, tmp_path, capsys):
    folder, _ = taken
    shutil.copytree(folder / "report" / "minirecords", tmp_path / "mini")
    shutil.copytree(folder / "report" / "acceptance", tmp_path / "out" / "acceptance")
    bad = next((tmp_path / "mini" / "pairs" / "run-000001").iterdir())
    bad.write_bytes(b"")
    code, out, err = in_process(folder, tmp_path / "mini", tmp_path / "out", capsys)
    assert code == 1 and "1 bursts could not be used" in json.loads(out)["partial"][0] and bad.name in err
    assert "Partial: 1 bursts could not be used" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("nowhere", "-o", "out"), "nowhere", 2),
        (("rec", "-o", "out", "--model", "photon/nothing"), "no model photon/nothing", 2),
        (("rec", "-o", "out", "--model", "photon"), "wanted MODEL/STATE", 2),
        (("rec", "-o", "out", "--pot", "-1"), "protons above 0", 2),
        (("rec", "-o", "out", "--ledger", "sqlite:///none.db"), "none.db", 1),
    ],
)
def test_what_is_wrong_is_said(taken, arguments, said, code, monkeypatch):
    folder, _ = taken
    monkeypatch.chdir(folder)
    done = dumpwatch("analyse", *arguments)
    assert done.returncode == code and said in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr and not os.path.exists("out")
