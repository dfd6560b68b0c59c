// One run: totals, gaps, trends, its spills, what was written about it.

import { drawB2 } from "../charts/b2.js";
import { addDownloads } from "../charts/png.js";
import { drawTrend } from "../charts/trend.js";
import { byId, element, power, put, spillLink } from "../lib/dom.js";
import { keyOf, plural, UNKNOWN, whole, words } from "../lib/format.js";
import { logList } from "../lib/entries.js";
import { ask } from "../lib/http.js";
import { commentForm } from "../panels/acknowledge.js";
import { showTotalRegions } from "../panels/regions.js";
import { perProtons } from "../panels/scalers.js";
import { spillRow } from "../panels/spills.js";
import { linesOf, perSecond } from "../panels/triggers.js";
import { begin, facts, fail, markMade, numbers, step } from "./record.js";

const [run] = numbers();
const SHOWN = 2000;
const COLOURS = ["blue", "orange", "teal", "violet"];

function pair(value, error) {
  const box = element("span");
  box.append(power(value, 3), " ± ", power(error, 1), " (20 %, fully correlated)");
  return box;
}

function runFacts(row, totals) {
  const pot = totals.n_spills > totals.n_without_pot ? pair(totals.pot, totals.pot_error) : UNKNOWN;
  return [
    ["bursts", element("span", `${row.first_burst} to ${row.last_burst}`)], ["spills", whole(totals.n_spills)],
    ["incomplete", whole(totals.n_incomplete)], ["without POT", whole(totals.n_without_pot)], ["protons on target", pot],
    ["events counted", whole(totals.n_counted)], ["events missing", whole(totals.n_missing)],
    ["quality flags", Object.entries(totals.quality).map(([flag, n]) => `${words(flag)} ${n}`).join(", ") || "none"],
  ];
}

function showGaps(gaps) {
  const list = gaps.map((gap) => element("li", gap.first === gap.last ? `burst ${gap.first}` : `bursts ${gap.first} to ${gap.last} (${whole(gap.last - gap.first + 1)})`));
  byId("gaps").replaceChildren(...(list.length ? list : [element("li", "none: every burst between the first and the last is in the ledger")]));
}

function showTrends(spills) {
  const keys = spills.map((s) => String(s.burst)), last = spills.at(-1);
  drawTrend("chart-pot", keys, [{ name: "POT", colour: "blue", values: spills.map((s) => s.pot) }], "");
  drawTrend("chart-b2current", keys, [{ name: "B2", colour: "teal", values: spills.map((s) => s.b2_current_a) }], "A", { min: (v) => Math.floor(v.min - 5), max: (v) => Math.ceil(v.max + 5) });
  drawTrend("chart-halo", keys, [["Q1", "q1_per_1e12_pot", "blue", "circle"], ["MUV3", "muv3_per_1e12_pot", "orange", "rect"]].map(([name, key, colour, symbol]) => ({ name, colour, symbol, values: spills.map((s) => s.halo[key]) })), "per 1e12 POT");
  drawTrend("chart-vetoes", keys, [["LAV", "violet", "circle"], ["ANTI0", "orange", "rect"]].map(([name, colour, symbol]) => ({ name, colour, symbol, values: spills.map((s) => perProtons(s, name)) })), "per 1e12 POT");
  drawTrend("chart-triggers", keys, linesOf(last?.triggers ?? {}).map(([label, name, field], i) => ({ name: label, colour: COLOURS[i % 4], values: spills.map((s) => perSecond(s, name, field) || null) })), "Hz", { type: "log" });
  drawTrend("chart-live", keys, [{ name: "live", colour: "blue", values: spills.map((s) => s.live_fraction) }], "", { min: 0, max: 1 });
}

async function showSpillsAndTrends() {
  const { value, fault } = await ask(`/api/v1/spills?run=${run}&last=${SHOWN}`);
  if (!value) { put("spill-count", fault); return; }
  const spills = value.spills;
  markMade(spills.at(-1)?.mode);
  put("spill-count", spills.length < value.totals.n_spills ? `newest ${SHOWN} of ${whole(value.totals.n_spills)}` : plural(spills.length, "spill"));
  byId("spill-table").tBodies[0].replaceChildren(...[...spills].reverse().map((s) => spillRow(s, false)));
  showTrends(spills);
  const newest = spills.at(-1);
  if (newest) byId("newest").replaceChildren("newest: ", spillLink(newest.run, newest.burst, keyOf(newest)));
}

async function showHalo() {
  const { value, fault } = await ask(`/api/v1/halo?run=${run}`);
  if (!value) { put("b2-fit", fault); return; }
  drawB2("chart-b2", value, "muv3");
  byId("b2-synthetic").hidden = !value.synthetic;
  put("b2-fit", value.fit ? value.fit.sentence : `No fit: ${value.no_fit ?? "too few settings of B2 in this run"}`);
}

async function load() {
  const [{ value, fault, absent }, runs] = await Promise.all([ask(`/api/v1/runs/${run}`), ask("/api/v1/runs")]);
  if (!value) { fail(fault, absent); return; }
  byId("facts").replaceChildren(facts(runFacts(value.run, value.totals)));
  showGaps(value.gaps);
  showTotalRegions(value.totals);
  byId("log").replaceChildren(logList(value.log));
  const known = (runs.value?.runs ?? []).map((row) => row.run), here = known.indexOf(run);
  step("previous", here > 0 && `/run/${known[here - 1]}`, `◀ run ${known[here - 1]}`);
  step("next", here >= 0 && here + 1 < known.length && `/run/${known[here + 1]}`, `run ${known[here + 1]} ▶`);
  document.body.classList.remove("loading");
}

begin(`Run ${run}`);
byId("comment").append(commentForm({ run }, load));
addDownloads(() => `run ${run}${byId("emulated").hidden ? "" : " · EMULATED DATA"}`);
load().then(() => { if (byId("fault").hidden) { showSpillsAndTrends(); showHalo(); } });
