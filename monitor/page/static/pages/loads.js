// What the live page asks for besides the event stream. Each answer stands alone: one that fails takes no other with it.

import { drawBars, flow } from "../charts/bars.js";
import { drawMap } from "../charts/map.js";
import { drawTiles, silentTiles } from "../charts/tiles.js";
import { put } from "../lib/dom.js";
import { keyOf, plural } from "../lib/format.js";
import { ask } from "../lib/http.js";
import { showPotDays } from "../panels/protons.js";
import { showRare } from "../panels/rare.js";
import { wasLookedAt } from "../panels/regions.js";

const BARS = { time_profile: ["chart-time", "blue"], momentum: ["chart-momentum", "violet"], delta_t: ["chart-delta", "blue"], z_vtx: ["chart-vertex", "violet"] };
const TILES = { chod: "chod_tiles", muv3: "muv3_tiles" };
const STREAM_POINTS = 200;

// the newest good answer of each kind; what was never answered is null
export const slow = { runs: null, pot: null, streams: null, halo: null, geometry: {} };

async function take(state, name, path) {
  const { value, absent } = await ask(path);
  if (absent) state.absent.add(name); else if (value) state.absent.delete(name);
  return value;
}

export const loadSpills = async (last) => (await ask(`/api/v1/spills?last=${last}`)).value;

// all points once, then only the newest: a page that is open for a week asks for little
export async function refreshStreams(state, whole) {
  const answer = await take(state, "streams", `/api/v1/streams?last=${whole || !slow.streams ? STREAM_POINTS : 3}`);
  if (!answer) return;
  const before = whole ? new Map() : new Map((slow.streams ?? []).map((stream) => [stream.name, stream.points]));
  slow.streams = answer.streams.map((stream) => ({ ...stream, points: merge(before.get(stream.name) ?? [], stream.points) }));
  slow.rare = answer.rare ?? null;
  slow.rareText = answer.rare_text ?? "";
}

function merge(old, fresh) {
  const all = new Map([...old, ...fresh].map((point) => [keyOf(point), point]));
  return [...all.values()].sort((a, b) => a.run - b.run || a.burst - b.burst).slice(-5 * STREAM_POINTS);
}

async function loadHistograms(state, query) {
  const names = [...Object.keys(BARS), "ztax_cda"];
  const answers = await Promise.all(names.map((name) => take(state, name, `/api/v1/histograms/${name}${query}`)));
  names.forEach((name, i) => {
    const answer = answers[i];
    if (!answer) return;
    if (name === "ztax_cda") drawMap("chart-map", answer, state.status.settings.masked_box);
    else drawBars(...[BARS[name][0], answer, BARS[name][1]]);
    const newest = state.order.at(-1), unseen = name === "ztax_cda" && newest && !wasLookedAt(newest) ? "; the newest was not looked at: no sealing keys" : "";
    put(`of-${name}`, (answer.run === null ? "" : `run ${answer.run}, `) + plural(answer.n_spills, "spill") + unseen);
    put(`flow-${name}`, name === "ztax_cda" ? "" : flow(answer));
  });
}

async function loadTiles(state, detector, query) {
  slow.geometry[detector] ??= await take(state, "geometry", `/api/v1/geometry/${detector}`);
  const answer = await take(state, TILES[detector], `/api/v1/histograms/${TILES[detector]}${query}`), geometry = slow.geometry[detector];
  if (!answer || !geometry) return;
  drawTiles(`chart-${detector}`, geometry, answer);
  const dead = silentTiles(geometry, answer);
  const some = dead === null ? "hits per 100 cm²" : dead.length === 0 ? "hits per 100 cm²; every tile has hits" : `▲ no hit in ${plural(dead.length, "tile")}: ${dead.slice(0, 12).join(", ")}${dead.length > 12 ? " …" : ""}`;
  put(`of-${detector}`, some);
}

export async function loadSlow(state) {
  const run = state.order.at(-1)?.run, query = run === undefined ? "" : `?run=${run}`;
  const [runs, pot, halo] = await Promise.all([
    take(state, "runs", "/api/v1/runs"), take(state, "pot", "/api/v1/pot?by=day"), run === undefined ? null : take(state, "halo", `/api/v1/halo${query}`),
    loadHistograms(state, query), loadTiles(state, "chod", query), loadTiles(state, "muv3", query),
  ]);
  slow.runs = runs?.runs ?? slow.runs;
  slow.halo = halo ?? slow.halo;
  if (pot) { slow.pot = pot; showPotDays(pot, state.status.server_time_ns); }
  showRare(slow.rare, slow.rareText);
}
