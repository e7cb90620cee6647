// The lines of a window: of each at most two points a bucket, and every anomaly.
import { broken } from "./gaps.js";
import { dots, envelope, minMax, position, windowOf } from "./decimate.js";

const NONE = { expected: [], upper: [], lower: [], dots: [] };
const pointsOf = (x, values, positions) => Array.from(positions, (i) => ({ x: x[i], y: values[i], i }));

/**
 * The anomalies to draw: those among the rows and the peaks {x, y} of events that are not, so that an event is visible
 * before its rows arrive. A point without a row has i −1.
 */
export function anomalies(rows, window, peaks) {
  const { x, values, flagged, peaks: own } = rows;
  const drawn = pointsOf(x, values, dots(window, values, flagged, own));
  if (!rows.width && !rows.stale) return drawn; // no point was left out
  const first = position(peaks.x, window.from);
  let last = position(peaks.x, window.to);
  if (peaks.x[last] === window.to) last += 1;
  const known = new Set(drawn.map((point) => point.x));
  const peakWindow = { ...window, x: peaks.x, start: first, stop: last };
  for (const k of minMax(peakWindow, peaks.y))
    if (!known.has(peaks.x[k])) drawn.push({ x: peaks.x[k], y: peaks.y[k], i: -1 });
  return drawn.sort((a, b) => a.x - b.x);
}

/**
 * The lines of `rows` between from and to, each a list of LinePoint.
 * @param {Rows} rows
 * @param {number} from
 * @param {number} to
 * @param {number} buckets
 * @param {{x: Float64Array, y: Float64Array}} peaks
 */
export function linesOf(rows, from, to, buckets, peaks) {
  const window = { ...windowOf(rows.x, from, to, buckets), rows };
  const brokenLine = (values) => broken(pointsOf(rows.x, values, minMax(window, values)), window, rows.gaps);
  const value = brokenLine(rows.values);
  if (!rows.expected) return { ...NONE, window, value };
  const band = envelope(window, rows.lower, rows.upper);
  const edge = (values) =>
    broken(
      band.x.map((x, k) => ({ x, y: values[k], i: band.i[k] })),
      window,
      rows.gaps,
    );
  return {
    window,
    value,
    expected: brokenLine(rows.expected),
    upper: edge(band.upper),
    lower: edge(band.lower),
    dots: anomalies(rows, window, peaks),
  };
}

/** The row nearest to `at`; −1 where there is none. */
export function rowAt({ x }, at) {
  const after = position(x, at);
  if (after === 0 || (after < x.length && x[after] - at < at - x[after - 1])) return x.length ? after : -1;
  return after - 1;
}

/** [start, stop): positions in the series of the points in from..to. */
export function positionsIn(rows, step, from, to) {
  return [countBefore(rows, step, from), countBefore(rows, step, to, true)];
}

/** How many points lie before `at` (or up to it). Between two rows, points are taken to be one step apart. */
function countBefore({ x, positions }, step, at, inclusive = false) {
  let k = position(x, at);
  if (inclusive && x[k] === at) k += 1;
  const of = (row) => (positions ? positions[row] : row);
  if (k === 0) return x.length ? of(0) : 0;
  const least = of(k - 1) + 1;
  if (k === x.length) return least;
  const after = (at - x[k - 1]) / (step || (x[k] - x[k - 1]) / (of(k) - of(k - 1)));
  const passed = inclusive ? Math.floor(after) : Math.ceil(after) - 1;
  return Math.min(of(k), least + Math.max(0, passed));
}
