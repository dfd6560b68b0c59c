"""Recording rules: `level:metric:operations`. Numerator and denominator are summed apart, always `without`."""

from __future__ import annotations

from tools.alerting.rule import HELD

HELD_STATE = {
    "record": HELD,
    # silence never resolves an alarm: UNKNOWN, or no state at all, keeps what was known last, for half a day at most
    "expr": (
        "dumpwatch_alarm_state < 3\n"
        f"or ({HELD} and present_over_time(dumpwatch_alarm_state[12h]))\n"
        "or dumpwatch_alarm_state"
    ),
}

RECORDING = {
    "instance:dumpwatch_events_missing:ratio": (
        "dumpwatch_events_missing_total / (dumpwatch_events_generated_total > 0)"
    ),
    "instance:dumpwatch_good_spills:ratio": (
        "dumpwatch_good_spills_total / (sum without (state) (dumpwatch_spills_total) > 0)"
    ),
    "instance_mask:dumpwatch_triggers_sent:ratio": (
        "dumpwatch_triggers_sent_total / (dumpwatch_triggers_generated_total > 0)"
    ),
    "instance_stream:dumpwatch_stream_counts:ratio_expected": (
        "dumpwatch_stream_counts_per_1e12_protons / (dumpwatch_stream_expected_per_1e12_protons > 0)"
    ),
    "instance:dumpwatch_predicted_false_alarms_per_week:sum": (
        "sum without (stream) (dumpwatch_predicted_false_alarms_per_week)"
    ),
    # a correction may lower a sum of the ledger, which `increase` would take for a restart: hence `delta`
    "instance:dumpwatch_pot_protons:delta1h": "delta(dumpwatch_pot_protons_total[1h])",
    "instance:dumpwatch_spills:delta1h": "delta(dumpwatch_spills_total[1h])",
    "instance:dumpwatch_open_candidates:sum": "sum without (channel) (dumpwatch_open_candidates_total)",
}
