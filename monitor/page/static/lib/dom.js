// Small helpers on the document.

import { scientific, UNKNOWN } from "./format.js";

export const byId = (id) => document.getElementById(id);

export function put(id, text) {
  const node = byId(id);
  if (node && node.textContent !== text) node.textContent = text;
}

export function element(name, text = "", className = "") {
  const node = document.createElement(name);
  if (text !== "") node.textContent = text;
  if (className) node.className = className;
  return node;
}

export function link(href, text, className = "") {
  const node = element("a", text, className);
  node.href = href;
  return node;
}

export const spillLink = (run, burst, text = `${run}/${burst}`) => link(`/spill/${run}/${burst}`, text);
export const runLink = (run, text = `run ${run}`) => link(`/run/${run}`, text);

// 2.34 x 10^14 as nodes
export function power(n, digits = 2) {
  const piece = document.createDocumentFragment();
  if (n === null || n === undefined) { piece.append(UNKNOWN); return piece; }
  if (n === 0) { piece.append("0"); return piece; }
  const [mantissa, exponent] = scientific(n, digits);
  piece.append(`${mantissa}\u202f×\u202f10`, element("sup", String(exponent)));
  return piece;
}

export const putPower = (id, n, digits = 2) => byId(id)?.replaceChildren(power(n, digits));

// a panel that has nothing to show says why, in words
export function say(id, text) {
  const node = byId(id);
  if (!node) return;
  node.hidden = text === "";
  node.textContent = text;
}

// rows of cells; a cell is text or a node
export function fillTable(table, rows) {
  table.tBodies[0].replaceChildren(...rows.map((cells) => {
    const row = element("tr");
    row.append(...cells.map((cell) => {
      const box = element("td");
      box.append(cell ?? UNKNOWN);
      return box;
    }));
    return row;
  }));
}

export function definition(term, ...values) {
  const box = element("div"), dd = element("dd");
  dd.append(...values);
  box.append(element("dt", term), dd);
  return box;
}
