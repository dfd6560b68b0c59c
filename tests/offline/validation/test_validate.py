"""The validation as a user runs it: it passes, and it finds emulators that were altered on purpose."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import offline.validation
from daq.config import Config, load_config
from daq.errors import DataError, PolicyError
from dumpwatch import build_app
from offline.validation.chain import Burst
from offline.validation.document import altered
from offline.validation.effort import FULL, SHORT
from offline.validation.published import WANTED
from offline.validation.row import Kind, judged
from offline.validation.run import PARTS

ALTERED = Path(__file__).parent / "altered"
FOLDER = Path(offline.validation.__file__).parent
ROOT = FOLDER.parent.parent


def run(folder, *options):
    """Exit code and JSON document of a short validation."""
    result = CliRunner().invoke(build_app(), ["emulator", "validate", "-o", str(folder), "--short", "--json", *options])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def out(document):
    return {row["id"] for row in document["rows"] if row["verdict"] == "OUT"}


@pytest.mark.timeout(400)
def test_the_emulator_as_it_ships_passes_and_writes_everything(tmp_path):
    code, document = run(tmp_path / "out", "--docs", str(tmp_path / "docs" / "emulator.md"))
    assert (code, out(document), document["passed"], document["altered"]) == (0, set(), True, {})
    assert [row["id"] for row in document["rows"]] == [line.id for line in WANTED]
    assert document["counts"]["in"] + document["counts"]["known"] == len(WANTED)
    assert document["config_digest"] == Config().digest()
    assert json.loads((tmp_path / "out" / "validation.json").read_text()) == document
    page = (tmp_path / "docs" / "emulator.md").read_text()
    for line in WANTED:
        assert line.observable in page and line.source in page
    plots = sorted(p.name for p in (tmp_path / "out").glob("*.png"))
    assert plots == [f"emulator-{name}.png" for name in ("beam", "pairs", "plane", "pulls", "signal")]
    for name in plots:
        assert f"(images/{name})" in page and (tmp_path / "docs" / "images" / name).stat().st_size < 150_000
        assert f"({name})" in (tmp_path / "out" / "emulator.md").read_text()


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("charge", {"mm_outside", "sign_ratio", "muon_charge_ratio"}, {"halo_muons", "overlaps", "cda_tax_rms"}),
        ("slopes", {"k_short_width", "cda_tax_rms"}, {"pp_outside", "halo_muons", "h2", "prompt_before_lav"}),
        ("halo_rate", {"halo_muons", "overlaps", "pp_outside", "os_outside", "muv3"}, {"sign_ratio", "k_plus"}),
    ],
)
def test_an_altered_emulator_is_caught_by_the_right_lines(tmp_path, name, wrong, right):
    code, document = run(tmp_path, "--config", str(ALTERED / f"{name}.toml"))
    assert code == 1 and document["passed"] is False
    assert wrong <= out(document)
    assert not right & out(document)
    assert set(document["altered"]) == set(altered(load_config(ALTERED / f"{name}.toml"))) != set()


@pytest.mark.parametrize(
    ("name", "part", "wrong"),
    [("k_plus", "processes", {"k_plus_anti0", "k_plus_cr"}), ("lav", "signal", {"events_250", "efficiency_215"})],
)
def test_an_altered_part_is_caught_by_its_own_lines(name, part, wrong):
    measured = PARTS[part](load_config(ALTERED / f"{name}.toml"), SHORT, 3)
    rows = [judged(line, *measured.values[line.id]) for line in WANTED if line.id in measured.values]
    assert wrong <= {row.id for row in rows if row.verdict == "OUT"}


def test_the_long_run_makes_more_of_everything():
    for name in ("halo_bursts", "mixed_pairs", "beam_seconds", "overlap_spills", "h2_spills", "signal_decays"):
        assert getattr(FULL, name) >= 5 * getattr(SHORT, name), name
    assert all(long >= 5 * short for long, short in zip(FULL.boosts, SHORT.boosts, strict=True))


def test_altered_keys_are_named():
    changed = load_config(ALTERED / "slopes.toml")
    assert altered(changed) == {"detector.straw.slope_rad": 45e-6, "detector.straw.slope_rad_gev": 0.874e-3}
    assert altered(Config()) == {}


# decision 11: it looks inside the mask, so no recorded event may ever get in

FORBIDDEN = ("daq.recording", "monitor", "streaming.transport", "streaming.services", "sqlalchemy", "zmq")


def forbidden(module):
    return any(module == name or module.startswith(name + ".") for name in FORBIDDEN)


def test_nothing_of_it_imports_what_could_read_a_recording():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [name for name in names if forbidden(name)], path
            assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"open", "__import__"}), path
    code = "import sys, offline.validation.write; print('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert not [name for name in done.stdout.split() if forbidden(name)]


def test_the_command_takes_no_recording_and_no_ledger():
    group = typer.main.get_command(build_app()).commands["emulator"].commands["validate"]
    assert {p.name for p in group.params} == {"output", "short", "seed", "config", "docs", "as_json"}
    assert all(p.param_type_name == "option" for p in group.params)


def test_a_burst_that_was_not_emulated_is_refused():
    class Recorded:
        def burst(self, number):
            raise AssertionError

    with pytest.raises(PolicyError, match="Recorded, wanted one of EmulatedDetector"):
        Burst(Recorded(), 0, Config())


def test_counters_before_the_end_are_refused():
    from daq.source.emulator import EmulatedDetector

    config = Config()
    with pytest.raises(DataError, match="before its last event"):
        _ = Burst(EmulatedDetector(config.beam, config.detector, 1), 0, config).ended


def test_the_page_of_the_documentation_holds_every_line():
    page = (ROOT / "docs" / "emulator.md").read_text()
    for line in WANTED:
        assert f"| {line.observable}" in page, line.id
    for kind in Kind:
        assert f"| {kind} |" in page
