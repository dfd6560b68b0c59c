// Spill clock: where in the cycle we are. Times come from what was seen on the stream and from the rows of the ledger.

import { byId, put, spillLink } from "../lib/dom.js";
import { age, percent, UNKNOWN, whole } from "../lib/format.js";
import { isSilent } from "./head.js";

const WORDS = { spill: "spill", closing: "closing", gap: "gap", idle: "idle" };
const LEAST_CYCLE_S = 4;

// SOB to SOB [s]: median over neighbouring bursts of one run; null when the stamps are not those of a real cycle
export function cycleOf(spills) {
  const steps = [];
  for (let i = 1; i < spills.length; i += 1) {
    const [a, b] = [spills[i - 1], spills[i]];
    if (a.run === b.run && b.burst === a.burst + 1) steps.push((b.sob_time_ns - a.sob_time_ns) / 1e9);
  }
  const middle = steps.slice(-21).sort((a, b) => a - b)[Math.floor((Math.min(21, steps.length) - 1) / 2)];
  return middle > LEAST_CYCLE_S ? middle : null;
}

// when this page saw the phase of this burst begin; null when it began before the page came
const seen = { phase: null, burst: null, at: null };
export function notePhase(chain, at) {
  const phase = isSilent(chain) ? null : chain.phase === "closing" ? "spill" : chain.phase;
  if (phase === seen.phase && (phase === "gap" || chain.burst === seen.burst)) return;
  const known = seen.phase !== null && phase !== null;
  Object.assign(seen, { phase, burst: chain.burst, at: known ? at : null });
}

// seconds into the phase: as seen; else, for a page that came later, from the stamps of the last row; else null
function inside(last, cycle, now, wallNs) {
  if (seen.at !== null) return (now - seen.at) / 1000;
  if (!last || cycle === null) return null;
  const start = seen.phase === "spill" && seen.burst === last.burst + 1 ? cycle : seen.phase === "gap" && seen.burst === last.burst ? last.spill_seconds : null;
  const gone = start === null ? null : (wallNs - last.sob_time_ns) / 1e9 - start;
  return gone !== null && gone >= 0 && gone < cycle ? gone : null;
}

// [part 0..1 or null, words]
function progress(last, cycle, gone) {
  const length = last?.spill_seconds ?? null, gap = cycle && length ? cycle - length : null;
  if (seen.phase === "spill") {
    if (gone === null) return [null, "began before this page"];
    if (length && gone > length + 1) return [1, `${length.toFixed(1)} s, over for ${age(gone - length)}`];
    return [length ? Math.min(1, gone / length) : null, `${gone.toFixed(1)} s${length ? ` of ${length.toFixed(1)} s` : ""}`];
  }
  if (seen.phase !== "gap") return [null, ""];
  if (gone === null || gap === null) return [null, cycle ? `cycle ${cycle.toFixed(1)} s` : ""];
  if (gone > gap + 3) return [null, `next spill is ${age(gone - gap)} late`];
  return [Math.min(1, gone / gap), `next spill in ${Math.max(0, gap - gone).toFixed(0)} s`];
}

// now: this page's monotonic clock [ms]; wallNs: the server's wall clock
export function showClock(chain, spills, now, wallNs) {
  const silent = isSilent(chain), phase = silent ? null : chain.phase, last = spills.at(-1), cycle = cycleOf(spills);
  const [part, words] = progress(last, cycle, inside(last, cycle, now, wallNs));
  put("phase", WORDS[phase] ?? "unknown");
  byId("phase").className = `word phase-${WORDS[phase] ? phase : "unknown"}`;
  put("spill-id", silent ? (chain.age_s === null ? "the chain says nothing" : `silent for ${age(chain.age_s)}`) : chain.run === null ? "" : `run ${chain.run} burst ${chain.burst ?? UNKNOWN}`);
  put("clock-text", silent ? "time in the cycle unknown" : words);
  const bar = byId("clock-bar");
  bar.classList.toggle("open", !silent && part === null && phase === "spill");
  bar.classList.toggle("gap", phase === "gap");
  byId("clock-fill").style.width = !silent && part !== null ? `${100 * part}%` : "";
  put("events-now", silent ? UNKNOWN : whole(chain.events_counted));
  put("frames-text", silent || chain.frames_counted === null ? "frames unknown" : `${whole(chain.frames_counted)} of ${chain.frames_expected === null ? "…" : whole(chain.frames_expected)} frames`);
}

export function showLast(last) {
  if (last) byId("last-id").replaceChildren(spillLink(last.run, last.burst)); else put("last-id", UNKNOWN);
  put("last-events", last ? whole(last.n_counted) : UNKNOWN);
  put("last-live", last ? percent(last.live_fraction) : UNKNOWN);
}
