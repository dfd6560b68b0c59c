// Protons on target: today, this run, all; against the target lines; when a target is reached at this pace.

import { byId, element, power, put, putPower } from "../lib/dom.js";
import { plural, utcDate, whole } from "../lib/format.js";
import { drawProtons } from "../charts/protons.js";

function share(part) {
  if (part > 0 && part < 0.0001) return "< 0.0001 %";
  return `${part < 0.01 ? part.toFixed(4) : part.toPrecision(3)} %`;
}

// a goal without a date says why; none is made up
function whenReached(projections, goal) {
  const found = projections.find((row) => row.goal === goal);
  if (!found) return "";
  if (found.date === null) return found.reason === "reached" ? "reached" : "no date yet";
  return `about ${found.date}${found.earliest && found.latest ? ` (${found.earliest} to ${found.latest})` : ""}`;
}

function goalRow(goal, totals, any, projections) {
  const box = element("div", "", "goal"), name = element("span"), bar = element("div", "", "bar"), fill = element("i");
  const part = (100 * totals.pot) / goal, when = whenReached(projections, goal);
  name.append("of ", power(goal, goal % 1e18 === 0 ? 0 : 1));
  name.append(element("small", ` ${when}`));
  name.title = projections.find((row) => row.goal === goal)?.reason ?? when;
  fill.style.width = any ? `${Math.min(100, part)}%` : "";
  bar.append(fill);
  box.append(name, element("span", any ? share(part) : "–"), bar);
  return box;
}

export function showPot(totals, goals, projections, good) {
  if (!totals) return;
  const any = totals.n_spills > totals.n_without_pot, without = totals.n_without_pot;
  putPower("pot-total", any ? totals.pot : null);
  const error = byId("pot-error");
  if (any) error.replaceChildren("± ", power(totals.pot_error, 1), without ? ` (20 %) · ${plural(without, "spill")} without POT` : " (20 %, fully correlated)");
  put("pot-good", good ? `${whole(good.n_good)} of ${plural(totals.n_spills, "spill")} good` : "");
  byId("goals").replaceChildren(...goals.map((goal) => goalRow(goal, totals, any, projections)));
}

export function showPotRun(run, last) {
  putPower("pot-run", run && run.pot > 0 ? run.pot : null);
  putPower("pot-last", last ? last.pot : null);
}

export function showPotDays(answer, serverTimeNs) {
  const today = answer.rows.find((row) => row.key === (answer.today ?? utcDate(serverTimeNs)));
  putPower("pot-today", today && today.n_spills > today.n_without_pot ? today.pot : null);
  drawProtons("chart-pot", answer.rows, answer.goals);
}
