// States of systems, streams and alarms: always a shape, a word and a colour together.

import { element } from "./dom.js";

export const SHAPES = { OK: "●", WARN: "▲", ALARM: "■", UNKNOWN: "?" };
export const WORDS = { OK: "OK", WARN: "WARN", ALARM: "ALARM", UNKNOWN: "UNKNOWN" };
const RANK = { ALARM: 0, WARN: 1, UNKNOWN: 2, OK: 3 };

export const stateOf = (word) => (word in SHAPES ? word : "UNKNOWN"); // a word this page does not know is not OK
export const rankOf = (word) => RANK[stateOf(word)];

export const INHIBITS = {
  no_beam: "no beam", magnet_ramp: "magnet ramping", magnet_off: "magnet off its setting",
  bad_spill: "spill not usable", learning: "learning the reference",
};

export function shapeOf(word) {
  const shape = element("span", SHAPES[stateOf(word)], "shape");
  shape.setAttribute("aria-hidden", "true");
  return shape;
}

export function stateChip(word) {
  const chip = element("span", "", `state ${stateOf(word)}`);
  chip.append(shapeOf(word), ` ${WORDS[stateOf(word)]}`);
  return chip;
}
