// Run, burst, kind of data, how old the last booked spill is. Old data never looks live.

import { byId, element, put } from "../lib/dom.js";
import { age, UNKNOWN, words } from "../lib/format.js";
import { SHAPES } from "../lib/states.js";

const MODES = { BEAM_DUMP: "beam dump", KAON: "kaon mode", EMULATED: "emulated", BIASED: "biased emulation" };
export const CHAIN_SILENT_S = 5;
export const isSilent = (chain) => chain.age_s === null || chain.age_s > CHAIN_SILENT_S;
export const isMade = (mode) => mode === "EMULATED" || mode === "BIASED";

export function showHead(status) {
  const chain = status.chain, silent = isSilent(chain);
  const run = (silent ? null : chain.run) ?? status.last_spill_run;
  const burst = (silent ? null : chain.burst) ?? status.last_spill_burst;
  const mode = (silent ? null : chain.mode) ?? status.last_spill_mode;
  put("run", run === null ? UNKNOWN : String(run));
  put("burst", burst === null ? UNKNOWN : String(burst));
  put("mode", MODES[mode] ?? (mode ? words(mode) : "mode unknown"));
  byId("emulated").hidden = ![chain.mode, status.last_spill_mode].some(isMade);
  byId("run-link").href = run === null ? "/" : `/run/${run}`;
  put("program", `dumpwatch ${status.program}`);
  title(status, run === null ? "dumpwatch" : `${run}/${burst} · dumpwatch`);
}

// a tab in the background says by its title that something is wrong
function title(status, plain) {
  const loud = (status.systems ?? []).filter((system) => system.state === "ALARM").length;
  document.title = loud ? `${SHAPES.ALARM} ${plain}` : plain;
}

export function showFreshness(seconds, overdue, live) {
  const state = !live || seconds === null ? "UNKNOWN" : seconds > overdue ? "WARN" : "OK";
  byId("freshness").className = `fresh ${state}`;
  put("fresh-shape", SHAPES[state]);
  const said = seconds === null ? "no spill yet" : state === "OK" ? `last spill ${age(seconds)} ago` : `no spill for ${age(seconds)}`;
  put("fresh-text", live ? said : "not live");
}

export function showLost(text) {
  document.body.classList.toggle("lost", text !== "");
  byId("lost").hidden = text === "";
  put("lost-text", text);
}

export function noteAbsent(names) {
  const node = byId("absent");
  if (node) node.replaceChildren(names.length ? element("span", `not served by this monitor: ${names.join(", ")}`) : "");
}
