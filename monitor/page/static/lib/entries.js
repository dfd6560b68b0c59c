// Log entries and revisions: who said or changed what, and when.

import { element } from "./dom.js";
import { utcFull } from "./format.js";

const KINDS = { comment: "comment", acknowledge: "alarm taken", rebase: "new alarm reference", alert: "alert" };

export function logList(rows) {
  const list = element("ul", "", "log");
  list.append(...[...rows].reverse().map((row) => {
    const item = element("li"), head = element("div", "", "log-head");
    head.append(element("b", row.who), ` ${KINDS[row.kind] ?? row.kind}${row.subject ? ` (${row.subject})` : ""}${row.burst === null || row.burst === undefined ? "" : `, burst ${row.burst}`} `, element("time", utcFull(row.booked_ns), "dim"));
    item.append(head, element("p", row.text));
    return item;
  }));
  if (!rows.length) list.append(element("li", "nothing written", "dim"));
  return list;
}
