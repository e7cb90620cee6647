// Events and labels on the axis: milliseconds since 1970 UTC, or positions where a series has no times.
import { position } from "./decimate.js";

const ms = (at) => (typeof at === "number" ? at : Date.parse(at));

/** Where the point of a position is on the axis. Between two `rows`, points are taken to be one `step` apart. */
export function axisAt({ x, positions }, step, at) {
  const after = Math.min(position(positions, at), x.length - 1);
  if (positions[after] <= at || after === 0) return x[after];
  const points = positions[after] - positions[after - 1];
  const share = step ? step : (x[after] - x[after - 1]) / points;
  return Math.min(x[after], x[after - 1] + share * (at - positions[after - 1]));
}

/**
 * The first and last point of a half-open interval on the axis: from the columns of `series`, from the times of the
 * interval, or else from some `rows` of the series.
 * @param {ChartSeries} series
 * @param {Interval & {start_time?: any, stop_time?: any}} interval
 * @param {any} [rows]
 * @returns {[number, number]}
 */
export function spanOf(series, { start, stop, start_time: first, stop_time: last }, rows = null) {
  if (series.x) return [series.x[start], series.x[stop - 1]];
  if (!series.hasTimes) return [start, stop - 1];
  if (first === undefined)
    return rows ? [axisAt(rows, series.step, start), axisAt(rows, series.step, stop - 1)] : [NaN, NaN];
  return [ms(first), ms(last)];
}

/**
 * The intervals `items`, in order, with their ends on the axis.
 * @param {ChartSeries} series
 * @param {any[]} items
 * @param {Rows | null} [rows]
 * @returns {Positions}
 */
export function positionsOf(series, items, rows = null) {
  const spans = items.map((item) => spanOf(series, item, rows));
  return { items, from: Float64Array.from(spans, ([from]) => from), to: Float64Array.from(spans, ([, to]) => to) };
}

/** [first, stop) of the intervals that overlap from..to. They do not overlap each other. @returns {[number, number]} */
export function within(positions, from, to) {
  const stop = position(positions.from, to);
  return [position(positions.to, from), positions.from[stop] === to ? stop + 1 : stop];
}

/**
 * The intervals in view as pixels, each at least `minWidth` wide. Those that touch are merged, so that ten thousand are
 * drawn as fast as ten.
 * @param {Positions} positions
 * @param {number} from
 * @param {number} to
 * @param {(at: number) => number} pixel of a point of the axis
 * @param {number} minWidth
 * @returns {[number, number][]}
 */
export function strips(positions, from, to, pixel, minWidth) {
  /** @type {[number, number][]} */
  const merged = [];
  const [first, stop] = within(positions, from, to);
  for (let k = first; k < stop; k += 1) {
    const [begin, end] = [pixel(positions.from[k]), pixel(positions.to[k])];
    const half = Math.max(minWidth, end - begin) / 2;
    const [left, right] = [(begin + end) / 2 - half, (begin + end) / 2 + half];
    const last = merged.at(-1);
    if (last && left <= last[1]) last[1] = Math.max(last[1], right);
    else merged.push([left, right]);
  }
  return merged;
}

/** The interval nearest to `at` and at most `reach` away; null where there is none. */
export function nearest(positions, at, reach) {
  const after = position(positions.to, at);
  const distance = (k) =>
    k < 0 || k >= positions.items.length ? Infinity : Math.max(positions.from[k] - at, at - positions.to[k], 0);
  const best = distance(after - 1) < distance(after) ? after - 1 : after;
  return distance(best) <= reach ? positions.items[best] : null;
}

/**
 * The worst point of each event.
 * @param {ChartSeries} series
 * @param {AnomalyEvent[]} events
 */
export function peaksOf({ x, hasTimes }, events) {
  /** @param {AnomalyEvent} event */
  const at = ({ peak, peak_time: time }) => (x ? x[peak] : hasTimes ? ms(time) : peak);
  return {
    x: Float64Array.from(events.map(at)),
    y: Float64Array.from(events.map(({ value }) => value ?? NaN)),
  };
}
