// Z_TAX-CDA_TAX of visible pairs. The masked box is drawn over the cells: hatched, and named sealed.

import { axis, base, small, xName, yName } from "./axes.js";
import { colours, draw, rem } from "./plot.js";

export const heat = (c) => [0, 1, 2, 3, 4].map((i) => c[`heat-${i}`]);

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

function rect(api, x0, y0, x1, y1, style) {
  const [a, b] = [api.coord([x0, y1]), api.coord([x1, y0])];
  return { type: "rect", shape: { x: a[0], y: a[1], width: b[0] - a[0] + 0.6, height: b[1] - a[1] + 0.6 }, style };
}

function seal(box, c, r) {
  return {
    type: "custom", clip: true, silent: true, data: [[box.z_min_m, box.cda_max_mm]], z: 5, encode: { x: 0, y: 1 },
    renderItem: (_, api) => {
      const area = rect(api, box.z_min_m, 0, box.z_max_m, box.cda_max_mm, { fill: hatch(c), stroke: c.text, lineWidth: 2 });
      const { x, y, width, height } = area.shape;
      const style = { text: "sealed", x: x + width / 2, y: y + height / 2, align: "center", verticalAlign: "middle", fill: c.text, backgroundColor: c.card, padding: [2, 6], borderRadius: 3, fontSize: Math.round(r * 0.95), fontWeight: 800 };
      return { type: "group", children: [area, { type: "text", style }] };
    },
  };
}

// [z, cda, n] of the cells with entries
export function cells({ axes: [z, d], counts }) {
  const wz = (z.high - z.low) / z.bins, wd = (d.high - d.low) / d.bins, found = [];
  for (let i = 0; i < z.bins; i += 1) for (let j = 0; j < d.bins; j += 1) {
    const n = counts[(i + 1) * (d.bins + 2) + j + 1];
    if (n > 0) found.push([z.low + i * wz, d.low + j * wd, n]);
  }
  return { found, wz, wd };
}

export function drawMap(id, answer, box) {
  const [z, d] = answer.axes, { found, wz, wd } = cells(answer);
  const top = found.reduce((m, cell) => Math.max(m, cell[2]), 1);
  const tip = (p) => (p.value.length === 3 ? `Z ${p.value[0]} to ${p.value[0] + wz} m\nCDA ${p.value[1]} to ${p.value[1] + wd} mm\n${p.value[2]} pairs` : "");
  draw(id, () => {
    const c = colours(), r = rem();
    const series = [{
      type: "custom", clip: true, data: found, encode: { x: 0, y: 1 }, z: 2,
      renderItem: (_, api) => rect(api, api.value(0), api.value(1), api.value(0) + wz, api.value(1) + wd, { fill: api.visual("color") }),
    }];
    if (box) series.push(seal(box, c, r));
    const text = { color: c.dim, fontSize: small() };
    return {
      ...base(),
      tooltip: { ...base().tooltip, trigger: "item", formatter: tip },
      visualMap: { type: "continuous", seriesIndex: 0, dimension: 2, min: 0, max: top, calculable: false, right: 0, top: "middle", itemWidth: r * 0.7, itemHeight: r * 8, text: [String(top), "0"], textStyle: text, inRange: { color: heat(c) } },
      grid: { left: r * 4.4, right: r * 3, top: r * 0.7, bottom: r * 2.9 },
      xAxis: axis({ type: "value", min: z.low, max: z.high, ...xName(z.label) }),
      yAxis: axis({ type: "value", min: d.low, max: d.high, ...yName(d.label) }),
      series,
    };
  });
}
