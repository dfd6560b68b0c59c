"""Metrics of streams, alarms and the page: closed labels, exact numbers, one sample for each label set."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from scipy.stats import norm

from monitor import metrics
from monitor.alarms.model import Alarm, Inhibit, State, StreamPoint, StreamReference, StreamView, runbook
from monitor.metrics import ALARMS, CATALOGUE, LABEL_VALUES, STREAMS, Snapshot, render
from monitor.metrics.labels import STATES
from monitor.metrics.render import samples as made
from monitor.metrics.watch import excess_sigma
from monitor.totals import sum_spills
from tests.monitor.synthetic import make_spill

NAMES = st.sampled_from([*ALARMS, "Novel", "SR=1", ""])
STREAM = st.none() | st.sampled_from([*STREAMS, "odd", "run=7"])


def alarm(name: str, stream: str | None = None, state: State = State.OK, inhibited: Inhibit | None = None) -> Alarm:
    return Alarm(
        name=name,
        system="background",
        severity="page",
        stream=stream,
        state=state,
        text="",
        action="",
        runbook=runbook(name),
        inhibited=inhibited,
    )


def point(**changed: object) -> StreamPoint:
    values = dict(run=1, burst=2, n=90, value=9.0, expected=8.0, low=6.0, high=11.0, cusum_up=1.5, cusum_down=0.25)
    return StreamPoint(**{**values, "p_high": 0.01, "p_low": 0.99, "state": State.WARN, **changed})


def stream(name: str, *points: StreamPoint, known: bool = True) -> StreamView:
    reference = StreamReference(mean_per_1e12_pot=8.0, phi=1e-4, phi_eff=4e-4, rho=0.3, n_spills=300) if known else None
    return StreamView(
        name=name,
        label=name,
        unit="",
        state=State.WARN,
        reference=reference,
        reason="",
        predicted_false_alarms_per_week=0.05,
        points=list(points),
    )


def parsed(snapshot: Snapshot) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], float] = {}
    for family in text_string_to_metric_families(render(snapshot).decode()):
        for sample in family.samples:
            labels = tuple(sample.labels[name] for name in CATALOGUE[sample.name].labels)
            assert (sample.name, *labels) not in found, "two samples of one label set"
            found[sample.name, *labels] = sample.value
    return found


def full() -> Snapshot:
    spill = make_spill(burst=3)[0]
    return Snapshot(
        totals=sum_spills([spill]),
        last_spill=spill,
        chain={
            "workers": 2,
            "open_bursts": 1,
            "unbooked": 0,
            "duplicates": 1,
            "refused": 0,
            "bad_frames": {},
            "age_s": 0.4,
        },
        streams=[stream(name, point()) for name in STREAMS],
        alarms=[alarm(name) for name in ALARMS],
        viewers=3,
        last_spill_booked_ns=1_760_000_000_500_000_000,
        good_spills=1,
        sealed_chain_spills=1,
        http_refused={"token": 4, "gremlins": 2},
        disk_free_ratio=0.25,
    )


def test_every_metric_of_the_list_is_exported_and_no_other() -> None:
    assert {key[0] for key in parsed(full())} == set(CATALOGUE)
    assert {sample.name for sample in made(full())} == set(CATALOGUE)


def test_numbers_of_a_stream_are_those_of_its_newest_spill() -> None:
    found = parsed(Snapshot(totals=None, streams=[stream("muv3", point(value=1.0, cusum_up=9.0), point())]))
    assert found["dumpwatch_stream_counts_per_1e12_protons", "muv3"] == 9.0
    assert found["dumpwatch_stream_expected_per_1e12_protons", "muv3"] == 8.0
    assert found["dumpwatch_stream_low_per_1e12_protons", "muv3"] == 6.0
    assert found["dumpwatch_stream_high_per_1e12_protons", "muv3"] == 11.0
    assert found["dumpwatch_stream_cusum", "muv3", "up"] == 1.5
    assert found["dumpwatch_stream_cusum", "muv3", "down"] == 0.25
    assert found["dumpwatch_stream_phi_eff", "muv3"] == 4e-4
    assert found["dumpwatch_stream_autocorrelation", "muv3"] == 0.3
    assert found["dumpwatch_predicted_false_alarms_per_week", "muv3"] == 0.05
    assert found["dumpwatch_stream_state", "muv3"] == 1
    assert found["dumpwatch_stream_excess_sigma", "muv3"] == pytest.approx(2.3263, abs=1e-3)


def test_what_is_not_known_of_a_stream_is_absent() -> None:
    bare = point(n=None, value=None, expected=None, low=None, high=None, p_high=None, p_low=None)
    found = {key[0] for key in parsed(Snapshot(totals=None, streams=[stream("lav", bare, known=False)]))}
    assert not [name for name in found if name.endswith(("protons", "sigma", "phi_eff", "autocorrelation"))]
    assert {"dumpwatch_stream_state", "dumpwatch_stream_cusum"} <= found
    assert not [key for key in parsed(Snapshot(totals=None, streams=[stream("SR", point())])) if "stream" in key[0]]


@given(st.floats(1e-250, 1.0), st.booleans())
def test_sigma_is_the_normal_deviate_of_the_smaller_tail(p: float, high: bool) -> None:
    sigma = excess_sigma(*((p, 1.0) if high else (1.0, p)))
    wanted = max(0.0, float(norm.isf(p)))  # an independent one
    assert sigma == pytest.approx(wanted if high else -wanted, rel=1e-6, abs=1e-6)


def test_sigma_of_the_impossible_is_finite() -> None:
    assert excess_sigma(0.0, 1.0) == pytest.approx(37.0, abs=0.2)
    assert excess_sigma(1.0, 0.0) == pytest.approx(-37.0, abs=0.2)
    assert excess_sigma(1.0, 1.0) == 0.0
    assert excess_sigma(None, 0.5) is None and excess_sigma(0.5, None) is None


@given(st.lists(st.builds(alarm, NAMES, STREAM, st.sampled_from(State), st.none() | st.sampled_from(Inhibit))))
def test_labels_of_alarms_are_closed_and_each_state_is_told_once(alarms: list[Alarm]) -> None:
    found = parsed(Snapshot(totals=None, alarms=alarms))
    for (name, *labels), value in found.items():
        for label, text in zip(CATALOGUE[name].labels, labels, strict=True):
            assert text in LABEL_VALUES[label]
        assert value in (*STATES.values(),)
    told = Counter(key[1:] for key in found if key[0] == "dumpwatch_alarm_state")
    assert sum(told.values()) == len({_key(one) for one in alarms})


def _key(one: Alarm) -> tuple[str, str]:
    stream = one.stream or ""
    return one.name if one.name in ALARMS else "other", stream if stream in (*STREAMS, "") else "other"


def test_alarms_of_no_known_name_share_a_label_that_tells_the_worst() -> None:
    odd = [alarm("A", state=State.WARN), alarm("B", state=State.ALARM), alarm("C", state=State.UNKNOWN), alarm("D")]
    found = parsed(Snapshot(totals=None, alarms=odd))
    assert found["dumpwatch_alarm_state", "other", ""] == STATES["ALARM"] == 2
    found = parsed(Snapshot(totals=None, alarms=[odd[0], odd[2]]))
    assert found["dumpwatch_alarm_state", "other", ""] == STATES["UNKNOWN"] == 3


def test_what_holds_an_alarm_back_is_told() -> None:
    found = parsed(Snapshot(totals=None, alarms=[alarm("BackgroundDrift", "q1", State.UNKNOWN, Inhibit.LEARNING)]))
    assert found["dumpwatch_alarm_inhibited", "BackgroundDrift", "q1"] == 1
    assert found["dumpwatch_alarm_acknowledged", "BackgroundDrift", "q1"] == 0


def test_the_page_tells_of_itself() -> None:
    found = parsed(full())
    assert found["dumpwatch_viewers",] == 3 and found["dumpwatch_ledger_disk_free_ratio",] == 0.25
    assert found["dumpwatch_http_refused_total", "token"] == 4 and found["dumpwatch_http_refused_total", "other"] == 2
    assert found["dumpwatch_last_booking_timestamp_seconds",] == 1_760_000_000.5
    assert found["dumpwatch_chain_silence_seconds",] == 0.4
    spill = make_spill(burst=3)[0]
    assert spill.spill_seconds is not None
    rate = spill.triggers["Q1"].generated / spill.spill_seconds
    assert found["dumpwatch_last_spill_generated_hertz", "Q1"] == pytest.approx(rate)


def test_every_metric_has_words_a_unit_and_labels_of_closed_sets() -> None:
    for name, spec in CATALOGUE.items():
        assert spec.name == name and name.startswith("dumpwatch_")
        assert spec.text.endswith(".") and spec.unit and set(spec.labels) <= set(LABEL_VALUES)
        assert (spec.kind == "counter") == name.endswith("_total")
    assert {"region", "run", "burst", "instance", "le"} & set(LABEL_VALUES) == set()


def test_promtool_likes_all_of_them() -> None:
    if (promtool := shutil.which("promtool")) is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing, and in CI a skip is a failure: install prometheus")
        pytest.skip("promtool is missing: METRICS ARE NOT LINTED")
    done = subprocess.run(
        [promtool, "check", "metrics"], input=metrics.render(full()), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
