// One state per system, in letters to be read from across the room. Quiet when all is well, loud when not.

import { byId, element } from "../lib/dom.js";
import { shapeOf, stateOf, WORDS } from "../lib/states.js";

const SYSTEMS = ["beam", "trigger", "background", "accounting", "chain", "alarms"];

// made once: a tile keeps its place and its focus, whatever its state becomes
function tile(name) {
  const node = element("a", "", "system");
  node.href = "#alarms";
  node.dataset.system = name;
  node.append(element("span", "", "lamp"), element("b", name), element("span", "", "word"), element("span", "", "text"));
  return node;
}

function fill(node, name, state, text) {
  const now = `${state}|${text}`;
  if (node.dataset.now === now) return;
  node.dataset.now = now;
  node.className = `system ${state}`;
  node.querySelector(".lamp").replaceChildren(shapeOf(state));
  node.querySelector(".word").textContent = WORDS[state];
  node.querySelector(".text").textContent = text;
  node.setAttribute("aria-label", `${name}: ${WORDS[state]}. ${text}`);
}

// `live` false: nothing is known about now, whatever was last heard
export function showSystems(systems, live) {
  const box = byId("systems");
  if (!box.children.length) box.append(...SYSTEMS.map(tile));
  const known = new Map((systems ?? []).map((system) => [system.name, system]));
  for (const node of box.children) {
    const name = node.dataset.system, system = known.get(name);
    if (!live) fill(node, name, "UNKNOWN", system ? `last heard: ${WORDS[stateOf(system.state)]}` : "no connection");
    else if (system) fill(node, name, stateOf(system.state), system.text ?? "");
    else fill(node, name, "UNKNOWN", "not told by this monitor");
  }
}
