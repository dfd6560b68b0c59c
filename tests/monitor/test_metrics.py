"""Metrics: they parse, their labels are closed, the numbers are those of the ledger, and no region is named."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.metrics import LABEL_VALUES, MASKS, Snapshot, render
from monitor.totals import sum_spills
from streaming.tally import OPEN_REGIONS
from tests.monitor.synthetic import make_spill

SPILLS = [
    make_spill(burst=1)[0],
    make_spill(burst=2, missing=((1, 1, "no answer"),), n_lost=12_000)[0],
    make_spill(burst=3, t10=None)[0],
]
CHAIN = {"workers": 2, "open_bursts": 1, "duplicates": 7, "refused": 0, "bad_frames": {"checksum": 2, "gremlins": 3}}


def samples(snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    """Parse what is exported: (name, label value ...) -> value."""
    found = {}
    for family in text_string_to_metric_families(render(snapshot).decode()):
        for sample in family.samples:
            found[sample.name, *sample.labels.values()] = sample.value
    return found


def full() -> Snapshot:
    return Snapshot(totals=sum_spills(SPILLS), last_spill=SPILLS[0], chain=CHAIN)


def test_numbers_are_those_of_the_books() -> None:
    found = samples(full())
    assert found["dumpwatch_spills_total", "complete"] == 2 and found["dumpwatch_spills_total", "incomplete"] == 1
    assert found["dumpwatch_events_generated_total",] == 108_000
    assert found["dumpwatch_events_counted_total",] + found["dumpwatch_events_missing_total",] == 108_000
    assert found["dumpwatch_pot_protons_total",] == 1e13
    assert found["dumpwatch_triggers_generated_total", "Q1"] == 3 * 576_000
    assert found["dumpwatch_triggers_sent_total", "Q1"] == 3 * 28_800
    assert found["dumpwatch_ledger_imbalance_events",] == 0
    assert found["dumpwatch_spills_flagged_total", "no_pot"] == 1
    assert found["dumpwatch_frames_bad_total", "checksum"] == 2
    assert found["dumpwatch_frames_bad_total", "other"] == 3
    assert found["dumpwatch_last_spill_b2_current_amperes",] == -250.0


@pytest.mark.parametrize("snapshot", [full(), Snapshot(totals=None), Snapshot(totals=sum_spills([]))])
def test_names_and_labels_are_closed(snapshot: Snapshot) -> None:
    text = render(snapshot).decode()
    for family in text_string_to_metric_families(text):
        assert family.name.startswith("dumpwatch_") and family.documentation.endswith(".")
        for sample in family.samples:
            assert not sample.name.endswith("_created")
            for label, value in sample.labels.items():
                assert value in LABEL_VALUES[label], (sample.name, label, value)
    for word in (*OPEN_REGIONS, "SR", "VR", 'run="', 'burst="', 'region="'):
        assert word not in text


def test_masks_that_are_not_in_the_set_are_other() -> None:
    counts = SPILLS[0].triggers["Q1"]
    odd = SPILLS[0].model_copy(update={"triggers": {"Q1": counts, "ODD": counts, "ODDER": counts}})
    found = samples(Snapshot(totals=sum_spills([odd])))
    assert found["dumpwatch_triggers_generated_total", "other"] == 2 * counts.generated
    assert {key[1] for key in found if key[0] == "dumpwatch_triggers_generated_total"} == {*MASKS, "other"}


def test_unknown_is_absent_not_zero() -> None:
    found = samples(Snapshot(totals=None, last_spill=make_spill(t10=None, b2=None)[0]))
    names = {key[0] for key in found}
    assert found["dumpwatch_ledger_readable",] == 0
    for name in ("workers_ready", "last_spill_pot_protons", "last_spill_b2_current_amperes", "events_counted_total"):
        assert f"dumpwatch_{name}" not in names


def test_promtool_likes_it() -> None:
    if (promtool := shutil.which("promtool")) is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing, and in CI a skip is a failure: install prometheus")
        pytest.skip("promtool is missing: METRICS ARE NOT LINTED")
    done = subprocess.run([promtool, "check", "metrics"], input=render(full()), capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
