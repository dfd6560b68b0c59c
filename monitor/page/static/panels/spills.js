// The last rows of the ledger, each a link to everything about the spill.

import { byId, element, put, spillLink } from "../lib/dom.js";
import { fixed, keyOf, UNKNOWN, utc, whole, words } from "../lib/format.js";
import { wasLookedAt } from "./regions.js";

const pairsOf = (s) => Object.values(s.candidates).reduce((sum, regions) => sum + Object.values(regions).reduce((a, b) => a + b, 0), 0);

export function spillRow(s, fresh) {
  const row = element("tr", "", s.quality.length ? "flag" : ""), first = element("td");
  if (fresh) row.classList.add("fresh-row");
  first.append(spillLink(s.run, s.burst));
  const cells = [utc(s.sob_time_ns), s.pot === null ? UNKNOWN : fixed(s.pot / 1e12, 2), fixed(s.b2_current_a, 1), whole(s.n_counted), whole(s.n_missing), whole(s.triggers.Q1?.sent), whole(s.triggers.H2?.sent), wasLookedAt(s) ? whole(pairsOf(s)) : UNKNOWN];
  row.append(first, ...cells.map((text) => element("td", text)));
  row.append(element("td", s.quality.length ? `▲ ${s.quality.map(words).join(", ")}` : "no flag", "left"));
  row.lastChild.title = s.quality.join(", ");
  return row;
}

export function showSpills(spills, shown, total, freshKey) {
  put("spill-count", total === null ? "" : `${whole(total)} in the ledger`);
  byId("spill-table").tBodies[0].replaceChildren(...spills.slice(-shown).reverse().map((s) => spillRow(s, keyOf(s) === freshKey)));
}
