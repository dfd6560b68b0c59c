// The live page: keeps what is known, asks again after every (re)connection, and never shows old data as live.

import { addDownloads } from "../charts/png.js";
import { redraw } from "../charts/plot.js";
import { byId, put } from "../lib/dom.js";
import { age, keyOf } from "../lib/format.js";
import { ask } from "../lib/http.js";
import { follow } from "../lib/stream.js";
import { themed } from "../lib/theme.js";
import { alarmsUnknown, showAlarms } from "../panels/alarms.js";
import { showBooks, showChain, showPace } from "../panels/chain.js";
import { notePhase, showClock, showLast } from "../panels/clock.js";
import { isMade, noteAbsent, showFreshness, showHead, showLost } from "../panels/head.js";
import { showPot, showPotRun } from "../panels/protons.js";
import { showSeal, showTotalRegions } from "../panels/regions.js";
import { showScalers } from "../panels/scalers.js";
import { showSpills } from "../panels/spills.js";
import { showSystems } from "../panels/systems.js";
import { showTriggers } from "../panels/triggers.js";
import { drawBackground, streamPicker } from "./background.js";
import { loadSlow, loadSpills, refreshStreams, slow } from "./loads.js";

const state = { status: null, statusAt: 0, clockSkew: 0, spills: new Map(), order: [], fresh: null, lostAt: null, absent: new Set() };
const SLOW_MS = 2500; // sums and histograms are asked for at most this often
const settings = () => state.status.settings;

function sortSpills() {
  state.order = [...state.spills.values()].sort((a, b) => a.run - b.run || a.burst - b.burst).slice(-settings().history_spills);
  state.spills = new Map(state.order.map((s) => [keyOf(s), s]));
}

function drawSpills() {
  const last = state.order.at(-1);
  showSpills(state.order, settings().page_spills, state.status.totals?.n_spills ?? null, state.fresh);
  showTriggers(state.order);
  showScalers(state.order);
  showLast(last);
  showPace(state.order);
  showPotRun(slow.runs?.find((run) => run.run === last?.run), last);
  drawBackground(state.order);
}

function drawTotals() {
  const totals = state.status.totals;
  showBooks(totals);
  showTotalRegions(totals);
  showSeal(state.status);
  showPot(totals, settings().pot_goals, slow.pot?.projections ?? [], slow.pot?.good ?? null);
}

async function loadRest() {
  await loadSlow(state);
  drawSpills();
  drawTotals();
  noteAbsent([...state.absent]);
}

async function loadAll() {
  const answer = await loadSpills(settings().history_spills);
  if (!answer) { soon(loadAll, 2 * SLOW_MS); return; }
  state.spills = new Map(answer.spills.map((s) => [keyOf(s), s]));
  state.fresh = null;
  sortSpills();
  drawSpills();
  drawTotals();
  document.body.classList.remove("loading");
  await refreshStreams(state, true);
  await refreshAlarms();
  await loadRest();
}

async function refreshAlarms() {
  const { value, fault } = await ask("/api/v1/alarms");
  if (value) showAlarms(value, refreshAlarms); else if (state.lostAt === null) alarmsUnknown(fault);
}

let timer = null;
function soon(work, delay = SLOW_MS) {
  if (timer === null) timer = setTimeout(() => { timer = null; work(); }, delay);
}

follow({
  status(status, first) {
    const restarted = state.status && state.status.instance !== status.instance;
    const back = state.status && !state.status.ledger.readable && status.ledger.readable;
    state.status = status.totals ? status : { ...status, totals: state.status?.totals ?? null };
    state.statusAt = performance.now();
    state.clockSkew = status.server_time_ns / 1e6 - Date.now();
    state.lostAt = null;
    showLost(status.ledger.readable ? "" : "The ledger cannot be read: what is below is the last known state");
    notePhase(status.chain, state.statusAt);
    showHead(status);
    showSystems(status.systems, true);
    showChain(status.chain);
    drawTotals();
    put("viewers", String(status.viewers));
    tick();
    if (first || restarted || back) loadAll();
  },
  spill(spill) {
    state.fresh = keyOf(spill);
    state.spills.set(state.fresh, spill);
    sortSpills();
    requestAnimationFrame(drawSpills);
    refreshStreams(state, false).then(() => drawBackground(state.order));
    soon(loadRest, document.hidden ? 8 * SLOW_MS : SLOW_MS * (0.4 + 0.2 * Math.random()));
  },
  alarms(answer) { if (answer?.alarms) showAlarms(answer, refreshAlarms); else refreshAlarms(); },
  reset() { loadAll(); },
  lost(why, heard) {
    state.lostAt = state.lostAt ?? heard;
    state.why = why;
    notePhase({ age_s: null }, 0);
    tick();
  },
});

function tick() {
  put("clock", `${new Date(Date.now() + state.clockSkew).toISOString().slice(11, 19)} UTC`);
  const lost = state.lostAt !== null;
  if (lost) {
    showLost(`${state.why}: nothing below is live, it is ${age((Date.now() - state.lostAt) / 1000)} old. Connecting again …`);
    showSystems(state.status?.systems, false);
  }
  if (!state.status) return;
  const chain = lost ? { ...state.status.chain, age_s: null } : state.status.chain;
  showClock(chain, state.order, performance.now(), (Date.now() + state.clockSkew) * 1e6);
  if (lost) showChain(chain);
  const booked = state.status.last_spill_age_s;
  showFreshness(booked === null ? null : booked + (performance.now() - state.statusAt) / 1000, settings().overdue_seconds, !lost && state.status.ledger.readable);
}

function describe() {
  const last = state.order.at(-1), made = isMade(last?.mode) ? " · EMULATED DATA" : "", old = state.lostAt === null ? "" : " · NOT LIVE";
  return `${last ? `up to spill ${keyOf(last)} · ` : ""}${byId("program").textContent} · ${new Date().toISOString().slice(0, 19)} UTC${made}${old}`;
}

setInterval(tick, 250);
setInterval(() => { if (state.status && state.lostAt === null) refreshAlarms(); }, 10_000);
streamPicker(() => drawBackground(state.order));
addDownloads(describe);
themed(redraw);
