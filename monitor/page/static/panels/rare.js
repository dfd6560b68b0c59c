// Rare counters: what was seen against what is expected. Too few for an alarm, and the panel says so.

import { byId, fillTable, put, say } from "../lib/dom.js";
import { fixed, whole } from "../lib/format.js";
import { CHANNELS } from "./regions.js";

const digits = (x) => (x < 10 ? 1 : 0);
const withError = (x, error) => (x === null ? null : `${fixed(x, digits(x))}${error === null || error === undefined ? "" : ` ± ${fixed(error, digits(x))}`}`);

// rows of the server: {label, observed, expected, expected_error}; an unknown expectation stays unknown
export function showRare(rows, text) {
  const told = rows?.length > 0;
  say("rare-none", told ? "" : "This monitor tells no rare counters.");
  put("rare-text", told ? text : "");
  fillTable(byId("rare-table"), (rows ?? []).map((row) => [CHANNELS[row.label] ?? row.label, whole(row.observed), withError(row.expected, row.expected_error)]));
}
