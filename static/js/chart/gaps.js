// Gaps in time: where a line must not join two points, because points between them are missing.
import { position } from "./decimate.js";

export const GAP_STEPS = 1.5; // as GAP_STEPS of timeseries/regular_grid.py
// With a larger share of gaps, a series has no regular step, and breaks would leave nothing of its line.
const MAX_GAP_SHARE = 1 / 4;

/** Positions of the points more than GAP_STEPS steps after the one before; none where there is no regular step. */
export function gapsOf(x, step) {
  const gaps = [];
  if (step > 0) for (let i = 1; i < x.length; i += 1) if (x[i] - x[i - 1] > GAP_STEPS * step) gaps.push(i);
  return Int32Array.from(gaps.length > MAX_GAP_SHARE * (x.length - 1) ? [] : gaps);
}

/**
 * The same among rows of which points between were left out: `positions` says how many. A gap narrower than a bucket of
 * `width` is not seen.
 */
export function gapsAmong(x, positions, step, width) {
  const gaps = [];
  const least = Math.max(width, (GAP_STEPS - 1) * step);
  for (let k = 1; k < x.length && step > 0; k += 1) {
    const known = (positions[k] - positions[k - 1]) * step;
    if (x[k] - x[k - 1] - known > least) gaps.push(k);
  }
  return Int32Array.from(gaps.length > MAX_GAP_SHARE * (x.length - 1) ? [] : gaps);
}

/**
 * The points [{x, y, i}] of a line (`i` increasing), with one of y NaN in the middle of each gap, where the line
 * breaks. Of a window in which points were left out, only gaps wider than a bucket count: others are not seen.
 */
export function broken(points, window, gaps) {
  const { x, from, to, buckets, start, stop } = window;
  const least = stop - start > 2 * buckets ? (to - from) / buckets : 0;
  const out = [];
  let next = position(gaps, start + 1);
  let before = null;
  for (const point of points) {
    let widest = 0;
    for (; gaps[next] <= point.i; next += 1) widest = Math.max(widest, x[gaps[next]] - x[gaps[next] - 1]);
    if (before && widest > least) out.push({ x: (before.x + point.x) / 2, y: NaN, i: before.i, gap: true });
    out.push(point);
    before = point;
  }
  return out;
}
