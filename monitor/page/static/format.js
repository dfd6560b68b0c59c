// Numbers and small pieces of the page. Text goes in as text only: nothing from the server is ever taken as markup.

export const byId = (id) => document.getElementById(id);

export function put(id, text) {
  const node = byId(id);
  if (node.textContent !== text) node.textContent = text;
}

export function element(name, text = "", className = "") {
  const node = document.createElement(name);
  if (text !== "") node.textContent = text;
  if (className) node.className = className;
  return node;
}

export const UNKNOWN = "–";

const grouped = new Intl.NumberFormat("en", { useGrouping: true, maximumFractionDigits: 0 });
export const whole = (n) => (n === null || n === undefined ? UNKNOWN : grouped.format(n).replaceAll(",", "\u202f"));
export const fixed = (x, digits) => (x === null || x === undefined ? UNKNOWN : x.toFixed(digits).replace("-", "\u2212"));

// 2.34 x 10^14 as nodes
export function power(n, digits = 2) {
  const piece = document.createDocumentFragment();
  if (n === null || n === undefined) { piece.append(UNKNOWN); return piece; }
  if (n === 0) { piece.append("0"); return piece; }
  let exponent = Math.floor(Math.log10(Math.abs(n)));
  let mantissa = (n / 10 ** exponent).toFixed(digits);
  if (Math.abs(Number(mantissa)) >= 10) { exponent += 1; mantissa = (n / 10 ** exponent).toFixed(digits); }
  piece.append(`${mantissa}\u202f×\u202f10`, element("sup", String(exponent)));
  return piece;
}

export function putPower(id, n, digits = 2) { byId(id).replaceChildren(power(n, digits)); }

export function age(seconds) {
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

export function utc(ns) {
  const date = new Date(ns / 1e6);
  return Number.isNaN(date.getTime()) ? UNKNOWN : date.toISOString().slice(11, 19);
}

export function rate(perSecond) {
  if (perSecond === null) return [UNKNOWN, ""];
  if (perSecond >= 1e6) return [(perSecond / 1e6).toFixed(2), "MHz"];
  if (perSecond >= 1e3) return [(perSecond / 1e3).toFixed(perSecond >= 1e5 ? 0 : 1), "kHz"];
  return [perSecond.toFixed(perSecond >= 100 ? 0 : 1), "Hz"];
}

export function sparkline(values) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const known = values.filter((v) => v !== null);
  if (known.length > 1) {
    const low = Math.min(...known), high = Math.max(...known);
    const middle = (low + high) / 2, half = Math.max((high - low) / 2, 0.05 * Math.abs(middle), 1e-9);
    const line = document.createElementNS(space, "polyline");
    const step = 100 / (values.length - 1);
    line.setAttribute("points", values.map((v, i) => (v === null ? "" : `${(i * step).toFixed(1)},${(15 - (12 * (v - middle)) / half).toFixed(1)}`)).join(" "));
    svg.append(line);
  }
  return svg;
}
