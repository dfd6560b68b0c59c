// Free-running counters of the last spill: LAV, ANTI0 and the others, per second and per 1e12 protons.

import { byId, element, fillTable, put } from "../lib/dom.js";
import { rate, short } from "../lib/format.js";
import { sparkline } from "../lib/sparkline.js";

const SHOWN = 40;
const ORDER = ["LAV", "ANTI0", "MUV3", "Q1_OR", "QX", "NHOD", "MUV1_OR_MUV2", "IRC"];
const LABELS = { Q1_OR: "Q1 OR", MUV1_OR_MUV2: "MUV1/2" };
const MAX = 2 ** 32; // a reading outside is of a counter that ran backwards: unknown

const read = (spill, name) => { const n = spill.scalers?.[name]; return n >= 0 && n <= MAX ? n : null; };
const second = (spill, name) => (read(spill, name) === null || !spill.spill_seconds ? null : read(spill, name) / spill.spill_seconds);
export const perProtons = (spill, name) => (read(spill, name) === null || !spill.pot ? null : (read(spill, name) * 1e12) / spill.pot);

export function showScalers(spills) {
  const last = spills.at(-1), recent = spills.slice(-SHOWN), there = new Set(recent.flatMap((s) => Object.keys(s.scalers ?? {})));
  // LAV and ANTI0 have a row always: a counter that is not read is unknown, not absent
  const names = ORDER.filter((name) => there.has(name) || name === "LAV" || name === "ANTI0");
  put("scaler-spill", last ? `run ${last.run} burst ${last.burst}` : "");
  fillTable(byId("scaler-table"), last ? names.map((name) => {
    const [number, unit] = rate(second(last, name)), value = element("span", number);
    value.append(" ", element("small", unit));
    return [element("span", LABELS[name] ?? name, "name"), sparkline(recent.map((s) => perProtons(s, name))), value, short(perProtons(last, name))];
  }) : []);
}
