// Numbers and small pieces of the page. Text goes in as text only: nothing from the server is ever taken as markup.

export const UNKNOWN = "–";
const THIN = "\u202f";
const known = (x) => x !== null && x !== undefined && Number.isFinite(x);

const grouped = new Intl.NumberFormat("en", { useGrouping: true, maximumFractionDigits: 0 });
export const whole = (n) => (known(n) ? grouped.format(n).replaceAll(",", THIN) : UNKNOWN);
export const fixed = (x, digits) => (known(x) ? x.toFixed(digits).replace("-", "\u2212") : UNKNOWN);
export const percent = (x, digits = 1) => (known(x) ? `${(100 * x).toFixed(digits)}${THIN}%` : UNKNOWN);
export const plural = (n, one, more = `${one}s`) => `${whole(n)} ${n === 1 ? one : more}`;

// mantissa and exponent of 2.34 x 10^14
export function scientific(n, digits = 2) {
  let exponent = Math.floor(Math.log10(Math.abs(n)));
  let mantissa = (n / 10 ** exponent).toFixed(digits);
  if (Math.abs(Number(mantissa)) >= 10) { exponent += 1; mantissa = (n / 10 ** exponent).toFixed(digits); }
  return [mantissa.replace("-", "\u2212"), exponent];
}

// axis labels and the like: 12.3k, 4.5M
export function short(v) {
  if (!known(v)) return UNKNOWN;
  const size = Math.abs(v);
  if (size >= 1e9) { const [m, e] = scientific(v, 1); return `${+m}e${e}`; }
  if (size >= 1e6) return `${+(v / 1e6).toFixed(2)}M`;
  if (size >= 1e3) return `${+(v / 1e3).toFixed(1)}k`;
  return size > 0 && size < 0.1 ? v.toExponential(1) : `${+v.toFixed(1)}`;
}

export function age(seconds) {
  if (!known(seconds)) return UNKNOWN;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  if (seconds < 6000) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} days`;
}

const iso = (ns) => {
  const date = known(ns) ? new Date(ns / 1e6) : new Date(NaN);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
};
export const utc = (ns) => iso(ns)?.slice(11, 19) ?? UNKNOWN;
export const utcDate = (ns) => iso(ns)?.slice(0, 10) ?? UNKNOWN;
export const utcFull = (ns) => (iso(ns) ? `${iso(ns).slice(0, 10)} ${iso(ns).slice(11, 19)} UTC` : UNKNOWN);

export function rate(perSecond) {
  if (!known(perSecond)) return [UNKNOWN, ""];
  if (perSecond >= 1e6) return [(perSecond / 1e6).toFixed(2), "MHz"];
  if (perSecond >= 1e3) return [(perSecond / 1e3).toFixed(perSecond >= 1e5 ? 0 : 1), "kHz"];
  return [perSecond.toFixed(perSecond >= 100 ? 0 : 1), "Hz"];
}

// NO_POT -> no POT
export const words = (flag) => flag.toLowerCase().replaceAll("_", " ").replace(/\b(pot|eob|b2)\b/g, (w) => w.toUpperCase());
export const keyOf = (s) => `${s.run}/${s.burst}`;
