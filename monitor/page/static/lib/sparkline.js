// A line without axes, for a table cell. Its scale is its own: it shows changes, not levels.

const SPACE = "http://www.w3.org/2000/svg";

// pieces of consecutive known values: an unknown spill is a gap in the line, not a point at zero
function pieces(values) {
  const found = [[]];
  values.forEach((v, i) => { if (v === null || v === undefined) found.push([]); else found.at(-1).push([i, v]); });
  return found.filter((piece) => piece.length > 1);
}

export function sparkline(values) {
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", "0 0 100 30");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("spark");
  const known = values.filter((v) => v !== null && v !== undefined);
  if (known.length < 2) return svg;
  const low = Math.min(...known), high = Math.max(...known), middle = (low + high) / 2;
  const half = Math.max((high - low) / 2, 0.05 * Math.abs(middle), 1e-9), step = 100 / (values.length - 1);
  for (const piece of pieces(values)) {
    const line = document.createElementNS(SPACE, "polyline");
    line.setAttribute("points", piece.map(([i, v]) => `${(i * step).toFixed(1)},${(15 - (12 * (v - middle)) / half).toFixed(1)}`).join(" "));
    svg.append(line);
  }
  return svg;
}
