// The background card: which stream is charted, its state in words, and the halo against B2.

import { drawB2 } from "../charts/b2.js";
import { controlRows, drawControl } from "../charts/control.js";
import { byId, element, put, say } from "../lib/dom.js";
import { fixed, short } from "../lib/format.js";
import { INHIBITS, SHAPES, stateChip, stateOf } from "../lib/states.js";
import { slow } from "./loads.js";

const SHOWN = 200;
const PLAIN = [{ name: "muv3", label: "MUV3" }, { name: "q1", label: "Q1" }];
const FALLBACK = { muv3: (s) => s.halo.muv3_per_1e12_pot, q1: (s) => s.halo.q1_per_1e12_pot };
const chosen = { name: "muv3", changed: () => {} };

export function streamPicker(changed) {
  chosen.changed = changed;
  byId("stream-picker").addEventListener("change", (event) => { chosen.name = event.target.value; changed(); });
}

// radio buttons: arrow keys move between streams
function fillPicker(streams) {
  const box = byId("stream-picker"), names = streams.map((s) => s.name).join();
  if (box.dataset.names !== names) {
    box.dataset.names = names;
    if (!streams.some((s) => s.name === chosen.name)) chosen.name = streams[0].name;
    box.replaceChildren(...streams.map((stream) => {
      const label = element("label"), input = element("input"), text = element("span");
      Object.assign(input, { type: "radio", name: "stream", value: stream.name, checked: stream.name === chosen.name });
      label.append(input, text);
      return label;
    }));
  }
  [...box.children].forEach((label, i) => {
    const { label: name, state } = streams[i];
    label.className = state ? stateOf(state) : "";
    label.lastChild.textContent = state ? `${SHAPES[stateOf(state)]} ${name}` : name;
  });
}

function describe(stream, last) {
  const box = byId("stream-say");
  if (!stream) { box.replaceChildren("Limits are not served by this monitor: rates only, not judged."); return; }
  const reason = stream.reason.replace(new RegExp(`^${stream.state}\\s*`), "");
  const parts = [stateChip(stream.state), ` ${reason}`];
  const ref = stream.reference;
  put("stream-reference", ref ? `reference: ${short(ref.mean_per_1e12_pot)} ${stream.unit}, ${ref.n_spills} spills · predicted false alarms ${fixed(stream.predicted_false_alarms_per_week, 2)} a week` : "no reference yet: not judged");
  if (last?.inhibited && !reason.includes("not judged")) parts.push(` · ${last.key} not judged: ${INHIBITS[last.inhibited] ?? last.inhibited}`);
  box.replaceChildren(...parts);
}

function showHaloCurve(streamName) {
  const halo = slow.halo;
  if (!halo) return;
  const which = halo.curve.some((p) => p.stream === streamName) ? streamName : "muv3";
  drawB2("chart-b2", halo, which);
  byId("b2-synthetic").hidden = !halo.synthetic;
  put("b2-run", halo.run === null ? "" : `run ${halo.run}`);
  say("b2-fit", halo.fit ? halo.fit.sentence : `No fit: ${halo.no_fit ?? "too few settings of B2 in this run"}`);
}

export function drawBackground(spills) {
  const streams = slow.streams?.length ? slow.streams : PLAIN;
  fillPicker(streams);
  const stream = slow.streams?.find((s) => s.name === chosen.name) ?? null;
  const rows = controlRows(spills.slice(-SHOWN), stream, FALLBACK[chosen.name] ?? (() => null));
  const last = rows.at(-1);
  describe(stream, last);
  put("halo-now", last ? `${last.key}: ${short(last.value)} · B2 ${fixed(last.b2, 1)} A` : "");
  drawControl("chart-halo", rows, stream?.unit ?? "per 1e12 POT");
  showHaloCurve(chosen.name);
}
