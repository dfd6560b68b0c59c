// Control chart of one stream: rate per 1e12 protons with its limits, and the current of B2 on the same axis below.

import { short, fixed, keyOf } from "../lib/format.js";
import { INHIBITS } from "../lib/states.js";
import { axis, base, note, small, xName, yName } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

const MARKS = { OK: "circle", WARN: "triangle", ALARM: "rect", UNKNOWN: "circle" };

// rows for the plot: one per spill of the history, with the judged point if there is one
export function controlRows(spills, stream, fallback) {
  const points = new Map((stream?.points ?? []).map((p) => [keyOf(p), p]));
  return spills.map((s) => {
    const p = points.get(keyOf(s));
    return { key: keyOf(s), value: p ? p.value : fallback(s), low: p?.low ?? null, high: p?.high ?? null, expected: p?.expected ?? null, state: p?.state ?? null, inhibited: p?.inhibited ?? null, b2: s.b2_current_a };
  });
}

// a half-open stretch of rows from the first to the last with limits; the band between them
function band(rows, c) {
  const low = rows.map((row) => row.low), width = rows.map((row) => (row.low === null || row.high === null ? null : row.high - row.low));
  const plain = { type: "line", symbol: "none", lineStyle: { opacity: 0 }, silent: true, connectNulls: false, step: "middle", stack: "band", tooltip: { show: false }, z: 1 };
  return [{ ...plain, name: "low", data: low }, { ...plain, name: "high", data: width, areaStyle: { color: c.band, opacity: 1 } }];
}

function mark(row, many, c, r) {
  const colour = { WARN: c.warn, ALARM: c.alarm }[row.state] ?? c.orange, loud = row.state === "WARN" || row.state === "ALARM";
  const size = loud ? r * 0.85 : many ? 0 : r * 0.42;
  if (row.inhibited) return { value: row.value, symbol: "circle", symbolSize: r * 0.6, itemStyle: { color: c.card, borderColor: c.dim, borderWidth: 2 } };
  return { value: row.value, symbol: MARKS[row.state] ?? "circle", symbolSize: size, itemStyle: { color: colour } };
}

function tip(rows, unit) {
  return (items) => {
    const row = rows[items[0].dataIndex], text = [`spill ${row.key}`, `${short(row.value)} ${unit}`];
    if (row.low !== null) text.push(`expected ${short(row.expected)}, limits ${short(row.low)} to ${short(row.high)}`);
    text.push(row.inhibited ? `not judged: ${INHIBITS[row.inhibited] ?? row.inhibited}` : row.state ?? "not judged", `B2 ${fixed(row.b2, 1)} A`);
    return text.join("\n");
  };
}

function b2Range(rows) {
  const currents = rows.map((row) => row.b2).filter((v) => v !== null);
  if (!currents.length) return { min: -300, max: 0, interval: 150 };
  const low = Math.floor((Math.min(...currents) - 5) / 20) * 20, high = Math.ceil((Math.max(...currents) + 5) / 20) * 20;
  return { min: low, max: high, interval: (high - low) / 2 };
}

export function drawControl(id, rows, unit) {
  const many = rows.length > 120;
  draw(id, (node) => {
    const c = colours(), r = rem(), side = { left: r * 4.4, right: r * 1.2 };
    const x = (gridIndex, show) => axis({ type: "category", data: rows.map((row) => row.key), gridIndex, boundaryGap: rows.length < 3, axisLabel: { show }, splitLine: { show: false }, ...(show ? xName("run/burst") : {}) });
    const lower = Math.max(r * 4.2, node.clientHeight * 0.18);
    const line = (colour, width = 2.2) => ({ type: "line", connectNulls: false, lineStyle: { width, color: colour }, itemStyle: { color: colour } });
    return {
      ...base(), ...(rows.length ? {} : note("no spill yet")),
      tooltip: { ...base().tooltip, formatter: tip(rows, unit) },
      axisPointer: { link: [{ xAxisIndex: "all" }] },
      grid: [{ ...side, top: r * 0.8, bottom: lower + r * 4.6 }, { ...side, height: lower, bottom: r * 2.9 }],
      xAxis: [x(0, false), x(1, true)],
      yAxis: [
        axis({ type: "value", gridIndex: 0, scale: true, splitNumber: 4, axisLabel: { formatter: short }, ...yName(unit) }),
        axis({ type: "value", gridIndex: 1, ...b2Range(rows), axisLabel: { fontSize: small() }, ...yName("B2 [A]") }),
      ],
      series: [
        ...band(rows, c),
        { ...line(c.dim, 1.4), name: "expected", data: rows.map((row) => row.expected), symbol: "none", step: "middle", lineStyle: { width: 1.4, type: "dashed", color: c.dim }, z: 2 },
        { ...line(c.orange), name: "value", data: rows.map((row) => mark(row, many, c, r)), showAllSymbol: true, z: 4 },
        { ...line(c.teal), name: "B2", data: rows.map((row) => row.b2), xAxisIndex: 1, yAxisIndex: 1, step: "middle", symbol: many ? "none" : "triangle", symbolSize: r * 0.4 },
      ],
    };
  });
}
