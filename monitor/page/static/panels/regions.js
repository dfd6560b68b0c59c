// Pairs in the open regions. The box is sealed: it has no number, and no zero.

import { byId, element, fillTable, power, put } from "../lib/dom.js";
import { plural, whole } from "../lib/format.js";

export const CHANNELS = {
  mumu_os: "μ⁺μ⁻", mumu_pp: "μ⁺μ⁺", mumu_mm: "μ⁻μ⁻", emu_os: "e±μ∓", emu_ss: "e±μ±", ee_os: "e⁺e⁻", ee_ss: "e±e±", pipi_os: "π⁺π⁻",
  pipi_gamma: "π⁺π⁻γ", pipi_pi0: "π⁺π⁻π⁰", pipi_2pi0: "π⁺π⁻π⁰π⁰", pipi_eta: "π⁺π⁻η", kk: "K⁺K⁻", kk_pi0: "K⁺K⁻π⁰", pipi_ss: "π±π±",
  mupi_os: "μ±π∓", mupi_ss: "μ±π±", lav_inverted: "μ⁺μ⁻, LAV", anti0_inverted: "π⁺π⁻, ANTI0", upstream: "π⁺π⁻, upstream",
};
const REGIONS = ["OCR1", "OCR2", "OCR3", "OUTSIDE", "INSIDE"];
const rank = (list, name) => { const i = list.indexOf(name); return i < 0 ? 99 : i; };

function sealed() {
  const box = element("span", "sealed", "sealed-word");
  box.title = "masked: never shown";
  return box;
}

// same-sign and e mu pairs may be opened by the collaboration; opposite-sign muon pairs never are on this page
const OPENABLE = ["mumu_pp", "mumu_mm", "emu_os", "emu_ss"];
const isOpened = (channel, counts) => counts.INSIDE > 0 && OPENABLE.includes(channel);

// without sealing keys no event with several tracks is counted: then zero is not known, and shown as a dash
export const wasLookedAt = (spill) => !spill.quality.includes("NOT_SEALED") || spill.counts.vertices > 0;

const isEmpty = (candidates) => Object.values(candidates ?? {}).every((regions) => Object.values(regions).every((n) => n === 0));

// says how many spills are not sealed; whether they are all
function allUnsealed(note, totals) {
  const unsealed = totals?.quality?.NOT_SEALED ?? 0;
  if (unsealed) note.append(element("strong", `${whole(unsealed)} of ${plural(totals.n_spills, "spill")} not sealed: without keys no pair is counted. `));
  return unsealed > 0 && unsealed === totals.n_spills;
}

// beam alone when there is any; else the one kind of biased spills there is, and what it stands for
export function showTotalRegions(totals) {
  const kinds = Object.entries(totals?.biased ?? {}), beam = totals && totals.n_spills > kinds.reduce((n, [, b]) => n + b.n_spills, 0);
  const note = byId("region-note");
  note.replaceChildren();
  const unsealed = allUnsealed(note, totals), show = (candidates) => showRegions(candidates, !(unsealed && isEmpty(candidates)));
  if (beam || kinds.length !== 1) {
    show(totals?.candidates);
    if (kinds.length) note.append(beam ? "biased spills are not in here: see the run" : "biased spills of several kinds: see each run");
    return;
  }
  const [kind, biased] = kinds[0];
  show(biased.candidates);
  note.append("biased: ", kind, biased.equivalent_pot ? "; stands for " : "", biased.equivalent_pot ? power(biased.equivalent_pot) : "", biased.equivalent_pot ? " protons that were never on target" : "");
}

// what is sealed with, and how far: whoever writes the head down can show later that nothing was cut off
export function showSeal(status) {
  const kind = status.settings.sealing_keys, chain = status.sealed;
  const keys = { demonstration: "DEMONSTRATION keys: nothing sealed with them is secret", real: "sealed for the custodians' keys" }[kind] ?? "no sealing keys here";
  put("seal-keys", keys);
  put("seal-chain", chain?.spills ? `${plural(chain.spills, "sealed spill")}, head ${chain.head.slice(0, 16)}…` : "");
  byId("seal-chain").title = chain?.head ?? "";
}

export function showRegions(candidates, looked = true) {
  const channels = Object.keys(candidates ?? {}), table = byId("region-table");
  if (!channels.length) { table.tBodies[0].replaceChildren(); return; }
  const known = Object.keys(CHANNELS);
  channels.sort((a, b) => rank(known, a) - rank(known, b));
  const regions = [...new Set(channels.flatMap((ch) => Object.keys(candidates[ch])))].filter((r) => r !== "INSIDE").sort((a, b) => rank(REGIONS, a) - rank(REGIONS, b));
  const head = element("tr");
  head.append(...["pair", ...regions.map((r) => (r === "OUTSIDE" ? "outside" : r)), "in box"].map((text) => { const th = element("th", text); th.scope = "col"; return th; }));
  table.tHead.replaceChildren(head);
  fillTable(table, channels.map((channel) => {
    const counts = candidates[channel];
    if (!looked) return [CHANNELS[channel] ?? channel, ...regions.map(() => null), "not seen"];
    return [CHANNELS[channel] ?? channel, ...regions.map((r) => whole(counts[r] ?? null)), isOpened(channel, counts) ? whole(counts.INSIDE) : sealed()];
  }));
  for (const word of table.querySelectorAll(".sealed-word")) word.parentElement.className = "sealed";
}
