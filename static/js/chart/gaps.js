// Gaps in time: where a line must not join two points, because nothing is known of what lies between them.
import { position } from "./decimate.js";

const GAP_STEPS = 1.5; // as the service counts them
// With more of its distances too long than this, a series has no usual step, and breaks would leave nothing of its line.
const MOST_GAPS = 1 / 4;

/** Positions of the points that lie more than 1.5 usual steps after the one before; none where no step is usual. */
export function gapsOf(x, step) {
  const found = [];
  if (step > 0) for (let i = 1; i < x.length; i += 1) if (x[i] - x[i - 1] > GAP_STEPS * step) found.push(i);
  return Int32Array.from(found.length > MOST_GAPS * (x.length - 1) ? [] : found);
}

/**
 * The same among rows of which points between were left out: `positions` says how many. A gap narrower than a bucket of
 * `width` is not seen.
 */
export function gapsAmong(x, positions, step, width) {
  const found = [];
  const least = Math.max(width, (GAP_STEPS - 1) * step);
  for (let k = 1; k < x.length && step > 0; k += 1) {
    const known = (positions[k] - positions[k - 1]) * step;
    if (x[k] - x[k - 1] - known > least) found.push(k);
  }
  return Int32Array.from(found.length > MOST_GAPS * (x.length - 1) ? [] : found);
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
