"""Laws of the text of the program: who may hold what is masked, and what may be done with it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.metrics import CATALOGUE

ROOT = Path(__file__).parents[2]
FOLDERS = ("daq", "l0emu", "streaming", "monitor", "offline")
MODULES = {
    str(path.relative_to(ROOT).with_suffix("")).replace("/", "."): ast.parse(path.read_text())
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
}

MAY_IMPORT = {
    "streaming.masked": {
        "Masked": {
            "streaming.gate", "streaming.closure", "streaming.reco.pipeline", "monitor.services.booking",
            "monitor.services.collector", "monitor.sealed.counts", "monitor.sealed.seal",
        },
        "Counts": {"monitor.sealed.counts", "monitor.sealed.recount"},
        "read_slot": {"monitor.sealed.counts", "monitor.sealed.opening"},
        "slots_of": {"monitor.sealed.counts"},
        "fill_slot": {"streaming.gate"},
    },
    "streaming.gate": {"Findings": {"streaming.reco.pipeline"}, "publish": {"streaming.reco.pipeline"}},
    "streaming.reco.find": {
        # the gate, events that custodians opened, and emulated events
        "Found": {
            "streaming.reco.pipeline", "streaming.records", "monitor.sealed.candidate_table", "offline.signal.chain",
            "offline.signal.candidate_mass", "offline.validation.pairs", "offline.backgrounds.emulated",
        },
    },
}  # fmt: skip
"""Module -> name in it -> modules that may import it."""

HANDS_OVER = {"monitor.sealed.counts", "monitor.sealed.recount"}
"""Modules that take masked counts out: for sealing, and for the recount of opened events."""

INSIDE = [name for name in MODULES if name.startswith("streaming.reco.")] + [
    "streaming.gate", "streaming.masked", "streaming.records", "streaming.regions", "streaming.reject",
    "streaming.event_bytes", "streaming.headers", "streaming.tally", "streaming.closure",
]  # fmt: skip
"""Modules inside the gate: they say nothing, to nobody."""

SECRET_TYPES = {"Masked", "Findings", "Found", "Counts", "Places"}
SHOWS = {
    "print",
    "str",
    "repr",
    "format",
    "int",
    "float",
    "bool",
    "len",
    "list",
    "tuple",
    "dict",
    "sum",
    "hash",
    "vars",
}
LEVELS = {"debug", "info", "warning", "error", "critical", "exception", "log"}


def imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Pairs of a module and a name that is imported from it; the name is empty for a whole module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize(("home", "name"), [(home, name) for home in MAY_IMPORT for name in MAY_IMPORT[home]])
def test_only_these_modules_hold_what_is_masked(home, name):
    parent, _, last = home.rpartition(".")
    found = set()
    for module, tree in MODULES.items():
        seen = set(imports(tree))
        if (home, name) in seen or (home, "*") in seen or (home, "") in seen or (parent, last) in seen:
            found.add(module)
    assert found == MAY_IMPORT[home][name]


def test_only_these_modules_take_it_out():
    found = {
        module
        for module, tree in MODULES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("hand_over", "_Masked__counts", "_Masked__slots")
    }
    assert found == HANDS_OVER


@pytest.mark.parametrize("module", sorted({*HANDS_OVER, *INSIDE, *MAY_IMPORT["streaming.masked"]["Masked"]}))
def test_nothing_secret_gets_into_a_text(module):
    """No f-string, no line of the log and no conversion takes what is masked or found."""
    tree = MODULES[module]
    names = secret_names(tree)
    for node in ast.walk(tree):
        for taken in texts_of(node):
            for part in ast.walk(taken):
                assert not is_secret(part, names), f"{module}:{node.lineno}: {ast.unparse(node)}"


def secret_names(tree: ast.Module) -> set[str]:
    """Names that are annotated as something secret, or made of it."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation is not None and _is_secret_type(node.annotation):
            found.add(node.arg)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and _is_secret_type(node.annotation):
            found.add(node.target.id)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made = ast.unparse(node.value.func).split(".")[0]
            if made in SECRET_TYPES:
                found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def _is_secret_type(annotation: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id in SECRET_TYPES for part in ast.walk(annotation))


def is_secret(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "masked" and ast.unparse(node.value) != "config.recording"
    return isinstance(node, ast.Name) and node.id in names


def texts_of(node: ast.AST) -> list[ast.expr]:
    """What a node turns into text, or shows."""
    if isinstance(node, ast.FormattedValue):
        return [node.value]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        return [node.right]
    if isinstance(node, ast.Call):
        everything = [*node.args, *(key.value for key in node.keywords)]
        if isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
            return everything
        if isinstance(node.func, ast.Name) and node.func.id in SHOWS:
            # the number of events with several tracks is public: `len(found.channel)`
            return [one for one in everything if isinstance(one, ast.Name) or getattr(one, "attr", "") == "masked"]
    return []


def test_the_check_of_texts_sees_them():
    bad = """
def f(masked: Masked, found: Found):
    log.info("%s", masked)
    x = f"{found.channel}"
    y = "%d" % masked
    print(masked)
    z = f"{burst.masked}"
"""
    tree = ast.parse(bad)
    names = secret_names(tree)
    hits = [
        node.lineno
        for node in ast.walk(tree)
        for taken in texts_of(node)
        if any(is_secret(part, names) for part in ast.walk(taken))
    ]
    assert sorted(hits) == [3, 4, 5, 6, 7]


@pytest.mark.parametrize("module", INSIDE)
def test_the_gate_says_nothing(module):
    """No log, no print, no file, no clock, and no error that is kept by name."""
    tree = MODULES[module]
    roots = {home.split(".")[0] for home, _ in imports(tree)}
    assert not roots & {"logging", "warnings", "traceback", "sys", "io", "pickle", "tempfile", "socket", "time", "os"}
    for node in ast.walk(tree):
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"print", "open", "breakpoint"})
        if isinstance(node, ast.ExceptHandler) and ast.unparse(node.type or ast.Constant("")) == "Exception":
            assert node.name is None, f"{module}:{node.lineno}"
        assert not isinstance(node, ast.Assert)


def test_nothing_is_pickled_and_no_traceback_is_written():
    forbidden = {"pickle", "cPickle", "shelve", "marshal", "dill", "joblib", "faulthandler", "cgitb", "traceback"}
    for module, tree in MODULES.items():
        assert not {home.split(".")[0] for home, _ in imports(tree)} & forbidden, module


@pytest.mark.parametrize("module", ["streaming.services.publish", "monitor.sealed.counts", "monitor.sealed.seal"])
def test_nothing_is_compressed_before_it_is_sealed(module):
    roots = {home.split(".")[0] for home, _ in imports(MODULES[module])}
    assert not roots & {"zlib", "gzip", "bz2", "lzma", "zstandard", "brotli"}
    assert "compress" not in ast.unparse(MODULES[module])


def test_no_file_of_events_tells_its_extremes():
    """Parquet writes the smallest and largest value of each column unless it is told not to (row 18)."""
    for module in [name for name in MODULES if name.startswith("offline.minirecords")]:
        for node in ast.walk(MODULES[module]):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("write_table", "ParquetWriter"):
                assert {k.arg: ast.unparse(k.value) for k in node.keywords}["write_statistics"] == "False"


METRICS = """
alarm_acknowledged alarm_inhibited alarm_state bursts_refused_total chain_silence_seconds events_counted_total
events_generated_total events_missing_total frames_bad_total frames_duplicate_total frames_total good_spills_total
http_refused_total last_booking_timestamp_seconds last_spill_b1c_current_amperes last_spill_b2_current_amperes
last_spill_b2_setting_amperes last_spill_events last_spill_generated_hertz last_spill_length_seconds
last_spill_live_ratio last_spill_muv3_per_1e12_protons last_spill_pot_protons last_spill_q1_per_1e12_protons
last_spill_sent_hertz last_spill_timestamp_seconds ledger_disk_free_ratio ledger_imbalance_events ledger_readable
open_bursts open_candidates_total pot_protons_total predicted_false_alarms_per_week sealed_chain_spills
spills_flagged_total spills_total stream_autocorrelation stream_counts_per_1e12_protons stream_cusum
stream_excess_sigma stream_expected_per_1e12_protons stream_high_per_1e12_protons stream_low_per_1e12_protons
stream_phi_eff stream_state triggers_generated_total triggers_sent_total unbooked_bursts viewers workers_ready
""".split()
"""Every metric that may be exported. Before a name is added here: is it a function of what is public?"""


def test_only_known_metrics_are_exported():
    assert set(CATALOGUE) <= {f"dumpwatch_{name}" for name in METRICS}
    assert not {"region", "compartment", "signal", "seq"} & {
        label for spec in CATALOGUE.values() for label in spec.labels
    }
