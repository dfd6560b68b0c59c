// The live page: keeps what is known, asks again after every (re)connection, and never shows old data as live.

import { drawBars, drawHalo, drawMap, onResize } from "./charts.js";
import { age, byId, put } from "./format.js";
import { showChain, showFreshness, showHeader, showLast, showPot, showProgress, showRegions, showSpills, showStates, showTriggers } from "./panels.js";
import { follow, get } from "./stream.js";

const state = { status: null, statusAt: 0, spills: new Map(), order: [], runs: [], histograms: {}, fresh: null, lostAt: null };
const SLOW_MS = 1500; // sums and histograms are fetched at most this often

function settings() { return state.status.settings; }

function sortSpills() {
  state.order = [...state.spills.values()].sort((a, b) => a.run - b.run || a.burst - b.burst).slice(-settings().history_spills);
  state.spills = new Map(state.order.map((s) => [`${s.run}/${s.burst}`, s]));
}

function drawSpills() {
  const last = state.order.at(-1);
  showSpills(state.order, settings().page_spills, state.status.totals?.n_spills ?? null, state.fresh);
  showTriggers(state.order);
  showLast(last);
  showPot(state.status.totals, settings().pot_goals, state.runs.find((r) => r.run === last?.run), last);
  put("halo-now", last?.halo.q1_per_1e12_pot ? `Q1 ${last.halo.q1_per_1e12_pot.toExponential(3)} · MUV3 ${last.halo.muv3_per_1e12_pot?.toExponential(3) ?? "–"} · B2 ${last.b2_current_a?.toFixed(1) ?? "–"} A` : "");
  drawHalo(state.order);
}

function drawHistograms() {
  const h = state.histograms;
  if (h.time_profile) drawBars("chart-time", h.time_profile, "blue");
  if (h.momentum) drawBars("chart-momentum", h.momentum, "violet");
  if (h.ztax_cda) drawMap(h.ztax_cda, settings().masked_box);
  if (h.ztax_cda) put("map-run", h.ztax_cda.run === null ? "" : `run ${h.ztax_cda.run}, ${h.ztax_cda.n_spills} spills`);
}

async function loadSlow() {
  const run = state.order.at(-1)?.run;
  const query = run === undefined ? "" : `?run=${run}`;
  const names = ["time_profile", "momentum", "ztax_cda"];
  const [runs, alarms, ...sums] = await Promise.all([get("/api/v1/runs"), get("/api/v1/alarms"), ...names.map((n) => get(`/api/v1/histograms/${n}${query}`))]);
  state.runs = runs.runs;
  names.forEach((name, i) => { state.histograms[name] = sums[i]; });
  showStates(alarms);
  drawHistograms();
  drawSpills();
}

async function loadAll() {
  const answer = await get(`/api/v1/spills?last=${settings().history_spills}`);
  state.spills = new Map(answer.spills.map((s) => [`${s.run}/${s.burst}`, s]));
  state.fresh = null;
  sortSpills();
  drawSpills();
  await loadSlow();
  document.body.classList.remove("loading");
}

let slowTimer = null;
function soon(work, delay = SLOW_MS) {
  if (slowTimer !== null) return;
  slowTimer = setTimeout(async () => { slowTimer = null; await quietly(work); }, delay);
}

// an answer that fails is shown by the banner and by the states; it is asked for again, not hidden
async function quietly(work) {
  try { await work(); } catch (error) {
    if (!(error instanceof TypeError || /: 5\d\d$/.test(error.message))) throw error;
    soon(loadAll, 2 * SLOW_MS);
  }
}

async function refreshStates() {
  if (state.status && state.lostAt === null) await quietly(async () => showStates(await get("/api/v1/alarms")));
}

follow({
  status(status, first) {
    const restarted = state.status && state.status.instance !== status.instance;
    const back = state.status && !state.status.ledger.readable && status.ledger.readable;
    state.status = status.totals ? status : { ...status, totals: state.status?.totals ?? null };
    state.statusAt = Date.now();
    state.lostAt = null;
    document.body.classList.toggle("lost", !status.ledger.readable);
    byId("lost").hidden = status.ledger.readable;
    if (!status.ledger.readable) put("lost-text", "The ledger cannot be read: what is below is the last known state");
    showHeader(status);
    showProgress(status.chain);
    showChain(state.status.totals, status.chain);
    showRegions(state.status.totals);
    put("viewers", String(status.viewers));
    tick();
    if (first || restarted || back) quietly(loadAll);
  },
  spill(spill) {
    state.fresh = `${spill.run}/${spill.burst}`;
    state.spills.set(state.fresh, spill);
    sortSpills();
    requestAnimationFrame(drawSpills);
    soon(loadSlow);
  },
  reset() { quietly(loadAll); },
  lost(why, heard) {
    state.lostAt = state.lostAt ?? heard;
    document.body.classList.add("lost");
    byId("lost").hidden = false;
    put("lost-text", `${why}`);
    tick();
  },
});

function tick() {
  put("clock", `${new Date().toISOString().slice(11, 19)} UTC`);
  if (state.lostAt !== null) put("lost-text", `Connection lost: nothing below is live, it is ${age((Date.now() - state.lostAt) / 1000)} old. Connecting again …`);
  if (!state.status) return;
  const booked = state.status.last_spill_age_s;
  showFreshness(booked === null ? null : booked + (Date.now() - state.statusAt) / 1000, settings().overdue_seconds, state.lostAt === null && state.status.ledger.readable);
}

setInterval(tick, 500);
setInterval(refreshStates, 5000);
onResize(() => { if (state.status) { drawSpills(); drawHistograms(); } });
