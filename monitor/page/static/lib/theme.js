// Dark, light or as the system says; paper is always light.

import { byId } from "./dom.js";

const NEXT = { auto: "dark", dark: "light", light: "auto" };
const root = document.documentElement;
const media = window.matchMedia("(prefers-color-scheme: light)");

const wish = () => root.dataset.theme ?? "auto";
export const isLight = () => (wish() === "auto" ? media.matches : wish() === "light");

function choose(theme) {
  if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* not kept: the system decides next time */ }
}

// `redraw` is called after every change; plots are drawn in the colours of the moment
export function themed(redraw) {
  const button = byId("theme");
  const label = () => { if (button) button.textContent = `Theme: ${wish()}`; };
  button?.addEventListener("click", () => { choose(NEXT[wish()]); label(); redraw(); });
  byId("print")?.addEventListener("click", () => window.print());
  media.addEventListener("change", redraw);
  let before = null;
  window.addEventListener("beforeprint", () => { before = wish(); root.dataset.theme = "light"; redraw(); });
  window.addEventListener("afterprint", () => {
    if (before === "auto") delete root.dataset.theme; else if (before) root.dataset.theme = before;
    before = null;
    redraw();
  });
  label();
}
