// Halo against the current of B2: mean of each setting with its error, the fitted curve, its minimum, the working point.

import { fixed, short } from "../lib/format.js";
import { axis, base, note, xName, yName } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

const LABELS = { muv3: "MUV3", q1: "Q1" };

function errorBar(api) {
  const [x, y, e] = [0, 1, 2].map((i) => api.value(i));
  const a = api.coord([x, y + e]), b = api.coord([x, y - e]), style = { stroke: api.visual("color"), lineWidth: 1.5 };
  return { type: "line", shape: { x1: a[0], y1: a[1], x2: b[0], y2: b[1] }, style };
}

// the plot of one stream of the answer of /api/v1/halo
export function drawB2(id, halo, stream) {
  const points = halo.curve.filter((p) => p.stream === stream), fit = halo.fit?.stream === stream ? halo.fit : null;
  const data = points.map((p) => [p.b2_a, p.value, p.error, p.n_spills]);
  const tip = (p) => (p.seriesName === "mean" ? `${fixed(p.value[0], 1)} A\n${short(p.value[1])} ± ${short(p.value[2])} per 1e12 POT\n${p.value[3]} spills` : "");
  draw(id, () => {
    const c = colours(), r = rem();
    // the two labels stand on either side of their lines: the lines may lie on each other
    const upright = (x, text, colour, type, align) => ({ xAxis: x, lineStyle: { color: colour, type }, label: { formatter: ` ${text} `, color: colour, position: "end", distance: 2, align, fontSize: Math.round(r * 0.8) } });
    const left = !fit || halo.working_a <= fit.minimum_a;
    const lines = [upright(halo.working_a, "working point", c.dim, "solid", left ? "right" : "left")];
    if (fit) lines.push(upright(fit.minimum_a, "minimum", c.teal, "dotted", left ? "left" : "right"));
    return {
      ...base(), ...(points.length ? {} : note("no usable spill of this run")),
      tooltip: { ...base().tooltip, trigger: "item", formatter: tip },
      grid: { left: r * 4.4, right: r * 1.2, top: r * 1.5, bottom: r * 2.9 },
      xAxis: axis({ type: "value", scale: true, ...xName("B2 current [A]"), splitLine: { show: false } }),
      yAxis: axis({ type: "value", scale: true, splitNumber: 3, axisLabel: { formatter: short }, ...yName(`${LABELS[stream] ?? stream} per 1e12 POT`) }),
      series: [
        { type: "line", name: "fit", data: fit?.points ?? [], symbol: "none", lineStyle: { color: c.teal, width: 2 }, silent: true },
        { type: "custom", name: "error", data, renderItem: (_, api) => errorBar(api), itemStyle: { color: c.orange }, silent: true, encode: { x: 0, y: 1 } },
        { type: "scatter", name: "mean", data, symbol: "rect", symbolSize: r * 0.55, itemStyle: { color: c.orange }, encode: { x: 0, y: 1 }, markLine: { silent: true, symbol: "none", data: points.length ? lines : [] } },
      ],
    };
  });
}
