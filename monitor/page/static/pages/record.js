// What the spill page, the run page and the runbook share: the address, the head, what to say when there is no answer.

import { redraw } from "../charts/plot.js";
import { byId, element, put } from "../lib/dom.js";
import { themed } from "../lib/theme.js";
import { isMade } from "../panels/head.js";

// numbers of the address: /spill/9001/3 gives [9001, 3]
export const numbers = () => window.location.pathname.split("/").slice(2).map(Number);

export function begin(title) {
  document.title = `${title} · dumpwatch`;
  put("title", title);
  themed(redraw);
}

export function markMade(mode) { byId("emulated").hidden = !isMade(mode); }

export function fail(fault, absent, missing = "Not in the ledger, or not served by this monitor.") {
  document.body.classList.remove("loading");
  byId("content").hidden = true;
  byId("fault").hidden = false;
  put("fault", absent ? missing : `No answer: ${fault}.`);
}

export function step(id, path, text) {
  const node = byId(id);
  if (path) { node.href = path; node.textContent = text; }
  node.hidden = !path;
}

export function card(title, className = "") {
  const section = element("section", "", `card ${className}`);
  section.append(element("h2", title));
  return section;
}

// term, value pairs as a two-column table
export function facts(pairs) {
  const table = element("table", "", "lines facts-table"), body = element("tbody");
  for (const [term, value] of pairs) {
    const row = element("tr"), head = element("th", term), cell = element("td");
    head.scope = "row";
    cell.append(value);
    row.append(head, cell);
    body.append(row);
  }
  table.append(body);
  return table;
}
