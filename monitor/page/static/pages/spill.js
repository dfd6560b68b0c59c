// Everything about one spill.

import { drawBars } from "../charts/bars.js";
import { drawMap } from "../charts/map.js";
import { addDownloads } from "../charts/png.js";
import { drawTiles } from "../charts/tiles.js";
import { byId, element, fillTable, put, runLink } from "../lib/dom.js";
import { fixed, keyOf, rate, short, utcFull, whole, words } from "../lib/format.js";
import { logList } from "../lib/entries.js";
import { ask } from "../lib/http.js";
import { INHIBITS, stateChip } from "../lib/states.js";
import { commentForm } from "../panels/acknowledge.js";
import { showRegions, wasLookedAt } from "../panels/regions.js";
import { perProtons } from "../panels/scalers.js";
import { begin, facts, fail, markMade, numbers, step } from "./record.js";
import { spillFacts, verdict } from "./spillfacts.js";

const [run, burst] = numbers();
const path = `/api/v1/spills/${run}/${burst}`;
const BARS = { time_profile: ["chart-time", "blue"], momentum: ["chart-momentum", "violet"], delta_t: ["chart-delta", "blue"], z_vtx: ["chart-vertex", "violet"] };
const STREAM_POINTS = 2000;

function showCounts(spill) {
  const seconds = spill.spill_seconds, per = (n) => (seconds ? rate(n / seconds).join(" ") : null);
  fillTable(byId("triggers"), Object.entries(spill.triggers).map(([name, m]) => [name, whole(m.generated), whole(m.sent), `1/${m.downscaling}`, per(m.generated)]));
  fillTable(byId("scalers"), Object.entries(spill.scalers ?? {}).map(([name, n]) => [name, whole(n), per(n), short(perProtons(spill, name))]));
  const looked = wasLookedAt(spill), unseen = (name) => !looked && ["vertices", "selected", "not_selected"].includes(name);
  fillTable(byId("counts"), Object.entries(spill.counts).map(([name, n]) => [name.replaceAll("_", " "), unseen(name) ? null : whole(n)]));
  const gone = spill.missing.map((m) => element("li", `frames ${m.first_seq} to ${m.last_seq ?? "the end, number unknown"}: ${m.reason}`));
  byId("missing-frames").replaceChildren(...(gone.length ? gone : [element("li", "none", "dim")]));
  showRegions(spill.candidates, looked);
}

function showRevisions(rows) {
  fillTable(byId("revisions"), rows.map((r) => [String(r.revision), utcFull(r.booked_ns), r.who ?? "collector", r.state, r.pot === null ? null : `${fixed(r.pot / 1e12, 3)}e12`, r.why ?? ""]));
}

async function showStreams() {
  const { value, fault } = await ask(`/api/v1/streams?last=${STREAM_POINTS}`);
  if (!value) { put("streams-say", `limits: ${fault}`); return; }
  const found = value.streams.map((s) => [s, s.points.find((p) => keyOf(p) === `${run}/${burst}`)]).filter(([, p]) => p);
  put("streams-say", found.length ? "" : "This spill is older than the history that is kept for the limits, or was not judged.");
  fillTable(byId("streams"), found.map(([s, p]) => [s.label, short(p.value), short(p.expected), p.low === null ? null : `${short(p.low)} to ${short(p.high)}`, p.inhibited ? `not judged: ${INHIBITS[p.inhibited] ?? p.inhibited}` : stateChip(p.state)]));
}

async function showHistograms() {
  const [status, ...answers] = await Promise.all([ask("/api/v1/status"), ...[...Object.keys(BARS), "ztax_cda", "chod_tiles", "muv3_tiles"].map((name) => ask(`${path}/histograms/${name}`))]);
  Object.values(BARS).forEach(([id, colour], i) => { if (answers[i].value) drawBars(id, answers[i].value, colour); });
  const [map, ...tiles] = answers.slice(4);
  if (map.value) drawMap("chart-map", map.value, status.value?.settings.masked_box ?? null);
  for (const [i, name] of ["chod", "muv3"].entries()) {
    const geometry = await ask(`/api/v1/geometry/${name}`);
    if (geometry.value && tiles[i].value) drawTiles(`chart-${name}`, geometry.value, tiles[i].value);
  }
  put("histograms-say", answers[0].value ? "" : `histograms of this spill: ${answers[0].fault}`);
}

async function load() {
  const { value, fault, absent } = await ask(path);
  if (!value) { fail(fault, absent); return; }
  const { spill, judgement, revisions, log, previous, next } = value;
  markMade(spill.mode);
  byId("verdict").replaceChildren(...verdict(spill, judgement));
  byId("facts").replaceChildren(facts(spillFacts(spill)));
  byId("digests").replaceChildren(facts([["configuration", spill.config_digest], ["mask", spill.mask_digest], ["content", spill.content_digest]].map(([k, v]) => [k, element("code", v)])));
  step("previous", previous && `/spill/${previous.run}/${previous.burst}`, previous && `◀ ${keyOf(previous)}`);
  step("next", next && `/spill/${next.run}/${next.burst}`, next && `${keyOf(next)} ▶`);
  showCounts(spill);
  showRevisions(revisions);
  byId("log").replaceChildren(logList(log));
  put("flags", spill.quality.length ? spill.quality.map(words).join(", ") : "no quality flag");
  document.body.classList.remove("loading");
}

begin(`Run ${run} burst ${burst}`);
byId("up").replaceChildren(runLink(run));
byId("comment").append(commentForm({ run, burst }, load));
addDownloads(() => `run ${run} burst ${burst}${byId("emulated").hidden ? "" : " · EMULATED DATA"}`);
load().then(() => { if (byId("fault").hidden) { showStreams(); showHistograms(); } });
