// Plots. Axes are fixed where the program fixes them; colours come from the style sheet, so dark and light agree.

import { byId } from "./format.js";

const plots = new Map();
const STEPS = ["#20405f", "#2f6f95", "#4fa3a5", "#a6c96a", "#f4e04d"];
const STEPS_LIGHT = ["#cfe0ee", "#8fbcd6", "#4f94b0", "#2f6f73", "#1c3d2e"];

function plot(id) {
  if (!plots.has(id)) plots.set(id, window.echarts.init(byId(id), null, { renderer: "canvas" }));
  return plots.get(id);
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const pick = (name) => style.getPropertyValue(`--${name}`).trim();
  return Object.fromEntries(["text", "dim", "line", "blue", "orange", "teal", "violet", "alarm", "warn", "card"].concat(["seal-a", "seal-b"]).map((n) => [n, pick(n)]));
}

const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const isLight = () => window.matchMedia("(prefers-color-scheme: light)").matches;

function axis(c, extra) {
  const size = Math.round(rem() * 0.82);
  return {
    nameTextStyle: { color: c.dim, fontSize: size }, axisLabel: { color: c.dim, fontSize: size, hideOverlap: true },
    axisLine: { lineStyle: { color: c.line } }, axisTick: { show: false }, splitLine: { lineStyle: { color: c.line, opacity: 0.6 } }, ...extra,
  };
}

const base = (c) => ({
  animation: false, textStyle: { fontFamily: "system-ui, sans-serif", color: c.text },
  tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: c.card, borderColor: c.line, textStyle: { color: c.text, fontSize: Math.round(rem() * 0.85) } },
});

const short = (v) => (Math.abs(v) >= 1e6 ? `${+(v / 1e6).toFixed(2)}M` : Math.abs(v) >= 1e3 ? `${+(v / 1e3).toFixed(1)}k` : `${+v.toFixed(1)}`);

export function drawHalo(spills) {
  const c = colours(), r = rem();
  const names = spills.map((s) => `${s.run}/${s.burst}`);
  const line = (name, colour, symbol, values, extra = {}) => ({
    name, type: "line", data: values, symbol, symbolSize: values.length > 120 ? 0 : Math.round(r * 0.42), showAllSymbol: true, lineStyle: { width: 2.4, color: colour }, itemStyle: { color: colour },
    endLabel: { show: true, formatter: name, color: colour, fontSize: Math.round(r), fontWeight: 700, distance: 8 }, connectNulls: false, ...extra,
  });
  const x = (i, show) => axis(c, { type: "category", data: names, gridIndex: i, boundaryGap: names.length < 3, axisLabel: { show, color: c.dim, fontSize: Math.round(r * 0.82), hideOverlap: true }, splitLine: { show: false } });
  const y = (i, name, extra) => axis(c, { type: "value", gridIndex: i, name, nameLocation: "middle", nameGap: r * 3.1, splitNumber: 3, ...extra });
  const currents = spills.map((s) => s.b2_current_a).filter((v) => v !== null);
  const low = Math.floor((Math.min(...currents) - 5) / 20) * 20;
  const high = Math.ceil((Math.max(...currents) + 5) / 20) * 20;
  const b2 = currents.length ? { min: low, max: high, interval: (high - low) / 2 } : { min: -300, max: 0, interval: 150 };
  plot("chart-halo").setOption({
    ...base(c),
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    grid: [{ left: r * 4.6, right: r * 5.2, top: r * 0.6, bottom: "40%" }, { left: r * 4.6, right: r * 5.2, top: "70%", bottom: r * 1.7 }],
    xAxis: [x(0, false), x(1, true)],
    yAxis: [
      y(0, "counts", { scale: true, axisLabel: { formatter: short, showMinLabel: true, color: c.dim, fontSize: Math.round(r * 0.82) } }),
      y(1, "B2 [A]", { ...b2, axisLabel: { color: c.dim, fontSize: Math.round(r * 0.82) } }),
    ],
    series: [
      line("Q1", c.blue, "circle", spills.map((s) => s.halo.q1_per_1e12_pot)),
      line("MUV3", c.orange, "rect", spills.map((s) => s.halo.muv3_per_1e12_pot)),
      line("B2", c.teal, "triangle", spills.map((s) => s.b2_current_a), { xAxisIndex: 1, yAxisIndex: 1, step: "middle" }),
    ],
  }, true);
}

export function drawBars(id, answer, colourName) {
  const c = colours(), r = rem(), a = answer.axes[0];
  const width = (a.high - a.low) / a.bins;
  const points = answer.counts.slice(1, -1).map((n, i) => [a.low + i * width, n]);
  points.push([a.high, 0]);
  plot(id).setOption({
    ...base(c),
    grid: { left: r * 3.4, right: r * 0.9, top: r * 0.7, bottom: r * 3.1 },
    xAxis: axis(c, { type: "value", min: a.low, max: a.high, name: a.label, nameLocation: "middle", nameGap: r * 1.75, splitLine: { show: false } }),
    yAxis: axis(c, { type: "value", min: 0, splitNumber: 3, axisLabel: { formatter: short, color: c.dim, fontSize: Math.round(r * 0.82) } }),
    series: [{ type: "line", step: "end", data: points, symbol: "none", lineStyle: { width: 1.5, color: c[colourName] }, areaStyle: { color: c[colourName], opacity: 0.35 } }],
  }, true);
}

function hatch(c) {
  const size = 14, tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const pen = tile.getContext("2d");
  pen.fillStyle = c["seal-b"]; pen.fillRect(0, 0, size, size);
  pen.strokeStyle = c["seal-a"]; pen.lineWidth = 4; pen.beginPath();
  for (const shift of [-size, 0, size]) { pen.moveTo(shift, size); pen.lineTo(shift + size, 0); }
  pen.stroke();
  return { image: tile, repeat: "repeat" };
}

export function drawMap(answer, box) {
  const c = colours(), r = rem(), [z, d] = answer.axes;
  const wz = (z.high - z.low) / z.bins, wd = (d.high - d.low) / d.bins, cells = [];
  for (let i = 0; i < z.bins; i += 1) for (let j = 0; j < d.bins; j += 1) {
    const n = answer.counts[(i + 1) * (d.bins + 2) + j + 1];
    if (n > 0) cells.push([z.low + i * wz, d.low + j * wd, n]);
  }
  const top = cells.reduce((m, cell) => Math.max(m, cell[2]), 1);
  const rect = (api, x0, y0, x1, y1, style) => {
    const [a, b] = [api.coord([x0, y1]), api.coord([x1, y0])];
    return { type: "rect", shape: { x: a[0], y: a[1], width: b[0] - a[0] + 0.6, height: b[1] - a[1] + 0.6 }, style };
  };
  const series = [{
    type: "custom", clip: true, data: cells, encode: { x: 0, y: 1 }, z: 2,
    renderItem: (_, api) => rect(api, api.value(0), api.value(1), api.value(0) + wz, api.value(1) + wd, { fill: api.visual("color") }),
  }];
  if (box) series.push({
    type: "custom", clip: true, silent: true, data: [[box.z_min_m, box.cda_max_mm]], z: 5, encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const area = rect(api, box.z_min_m, 0, box.z_max_m, box.cda_max_mm, { fill: hatch(c), stroke: c.text, lineWidth: 2 });
      const { x, y, width, height } = area.shape;
      const label = { type: "text", style: { text: "MASKED", x: x + width / 2, y: y + height / 2, align: "center", verticalAlign: "middle", fill: c.text, backgroundColor: c.card, padding: [3, 7], borderRadius: 3, fontSize: Math.round(r * 1.05), fontWeight: 800 } };
      return { type: "group", children: [area, label] };
    },
  });
  plot("chart-map").setOption({
    ...base(c),
    tooltip: { ...base(c).tooltip, trigger: "item", formatter: (p) => (p.value.length === 3 ? `Z ${p.value[0]} to ${p.value[0] + wz} m\nCDA ${p.value[1]} to ${p.value[1] + wd} mm\n${p.value[2]} pairs` : "masked") },
    visualMap: { type: "continuous", seriesIndex: 0, dimension: 2, min: 0, max: top, calculable: false, right: 0, top: "middle", itemWidth: r * 0.7, itemHeight: r * 9, text: [String(top), "0"], textStyle: { color: c.dim, fontSize: Math.round(r * 0.82) }, inRange: { color: isLight() ? STEPS_LIGHT : STEPS } },
    grid: { left: r * 4.6, right: r * 3.2, top: r * 0.7, bottom: r * 3.1 },
    xAxis: axis(c, { type: "value", min: z.low, max: z.high, name: z.label, nameLocation: "middle", nameGap: r * 1.75 }),
    yAxis: axis(c, { type: "value", min: d.low, max: d.high, name: d.label, nameLocation: "middle", nameGap: r * 3.1 }),
    series,
  }, true);
}

export function onResize(redraw) {
  let timer = null;
  const later = () => { clearTimeout(timer); timer = setTimeout(() => { for (const p of plots.values()) p.resize(); redraw(); }, 120); };
  window.addEventListener("resize", later);
  window.matchMedia("(prefers-color-scheme: light)").addEventListener("change", later);
}
