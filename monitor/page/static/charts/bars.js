// One-dimensional histograms on the fixed axes of the program; flow bins are named, not drawn.

import { short, whole } from "../lib/format.js";
import { axis, base, counts, note, small, xName } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

export function drawBars(id, answer, colourName) {
  const a = answer.axes[0], width = (a.high - a.low) / a.bins, inside = answer.counts.slice(1, -1);
  const points = inside.map((n, i) => [a.low + i * width, n]);
  points.push([a.high, 0]);
  const empty = answer.counts.every((n) => n === 0);
  const edge = (i) => +(a.low + i * width).toFixed(3);
  const tip = (rows) => {
    const i = Math.min(a.bins - 1, rows[0].dataIndex);
    return `${edge(i)} to ${edge(i + 1)}\n${whole(inside[i])} entries`;
  };
  draw(id, () => {
    const c = colours(), r = rem();
    return {
      ...base(),
      tooltip: { ...base().tooltip, formatter: tip },
      ...(empty ? note(answer.n_spills ? "no entry yet" : "no spill yet") : {}),
      grid: { left: r * 3.3, right: r * 0.9, top: r * 0.7, bottom: r * 2.9 },
      xAxis: axis({ type: "value", min: a.low, max: a.high, ...xName(a.label), splitLine: { show: false } }),
      yAxis: { ...counts(), max: empty ? 1 : null, axisLabel: { ...counts().axisLabel, show: !empty, formatter: short, fontSize: small() } },
      series: [{ type: "line", step: "end", data: points, symbol: "none", lineStyle: { width: 1.5, color: c[colourName] }, areaStyle: { color: c[colourName], opacity: 0.35 } }],
    };
  });
}

// entries below and above the axis, in words
export function flow(answer) {
  const [under, over] = [answer.counts[0], answer.counts.at(-1)];
  const parts = [under ? `${whole(under)} below` : "", over ? `${whole(over)} above` : ""].filter(Boolean);
  return parts.length ? `off the axis: ${parts.join(", ")}` : "";
}
