// A plain trend over spills: a few lines, unknown values are gaps.

import { short } from "../lib/format.js";
import { axis, base, note } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

// lines: [{name, colour, values}]; `scale` replaces the axis that follows the values
export function drawTrend(id, keys, lines, unit, scale = { scale: true }) {
  draw(id, () => {
    const c = colours(), r = rem(), one = lines.length === 1;
    return {
      ...base(), ...(keys.length ? {} : note("no spill")),
      tooltip: { ...base().tooltip, valueFormatter: (v) => `${short(v)} ${unit}` },
      legend: one ? undefined : { right: 0, top: 0, textStyle: { color: c.dim, fontSize: Math.round(r * 0.84) }, itemWidth: r, itemHeight: r * 0.6 },
      grid: { left: r * 3.6, right: r * 1, top: r * (one ? 0.9 : 1.9), bottom: r * 1.9 },
      xAxis: axis({ type: "category", data: keys, splitLine: { show: false }, boundaryGap: keys.length < 3 }),
      yAxis: axis({ type: "value", splitNumber: 3, axisLabel: { formatter: short }, ...scale }),
      series: lines.map((line) => ({ type: "line", name: line.name, data: line.values, connectNulls: false, symbolSize: keys.length > 120 ? 0 : r * 0.4, symbol: line.symbol ?? "circle", showAllSymbol: true, lineStyle: { width: 2, color: c[line.colour] }, itemStyle: { color: c[line.colour] } })),
    };
  });
}
