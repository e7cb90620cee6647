// Numbers, times and durations as people read them. Times are UTC, in milliseconds since 1970.

const plain = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const integerFormat = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Six significant digits; an exponent for the very large and the very small; "–" for a missing value. */
export function number(value, format = plain) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(3).replace(/\.?0+e\+?/, "e");
  return format.format(value).replace(/^-(?=[\d.])/, "−");
}

/** Three significant digits, for numbers that are only compared. */
export const rough = (value) => number(value, short);

/** A severity: how many times what is allowed. "1 ×" would sound like not beyond it at all. */
export const times = (severity) => (rough(severity) === "1" ? "just above 1 ×" : `${rough(severity)} ×`);

export const count = (n) => integerFormat.format(n);

/** "1 point", "2,000 points". */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

/** With a sign, as a difference is written: "+3.2", "−3.2". */
export const signed = (value) => (value > 0 ? "+" : "") + number(value);

/**
 * A sentence of the service with its numbers written as here: "-17800" as "−17,800". Quoted text, dates, clock times,
 * names with digits and years ("since 1970") stay as they are.
 */
export function styled(sentence) {
  const pieces = sentence.split(/("[^"]*"|(?<!\w)'[^']*'(?!\w)|“[^”]*”)/);
  return pieces.map((piece, k) => (k % 2 ? piece : piece.replace(NUMBER, inStyle))).join("");
}

const NUMBER = /(?<![\w.,:/-]|since )-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w:/-]|[.,]\d)/g;

function inStyle(text) {
  if (text.includes("e")) return number(Number(text));
  const [head, rest] = text.split(".");
  const grouped = head.replace("-", "−").replace(/\B(?=(?:\d{3})+$)/g, ",");
  return rest === undefined ? grouped : `${grouped}.${rest}`;
}

/** "2026-03-01 10:15"; seconds and milliseconds only where there are any. */
export function time(ms) {
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return "–";
  const text = new Date(ms).toISOString().replace("T", " ").replace("Z", "");
  if (ms % 1000 !== 0) return text;
  return ms % 60000 !== 0 ? text.slice(0, -4) : text.slice(0, -7);
}

/** @type {[number, string, string][]} */
const UNITS = [
  [86400000, "day", "days"],
  [3600000, "h", "h"],
  [60000, "min", "min"],
  [1000, "s", "s"],
  [1, "ms", "ms"],
];

/** The two largest units: "1 h 20 min", "3 days", "250 ms". */
export function duration(ms) {
  if (!Number.isFinite(ms)) return "–";
  let rest = Math.round(Math.abs(ms));
  const first = UNITS.findIndex(([size]) => rest >= size);
  if (first < 0) return "0 s";
  const words = [];
  for (const [size, one, many] of UNITS.slice(first, first + 2)) {
    const n = Math.floor(rest / size);
    if (n) words.push(`${count(n)} ${n === 1 ? one : many}`);
    rest -= n * size;
  }
  return words.join(" ");
}

/** "2026-03-01 00:00 to 2026-03-02 00:00 UTC, 1 day", or the points of a series without times. */
export const rangeText = (from, to, hasTimes) =>
  hasTimes
    ? `${time(Math.round(from))} to ${time(Math.round(to))} UTC, ${duration(to - from)}`
    : `Points ${count(Math.ceil(from))} to ${count(Math.floor(to))}`;

/** A file's size. */
export function bytes(n) {
  if (n < 1000) return counted(n, "byte");
  if (n < 1e6) return `${rough(n / 1e3)} kB`;
  return n < 1e9 ? `${rough(n / 1e6)} MB` : `${rough(n / 1e9)} GB`;
}

/** A parameter's name as a label: "rolling_window" is "Rolling window". */
export function label(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
