"""The six dashboards: which metric is shown where. Units and texts come from the metric list."""

from __future__ import annotations

from dataclasses import dataclass

from tools.grafana.panels import HELD_BACK, STATE_WORDS, YES_NO, Panel, Query, metric, of, recorded

GOALS = ((None, "blue"), (1.4e17, "green"), (1.0e18, "purple"))
SIGMAS = ((None, "green"), (3.0, "yellow"), (5.0, "red"))
NO_FAULT = ((None, "green"), (1.0, "red"))
LOSS = ((None, "green"), (1e-6, "yellow"), (1e-3, "red"))
LIVE = ((None, "red"), (0.9, "yellow"), (0.95, "green"))
AGE = ((None, "green"), (60.0, "yellow"), (120.0, "red"))
STREAMS = {
    "muv3": "MUV3 halo muons",
    "q1": "Q1_OR, CHOD halo",
    "h2": "H2, two CHOD clusters",
    "lav": "LAV",
    "anti0": "ANTI0",
    "pairs": "Events with several tracks",
    "vertices": "Visible vertices",
}


@dataclass(frozen=True, slots=True)
class Board:
    """One dashboard: rows of panels."""

    uid: str
    title: str
    text: str
    rows: tuple[tuple[str, tuple[Panel, ...]], ...]


def _stat(title: str, query: Query, **more: object) -> Panel:
    return Panel("stat", title, (query,), span=4, height=4, **more)  # type: ignore[arg-type]


def _series(title: str, *queries: Query, **more: object) -> Panel:
    return Panel("series", title, queries, **more)  # type: ignore[arg-type]


def _age(name: str) -> Query:
    return of(metric(name), "time() - {}")


_ALARM_STATES = Panel(
    "states",
    "Alarms",
    (of(metric("alarm_state"), "max by (alarm, stream) ({})", "{{alarm}} {{stream}}"),),
    words=STATE_WORDS,
    span=24,
    height=10,
)
_RINGING = _stat(
    "Alarms ringing",
    of(metric("alarm_state"), "count({} == 2) or vector(0)", "alarms"),
    text="Number of alarms in state ALARM.",
    unit="short",
    steps=NO_FAULT,
)
_UNKNOWN = _stat(
    "Alarms not known",
    of(metric("alarm_state"), "count({} == 3) or vector(0)", "alarms"),
    text="Number of alarms that cannot be judged. Silence is never OK.",
    unit="short",
    steps=((None, "green"), (1.0, "purple")),
)
_NEWEST = _stat(
    "Newest spill booked",
    _age("last_booking_timestamp_seconds"),
    text="Time since the newest row was committed [s].",
    unit="s",
    steps=AGE,
)
_LIVE = _stat("Live fraction", metric("last_spill_live_ratio"), steps=LIVE)
_POT_SUM = _stat("Protons on target", metric("pot_protons_total"), steps=GOALS)
_LOST = _stat(
    "Events missing",
    recorded("instance:dumpwatch_events_missing:ratio", "events_missing_total"),
    text="Part of the triggered events in frames that could not be had.",
    unit="percentunit",
    steps=LOSS,
)
_HALO = _series(
    "Halo per 1e12 POT",
    metric("last_spill_muv3_per_1e12_protons", "MUV3"),
    metric("last_spill_q1_per_1e12_protons", "Q1_OR"),
    text="Free-running counts per 1e12 protons on target, spill by spill.",
    span=12,
)
_RATES = _series("Triggers before downscaling", metric("last_spill_generated_hertz"), span=12)
_B2 = _series(
    "Current of B2",
    metric("last_spill_b2_current_amperes", "read"),
    metric("last_spill_b2_setting_amperes", "set"),
    text="Current of B2 as read, and the setting that the spill was announced with [A].",
    span=12,
)

SHIFT = Board(
    "dumpwatch-shift",
    "Shift overview",
    "One glance: is anything ringing, do spills arrive, is the beam as it should be.",
    (
        ("Now", (_RINGING, _UNKNOWN, _NEWEST, _LIVE, _POT_SUM, _LOST)),
        ("Alarms", (_ALARM_STATES,)),
        (
            "Beam and background",
            (
                _HALO,
                _RATES,
                _B2,
                _series("Protons on target per spill", metric("last_spill_pot_protons"), span=12),
            ),
        ),
    ),
)

TRIGGER = Board(
    "dumpwatch-trigger",
    "Trigger and rates",
    "Level 0: what was generated, what was sent, and the time that was live.",
    (
        (
            "Per spill",
            (
                _RATES,
                _series("Triggers after downscaling", metric("last_spill_sent_hertz"), span=12),
                _series("Triggered events per spill", metric("last_spill_events")),
                _series("Live fraction", metric("last_spill_live_ratio"), steps=LIVE),
                _series("Length of the spill", metric("last_spill_length_seconds")),
            ),
        ),
        (
            "Sums over the ledger",
            (
                _series("Triggers generated", metric("triggers_generated_total")),
                _series("Triggers sent", metric("triggers_sent_total")),
                _series(
                    "Sent of generated",
                    recorded("instance_mask:dumpwatch_triggers_sent:ratio", "triggers_sent_total", "{{mask}}"),
                    text="Part of the triggers that the downscaling let through, over the ledger.",
                    unit="percentunit",
                ),
            ),
        ),
        (
            "Open regions",
            (
                _series("Pairs in the open regions", metric("open_candidates_total"), span=12),
                _series(
                    "Pairs in the open regions, all channels",
                    recorded("instance:dumpwatch_open_candidates:sum", "open_candidates_total"),
                    text="Sum over the channels. Masked pairs are never shown and never counted here.",
                    span=12,
                ),
            ),
        ),
    ),
)


def _stream(name: str, label: str) -> Panel:
    return _series(
        label,
        metric("stream_counts_per_1e12_protons", "observed", stream=name),
        metric("stream_expected_per_1e12_protons", "expected", stream=name),
        metric("stream_low_per_1e12_protons", "low", stream=name),
        metric("stream_high_per_1e12_protons", "high", stream=name),
        text=f"{label} per 1e12 protons on target, with what is expected and the control limits of one spill.",
    )


HALO = Board(
    "dumpwatch-halo",
    "Halo and B2",
    "Background per proton against its frozen reference, beside the magnet that makes it.",
    (
        (
            "Magnets",
            (_B2, _series("Current of B1C", metric("last_spill_b1c_current_amperes"), span=12)),
        ),
        ("Streams with their control limits", tuple(_stream(name, label) for name, label in STREAMS.items())),
        (
            "Statistics",
            (
                _series("Excess", metric("stream_excess_sigma"), steps=SIGMAS, span=12),
                _series("CUSUM", metric("stream_cusum"), span=12),
                _series(
                    "Observed over expected",
                    recorded(
                        "instance_stream:dumpwatch_stream_counts:ratio_expected",
                        "stream_counts_per_1e12_protons",
                        "{{stream}}",
                    ),
                    text="Counts of the newest spill over what is expected.",
                    unit="percentunit",
                    span=12,
                ),
                _HALO,
            ),
        ),
    ),
)

POT = Board(
    "dumpwatch-pot",
    "Protons on target",
    "The accounting: protons, good spills, and books that balance. The error is 20 %, fully correlated.",
    (
        (
            "Sums",
            (
                _POT_SUM,
                _stat(
                    "Last hour",
                    recorded("instance:dumpwatch_pot_protons:delta1h", "pot_protons_total"),
                    text="Protons on target booked in the last hour.",
                ),
                _stat("Good spills", metric("good_spills_total")),
                _stat(
                    "Good of all",
                    recorded("instance:dumpwatch_good_spills:ratio", "good_spills_total"),
                    text="Part of the spills that the accounting judges good.",
                    unit="percentunit",
                    steps=LIVE,
                ),
                _stat("Imbalance", of(metric("ledger_imbalance_events"), "abs({})"), steps=NO_FAULT),
                _LOST,
            ),
        ),
        (
            "Protons",
            (
                _series("Protons on target", metric("pot_protons_total"), steps=GOALS, span=12),
                _series("Protons on target per spill", metric("last_spill_pot_protons"), span=12),
            ),
        ),
        (
            "Spills",
            (
                _series("Spills booked", metric("spills_total")),
                _series(
                    "Spills in the last hour",
                    recorded("instance:dumpwatch_spills:delta1h", "spills_total", "{{state}}"),
                    text="Spills booked in the last hour, by state.",
                ),
                _series("Spills with a quality flag", metric("spills_flagged_total")),
                _series("Events generated", metric("events_generated_total", "generated"), span=12),
                _series(
                    "Events counted and missing",
                    metric("events_counted_total", "counted"),
                    metric("events_missing_total", "missing"),
                    text="generated = counted + missing, or the books are wrong.",
                    span=12,
                ),
            ),
        ),
    ),
)

SYSTEM = Board(
    "dumpwatch-system",
    "System health",
    "The chain, the ledger and the page.",
    (
        (
            "Now",
            (
                _stat(
                    "Monitor answers",
                    Query('up{job="dumpwatch",instance=~"$instance"}', "{{instance}}", "up"),
                    text="Whether Prometheus reaches the monitor.",
                    unit="none",
                    words=YES_NO,
                ),
                _stat("Ledger readable", metric("ledger_readable"), words=YES_NO),
                _stat("Workers ready", metric("workers_ready"), steps=((None, "red"), (1.0, "green"))),
                _stat("Chain silent for", metric("chain_silence_seconds"), steps=((None, "green"), (5.0, "red"))),
                _stat(
                    "Disk of the ledger free",
                    metric("ledger_disk_free_ratio"),
                    steps=((None, "red"), (0.05, "yellow"), (0.15, "green")),
                ),
                _NEWEST,
            ),
        ),
        (
            "Chain",
            (
                _series(
                    "Bursts under way", metric("open_bursts", "open"), metric("unbooked_bursts", "wait for the ledger")
                ),
                _series("Frames made", metric("frames_total")),
                _series("Frames that came again", metric("frames_duplicate_total")),
                _series("Frames refused", metric("frames_bad_total"), steps=NO_FAULT),
                _series("Bursts refused", metric("bursts_refused_total"), steps=NO_FAULT),
                _series(
                    "Sealed spills in the chain",
                    metric("sealed_chain_spills"),
                    text="A chain that gets shorter was cut off.",
                ),
                _series(
                    "From SOB to the committed row",
                    of(
                        metric("last_booking_timestamp_seconds"),
                        '{} - dumpwatch_last_spill_timestamp_seconds{instance=~"$instance"}',
                    ),
                    text="Time from the start of the newest burst to its row in the ledger, spill length included [s].",
                    unit="s",
                ),
            ),
        ),
        (
            "Page",
            (
                _series("Pages that are open", metric("viewers")),
                _series("Requests refused", metric("http_refused_total")),
                _series(
                    "Duration of a scrape",
                    Query('scrape_duration_seconds{job="dumpwatch",instance=~"$instance"}', "{{instance}}", "scrape"),
                    text="How long Prometheus waits for the metrics [s].",
                    unit="s",
                ),
            ),
        ),
    ),
)

ALARMS = Board(
    "dumpwatch-alarms",
    "Alarms",
    "What rings, what is held back, who has seen it, and how good the alarms are.",
    (
        ("Now", (_RINGING, _UNKNOWN, _ALARM_STATES)),
        (
            "Alerts of Prometheus",
            (
                Panel(
                    "table",
                    "Firing",
                    (Query('ALERTS{alertstate="firing"}', "{{alertname}}", "ALERTS"),),
                    text="Alerts as Prometheus has them. Watchdog fires always: it is the heartbeat.",
                    unit="none",
                    span=24,
                ),
            ),
        ),
        (
            "Held back and acknowledged",
            (
                Panel(
                    "states",
                    "Held back for a known reason",
                    (of(metric("alarm_inhibited"), "max by (alarm, stream) ({})", "{{alarm}} {{stream}}"),),
                    words=HELD_BACK,
                    span=12,
                ),
                Panel(
                    "states",
                    "Acknowledged",
                    (of(metric("alarm_acknowledged"), "max by (alarm, stream) ({})", "{{alarm}} {{stream}}"),),
                    words=HELD_BACK,
                    span=12,
                ),
            ),
        ),
        (
            "How good the alarms are",
            (
                Panel("states", "State of the streams", (metric("stream_state"),), words=STATE_WORDS, span=12),
                _series("Predicted false alarms", metric("predicted_false_alarms_per_week"), span=12),
                _stat(
                    "Predicted, all streams",
                    recorded(
                        "instance:dumpwatch_predicted_false_alarms_per_week:sum", "predicted_false_alarms_per_week"
                    ),
                    steps=((None, "green"), (0.5, "red")),
                    text="Sum over the streams; the budget is half a false page a week.",
                ),
                _series("Overdispersion", metric("stream_phi_eff"), span=10),
                _series("Autocorrelation of spills", metric("stream_autocorrelation"), unit="none", span=10),
            ),
        ),
    ),
)

BOARDS = (SHIFT, TRIGGER, HALO, POT, SYSTEM, ALARMS)
