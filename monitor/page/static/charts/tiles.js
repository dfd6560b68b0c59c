// Illumination of a hodoscope on its real tiles. A tile without a hit is crossed: a dead tile must not look like a quiet one.

import { short, whole } from "../lib/format.js";
import { base, note, small } from "./axes.js";
import { heat } from "./map.js";
import { colours, draw, rem } from "./plot.js";

// [x, y, n, w, h, id, n per 100 cm2] of the pieces of all tiles: tiles differ in size, so their colour is hits per area
export const pieces = (geometry, answer) => geometry.tiles.map((t) => {
  const n = answer.counts[t.bin + 1];
  return [t.x, t.y, n, t.w, t.h, t.id, n / (t.area_cm2 / 100)];
});

export function silentTiles(geometry, answer) {
  const total = answer.counts.slice(1, -1).reduce((sum, n) => sum + n, 0);
  if (total < 20 * geometry.tiles.length) return null; // too few hits to say so of any tile
  return [...new Set(geometry.tiles.filter((t) => answer.counts[t.bin + 1] === 0).map((t) => t.id))];
}

// equal scales in x and y, as large as the place allows
function square(node, reach, r) {
  const side = Math.max(40, Math.min(node.clientWidth - r * 6.4, node.clientHeight - r * 0.8));
  const left = Math.max(r * 0.4, (node.clientWidth - r * 5 - side) / 2);
  const scale = { type: "value", min: -reach, max: reach, show: false };
  return { grid: { left, top: (node.clientHeight - side) / 2, width: side, height: side }, xAxis: scale, yAxis: scale };
}

function tile(api, c, crossed) {
  const [x, y, n, w, h] = [0, 1, 2, 3, 4].map((i) => api.value(i));
  const a = api.coord([x, y + h]), b = api.coord([x + w, y]);
  const shape = { x: a[0], y: a[1], width: b[0] - a[0], height: b[1] - a[1] };
  const box = { type: "rect", shape, style: { fill: api.visual("color"), stroke: c.card, lineWidth: 1 } };
  if (n > 0 || !crossed) return box;
  const cross = { type: "line", shape: { x1: a[0], y1: b[1], x2: b[0], y2: a[1] }, style: { stroke: c.dim, lineWidth: 1 }, silent: true };
  return { type: "group", children: [{ ...box, style: { ...box.style, fill: c.card, stroke: c.line } }, cross] };
}

// the detector ends at a circle and has a round hole: what lies beyond is covered
function covers(geometry, c) {
  const ring = (api, inner, outer) => {
    const [cx, cy] = api.coord([0, 0]), px = api.size([1, 1])[0];
    return { type: "ring", shape: { cx, cy, r0: inner * px, r: outer * px }, style: { fill: c.card } };
  };
  const hole = { type: "custom", silent: true, data: [[0, 0]], z: 4, renderItem: (_, api) => ring(api, 0, geometry.hole_radius_mm) };
  const rim = { type: "custom", silent: true, data: [[0, 0]], z: 4, clip: true, renderItem: (_, api) => ring(api, geometry.outer_radius_mm, 2 * geometry.outer_radius_mm) };
  return geometry.outer_radius_mm ? [hole, rim] : [hole];
}

export function drawTiles(id, geometry, answer) {
  const data = pieces(geometry, answer), counts = data.map((piece) => piece[2]);
  const top = Math.max(1, ...data.map((piece) => piece[6])), reach = geometry.outer_radius_mm ?? Math.max(...geometry.tiles.map((t) => t.x + t.w));
  const crossed = silentTiles(geometry, answer) !== null, empty = counts.every((n) => n === 0);
  draw(id, (node) => {
    const c = colours(), r = rem();
    return {
      ...base(), ...(empty ? note("no hit yet") : {}),
      tooltip: { ...base().tooltip, trigger: "item", formatter: (p) => `tile ${p.value[5]}\n${whole(p.value[2])} hits\n${short(p.value[6])} per 100 cm²` },
      visualMap: { type: "continuous", seriesIndex: 0, dimension: 6, min: 0, max: top, calculable: false, right: 0, top: "middle", itemWidth: r * 0.7, itemHeight: r * 6, text: [short(top), "0"], textStyle: { color: c.dim, fontSize: small() }, inRange: { color: heat(c) } },
      ...square(node, reach, r),
      series: [{ type: "custom", clip: true, data, encode: { x: 0, y: 1 }, z: 2, renderItem: (_, api) => tile(api, c, crossed) }, ...covers(geometry, c)],
    };
  });
}
