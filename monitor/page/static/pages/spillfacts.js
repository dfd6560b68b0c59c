// The row of a spill in words, and the judgement about it.

import { element, power } from "../lib/dom.js";
import { fixed, percent, UNKNOWN, utcFull, whole, words } from "../lib/format.js";

const SOURCES = { OVERRIDE_GOOD: "an operator says good", OVERRIDE_BAD: "an operator says bad" };

// not told is neither good nor bad
export function verdict(spill, judgement) {
  const state = judgement ? (judgement.good ? "OK" : "WARN") : "UNKNOWN";
  const word = judgement ? (judgement.good ? "● GOOD" : "▲ NOT GOOD") : "? NOT JUDGED";
  const reasons = judgement ? judgement.reasons.map((r) => SOURCES[r] ?? words(r)) : ["this monitor tells no judgement"];
  const box = [element("strong", word, `state ${state}`), element("span", reasons.length ? reasons.join(", ") : "nothing speaks against it")];
  if (spill.state === "INCOMPLETE") box.push(element("span", "■ INCOMPLETE", "state ALARM"));
  return box;
}

function protons(spill) {
  const box = element("span");
  if (spill.pot === null) return UNKNOWN;
  box.append(power(spill.pot, 3), " ± ", power(spill.pot_error, 1), " (20 %, the same factor for every spill)");
  return box;
}

export function spillFacts(s) {
  const amps = (v) => (v === null || v === undefined ? UNKNOWN : `${fixed(v, 2)} A`);
  const rows = [
    ["start of burst", utcFull(s.sob_time_ns)], ["kind of data", words(s.mode)],
    ["length", s.spill_seconds === null ? UNKNOWN : `${fixed(s.spill_seconds, 3)} s`],
    ["protons on target", protons(s)], ["T10 as read", s.t10_intensity === null ? UNKNOWN : `${fixed(s.t10_intensity, 2)} × 1e11`],
    ["B1C current", amps(s.b1c_current_a)], ["B2 current", amps(s.b2_current_a)], ["B2 setting", amps(s.b2_set_a)],
    ["live fraction", percent(s.live_fraction, 2)], ["frames", whole(s.n_frames)],
    ["events generated", whole(s.n_events)], ["events counted", whole(s.n_counted)], ["events missing", whole(s.n_missing)],
  ];
  if (s.bias) rows.push(["bias", s.bias], ["weight of an event", String(s.weight)], ["stands for protons", whole(s.equivalent_pot)]);
  return rows;
}
