// Trigger rates of the last spill, and how they went over the last ones.

import { byId, element, fillTable, put } from "../lib/dom.js";
import { percent, rate } from "../lib/format.js";
import { sparkline } from "../lib/sparkline.js";

const SHOWN = 40;
const ORDER = ["Q1", "H2", "LKR"];
const order = (name) => { const i = ORDER.indexOf(name); return i < 0 ? 99 : i; };

// [label, mask, field]: Q1, Q1/20, H2 and so on
export function linesOf(triggers) {
  return Object.entries(triggers).sort(([a], [b]) => order(a) - order(b)).flatMap(([name, mask]) => [
    [name, name, "generated"], ...(mask.downscaling > 1 ? [[`${name}/${mask.downscaling}`, name, "sent"]] : []),
  ]);
}

export const perSecond = (spill, name, field) => (spill.triggers[name] && spill.spill_seconds ? spill.triggers[name][field] / spill.spill_seconds : null);

export function showTriggers(spills) {
  const last = spills.at(-1), table = byId("trigger-table");
  put("trigger-spill", last ? `run ${last.run} burst ${last.burst}` : "");
  put("live-fraction", last ? `live ${percent(last.live_fraction)}` : "");
  if (!last) { table.tBodies[0].replaceChildren(); return; }
  const recent = spills.slice(-SHOWN);
  fillTable(table, linesOf(last.triggers).map(([label, name, field]) => {
    const [number, unit] = rate(perSecond(last, name, field)), value = element("span", number, "rate");
    value.append(" ", element("small", unit));
    return [element("span", label, "name"), sparkline(recent.map((s) => perSecond(s, name, field))), value];
  }));
}
