// What all plots share: axes, tooltip, text sizes. Sizes follow the root font, so a wall screen stays legible.

import { short } from "../lib/format.js";
import { colours, rem } from "./plot.js";

export const small = () => Math.round(rem() * 0.84);

export function axis(extra = {}) {
  const c = colours(), { axisLabel, ...rest } = extra;
  return {
    nameTextStyle: { color: c.dim, fontSize: small() }, axisLabel: { color: c.dim, fontSize: small(), hideOverlap: true, ...axisLabel },
    axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, splitLine: { lineStyle: { color: c.line, opacity: 0.6 } }, ...rest,
  };
}

export const xName = (name) => ({ name, nameLocation: "middle", nameGap: rem() * 1.7 });
export const yName = (name) => ({ name, nameLocation: "middle", nameGap: rem() * 3.1 });
export const counts = () => axis({ type: "value", min: 0, splitNumber: 3, axisLabel: { formatter: short } });

export function base() {
  const c = colours();
  return {
    animation: false, textStyle: { fontFamily: "system-ui, sans-serif", color: c.text },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line, textStyle: { color: c.text, fontSize: small() } },
  };
}

// text in the middle of an empty plot
export function note(text) {
  const c = colours();
  return { graphic: { type: "text", left: "center", top: "middle", silent: true, style: { text, fill: c.dim, fontSize: rem() } } };
}
