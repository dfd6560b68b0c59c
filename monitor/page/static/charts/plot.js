// The plots on a page: made on first use, kept by name, drawn in the colours of the style sheet.

import { byId } from "../lib/dom.js";

const LIBRARY = "/static/vendor/echarts.min.js";
const TOKENS = ["text", "dim", "line", "blue", "orange", "teal", "violet", "alarm", "warn", "card", "band", "seal-a", "seal-b", "heat-0", "heat-1", "heat-2", "heat-3", "heat-4"];
const plots = new Map();
const painters = new Map();
let library = null;

// the library is large: it is asked for after the numbers are on the page
export function ready() {
  library ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = LIBRARY;
    script.onload = done;
    script.onerror = () => { library = null; fail(new TypeError("the plot library cannot be loaded")); };
    document.head.append(script);
  });
  return library;
}

export const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);

let palette = null;
export function colours() {
  if (palette) return palette;
  const probe = document.createElement("i");
  document.body.append(probe);
  palette = Object.fromEntries(TOKENS.map((name) => {
    probe.style.color = `var(--${name})`; // resolves light-dark()
    return [name, getComputedStyle(probe).color];
  }));
  probe.remove();
  return palette;
}

// `paint(node)` gives the options of the plot; it is called again on a new size or theme
export function draw(id, paint) {
  const node = byId(id);
  if (!node) return;
  painters.set(id, paint);
  ready().then(() => { if (painters.get(id) === paint) show(id, node, paint); }, () => {});
}

function show(id, node, paint) {
  if (!plots.has(id)) {
    plots.set(id, window.echarts.init(node, null, { renderer: "canvas" }));
    boxes.observe(node);
  }
  plots.get(id).setOption(paint(node), true);
  node.classList.add("drawn");
}

export const plotOf = (id) => plots.get(id);

export function redraw() {
  palette = null;
  for (const [id, plot] of plots) { plot.resize(); plot.setOption(painters.get(id)(byId(id)), true); }
}

// a plot follows its box: the window may change, and so may the text beside it
const boxes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const plot = plots.get(target.id);
    if (!plot || (plot.getWidth() === target.clientWidth && plot.getHeight() === target.clientHeight)) continue;
    plot.resize();
    plot.setOption(painters.get(target.id)(target), true);
  }
});
