// Running sum of protons on target by day, with the target lines, on a logarithmic scale.

import { scientific } from "../lib/format.js";
import { axis, base, note, small } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

const label = (v) => { const [m, e] = scientific(v, 1); return `${+m}e${e}`; };
const mantissa = (v) => `${v / 10 ** Math.floor(Math.log10(v))}`.slice(0, 3);

export function drawProtons(id, rows, goals) {
  const known = rows.filter((row) => row.key !== "unknown" && row.running_pot > 0);
  const least = known.length ? Math.min(...known.map((row) => row.pot || row.running_pot)) : 1e12;
  const floor = 10 ** Math.floor(Math.log10(least)), top = 10 ** Math.ceil(Math.log10(Math.max(...goals, known.at(-1)?.running_pot ?? 1)) + 0.01);
  const tip = (items) => { const row = known[items[0].dataIndex]; return `${row.key}\nthat day ${label(row.pot || 0)}\nsum ${label(row.running_pot)} ± 20 %`; };
  draw(id, () => {
    const c = colours(), r = rem();
    const goal = (value) => ({ yAxis: value, label: { formatter: `${mantissa(value)} × 10^${Math.floor(Math.log10(value))}`, color: c.text, position: "insideStartTop", fontSize: small() } });
    return {
      ...base(), ...(known.length ? {} : note("no protons yet")), tooltip: { ...base().tooltip, formatter: tip },
      grid: { left: r * 3.8, right: r * 0.9, top: r * 0.9, bottom: r * 1.9 },
      xAxis: axis({ type: "category", data: known.map((row) => row.key), splitLine: { show: false } }),
      yAxis: axis({ type: "log", min: floor, max: top, axisLabel: { formatter: (v) => `1e${Math.round(Math.log10(v))}` } }),
      series: [
        { type: "bar", name: "day", data: known.map((row) => row.pot || null), itemStyle: { color: c.blue, opacity: 0.7 }, barMaxWidth: r * 2 },
        { type: "line", name: "sum", step: "middle", symbolSize: r * 0.5, data: known.map((row) => row.running_pot), lineStyle: { color: c.teal, width: 2.2 }, itemStyle: { color: c.teal }, markLine: { silent: true, symbol: "none", lineStyle: { color: c.dim, type: "dashed" }, data: goals.map(goal) } },
      ],
    };
  });
}
