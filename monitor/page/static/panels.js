// Text panels: each takes what is known and writes it; what is not known is shown as unknown, never as zero.

import { age, byId, element, fixed, power, put, putPower, rate, sparkline, UNKNOWN, utc, whole } from "./format.js";

const SHAPES = { OK: "●", WARN: "▲", ALARM: "■", UNKNOWN: "?" };
const CHANNELS = { mumu_os: "μ⁺μ⁻", mumu_pp: "μ⁺μ⁺", mumu_mm: "μ⁻μ⁻", emu_os: "e±μ∓", emu_ss: "e±μ±" };
const MODES = { BEAM_DUMP: "beam dump", KAON: "kaon mode", EMULATED: "emulated", BIASED: "biased emulation" };
const CHAIN_SILENT_S = 5;

export function showHeader(status) {
  const chain = status.chain;
  const silent = chain.age_s === null || chain.age_s > CHAIN_SILENT_S;
  const run = (silent ? null : chain.run) ?? status.last_spill_run;
  const burst = (silent ? null : chain.burst) ?? status.last_spill_burst;
  put("run", run === null ? UNKNOWN : String(run));
  put("burst", burst === null ? UNKNOWN : String(burst));
  const mode = (silent ? null : chain.mode) ?? status.last_spill_mode;
  put("mode", MODES[mode] ?? "mode unknown");
  byId("emulated").hidden = ![chain.mode, status.last_spill_mode].some((m) => m === "EMULATED" || m === "BIASED");
  document.title = run === null ? "dumpwatch" : `${run}/${burst} · dumpwatch`;
  put("program", `dumpwatch ${status.program}`);
}

export function showFreshness(seconds, overdue, live) {
  if (!live) {
    byId("freshness").className = "fresh UNKNOWN";
    put("fresh-shape", SHAPES.UNKNOWN);
    put("fresh-text", "not live");
    return;
  }
  const state = seconds === null ? "UNKNOWN" : seconds > overdue ? "WARN" : "OK";
  byId("freshness").className = `fresh ${state}`;
  put("fresh-shape", SHAPES[state]);
  put("fresh-text", seconds === null ? "no spill yet" : state === "OK" ? `last spill ${age(seconds)} ago` : `no spill for ${age(seconds)}`);
}

export function showProgress(chain) {
  const silent = chain.age_s === null || chain.age_s > CHAIN_SILENT_S;
  put("phase", silent ? "unknown" : chain.phase ?? "unknown");
  put("spill-id", silent ? (chain.age_s === null ? "the chain says nothing" : `silent for ${age(chain.age_s)}`) : chain.run === null ? "" : `run ${chain.run} burst ${chain.burst ?? UNKNOWN}`);
  put("events-now", silent ? UNKNOWN : whole(chain.events_counted));
  const known = !silent && chain.frames_counted !== null && chain.frames_expected !== null && chain.frames_expected > 0;
  byId("frames-bar").classList.toggle("open", !silent && !known && chain.frames_counted !== null && chain.phase === "spill");
  const part = known ? Math.min(1, chain.frames_counted / chain.frames_expected) : 0;
  byId("frames-fill").style.width = known ? `${100 * part}%` : "";
  put("frames-text", silent || chain.frames_counted === null ? "frames unknown" : `${whole(chain.frames_counted)} of ${chain.frames_expected === null ? "…" : whole(chain.frames_expected)} frames`);
}

export function showPot(totals, goals, run, last) {
  if (!totals) return;
  const any = totals.n_spills > totals.n_without_pot;
  putPower("pot-total", any ? totals.pot : null);
  const error = byId("pot-error");
  if (any) error.replaceChildren("± ", power(totals.pot_error, 1), totals.n_without_pot ? ` (20 %) · ${totals.n_without_pot} ${totals.n_without_pot === 1 ? "spill" : "spills"} without POT` : " (20 %, fully correlated)");
  byId("goals").replaceChildren(...goals.map((goal) => {
    const box = element("div", "", "goal"), name = element("span"), bar = element("div", "", "bar"), fill = element("i");
    name.append("of ", power(goal, goal % 1e18 === 0 ? 0 : 1));
    const percent = (100 * totals.pot) / goal;
    fill.style.width = `${Math.min(100, percent)}%`;
    bar.append(fill);
    box.append(name, element("span", `${percent > 0 && percent < 0.0001 ? "< 0.0001" : percent < 0.01 ? percent.toFixed(4) : percent.toPrecision(3)} %`), bar);
    return box;
  }));
  putPower("pot-run", run ? run.pot : null);
  putPower("pot-last", last ? last.pot : null);
}

export function showChain(totals, chain) {
  const silent = chain.age_s === null || chain.age_s > CHAIN_SILENT_S;
  if (totals) {
    put("counted", whole(totals.n_counted));
    put("missing", whole(totals.n_missing));
    put("incomplete", whole(totals.n_incomplete));
    put("n-spills", whole(totals.n_spills));
    byId("box-missing").classList.toggle("bad", totals.n_missing > 0);
    byId("box-incomplete").classList.toggle("bad", totals.n_incomplete > 0);
    const lost = totals.n_events - totals.n_counted - totals.n_missing;
    put("balance", lost === 0 ? `${whole(totals.n_events)} generated = counted + missing` : `BOOKS WRONG: ${whole(lost)} events unaccounted for`);
  }
  put("workers", silent ? UNKNOWN : whole(chain.workers));
  byId("box-workers").classList.toggle("bad", !silent && chain.workers === 0);
  put("open-bursts", silent ? UNKNOWN : whole(chain.open_bursts));
  put("duplicates", silent ? UNKNOWN : whole(chain.duplicates));
  put("refused", silent ? UNKNOWN : whole(chain.refused));
  byId("box-refused").classList.toggle("bad", !silent && chain.refused > 0);
  const bad = silent || chain.bad_frames === null ? null : Object.entries(chain.bad_frames).filter(([, n]) => n > 0);
  put("bad-count", bad === null ? UNKNOWN : whole(bad.reduce((sum, [, n]) => sum + n, 0)));
  byId("box-bad").classList.toggle("bad", bad !== null && bad.length > 0);
  byId("box-bad").title = (bad ?? []).map(([why, n]) => `${why}: ${n}`).join(", ");
}

export function showLast(last) {
  put("last-id", last ? `${last.run}/${last.burst}` : UNKNOWN);
  put("last-events", last ? whole(last.n_counted) : UNKNOWN);
  put("last-live", last && last.live_fraction !== null ? `${(100 * last.live_fraction).toFixed(1)} %` : UNKNOWN);
}

export function showStates(answer) {
  byId("states").replaceChildren(...answer.alarms.map((alarm) => {
    const row = element("li", "", alarm.state), say = element("span", alarm.text, "say");
    if (alarm.state !== "OK" && alarm.action) say.append(element("em", alarm.action));
    const shape = element("span", SHAPES[alarm.state], "shape");
    shape.title = alarm.state;
    const name = element("b", alarm.name);
    row.append(shape, name, say);
    row.setAttribute("aria-label", `${alarm.name}: ${alarm.state}`);
    return row;
  }));
  put("not-evaluated", `not watched by this version: ${answer.not_evaluated.join(", ")}`);
}

export function showTriggers(spills) {
  const last = spills.at(-1);
  put("trigger-spill", last ? `run ${last.run} burst ${last.burst}` : "");
  const body = byId("trigger-table").tBodies[0];
  if (!last) { body.replaceChildren(); return; }
  const lines = [];
  for (const [name, mask] of Object.entries(last.triggers).sort(([a], [b]) => order(a) - order(b))) {
    lines.push([name, name, "generated"]);
    if (mask.downscaling > 1) lines.push([`${name}/${mask.downscaling}`, name, "sent"]);
  }
  body.replaceChildren(...lines.map(([label, name, field]) => {
    const of = (s) => (s.triggers[name] && s.spill_seconds ? s.triggers[name][field] / s.spill_seconds : null);
    const [number, unit] = rate(of(last)), row = element("tr"), value = element("td", number, "rate"), line = element("td");
    value.append(" ", element("small", unit));
    line.append(sparkline(spills.slice(-40).map(of)));
    row.append(element("td", label, "name"), line, value);
    return row;
  }));
}

const order = (name) => { const i = ["Q1", "H2", "LKR"].indexOf(name); return i < 0 ? 99 : i; };

export function showRegions(totals) {
  if (!totals) return;
  const channels = Object.keys(totals.candidates);
  const table = byId("region-table");
  if (!channels.length) { table.tBodies[0].replaceChildren(); return; }
  const rank = (region) => { const i = ["OCR1", "OCR2", "OCR3", "OUTSIDE", "INSIDE"].indexOf(region); return i < 0 ? 99 : i; };
  const regions = [...new Set(channels.flatMap((ch) => Object.keys(totals.candidates[ch])))].filter((r) => r !== "INSIDE").sort((a, b) => rank(a) - rank(b));
  const head = element("tr");
  head.append(element("th", "pair"), ...regions.map((r) => element("th", r === "OUTSIDE" ? "outside" : r)), element("th", "in box"));
  table.tHead.replaceChildren(head);
  const known = Object.keys(CHANNELS);
  channels.sort((a, b) => (known.indexOf(a) + 99) % 99 - (known.indexOf(b) + 99) % 99);
  table.tBodies[0].replaceChildren(...channels.map((channel) => {
    const row = element("tr"), counts = totals.candidates[channel];
    row.append(element("td", CHANNELS[channel] ?? channel));
    for (const region of regions) row.append(element("td", whole(counts[region] ?? null), counts[region] ? "" : "zero"));
    // the box is masked unless the collaboration opened this channel there; a zero is never shown for a masked box
    const opened = counts.INSIDE > 0 && channel !== "mumu_os";
    row.append(element("td", opened ? whole(counts.INSIDE) : "", opened ? "" : "sealed"));
    if (!opened) row.lastChild.title = "masked";
    return row;
  }));
}

export function showSpills(spills, shown, total, freshKey) {
  put("spill-count", total === null ? "" : `${whole(total)} in the ledger`);
  const rows = spills.slice(-shown).reverse().map((s) => {
    const row = element("tr", "", s.quality.length ? "flag" : "");
    if (`${s.run}/${s.burst}` === freshKey) row.classList.add("fresh-row");
    const pairs = Object.values(s.candidates).reduce((sum, regions) => sum + Object.values(regions).reduce((a, b) => a + b, 0), 0);
    const cells = [`${s.run}/${s.burst}`, utc(s.sob_time_ns), s.pot === null ? UNKNOWN : fixed(s.pot / 1e12, 2), fixed(s.b2_current_a, 1), whole(s.n_counted), whole(s.n_missing), whole(s.triggers.Q1?.sent), whole(s.triggers.H2?.sent), whole(pairs)];
    row.append(...cells.map((text) => element("td", text)));
    row.append(element("td", s.quality.length ? `▲ ${s.quality.map((q) => q.toLowerCase().replaceAll("_", " ")).join(", ")}` : "good", "left"));
    row.lastChild.title = s.quality.join(", ");
    return row;
  });
  byId("spill-table").tBodies[0].replaceChildren(...rows);
}
