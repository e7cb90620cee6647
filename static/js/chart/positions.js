// Where events and labels stand on the axis: milliseconds since 1970, or positions where a series has no times.
import { position } from "./decimate.js";

const ms = (at) => (typeof at === "number" ? at : Date.parse(at));

/** Where on the axis the point at a position stands; between two `rows` it is taken to stand a usual `step` apart. */
export function placeAt({ x, positions }, step, at) {
  const after = Math.min(position(positions, at), x.length - 1);
  if (positions[after] <= at || after === 0) return x[after];
  const points = positions[after] - positions[after - 1];
  const share = step ? step : (x[after] - x[after - 1]) / points;
  return Math.min(x[after], x[after - 1] + share * (at - positions[after - 1]));
}

/**
 * [first, last] place of a half open stretch of `series`: by its columns, by times of its own, or where neither are known
 * by some `rows` of it.
 */
export function spanOf(series, { start, stop, start_time: first, stop_time: last }, rows = null) {
  if (series.x) return [series.x[start], series.x[stop - 1]];
  if (!series.hasTimes) return [start, stop - 1];
  if (first === undefined)
    return rows ? [placeAt(rows, series.step, start), placeAt(rows, series.step, stop - 1)] : [NaN, NaN];
  return [ms(first), ms(last)];
}

/** The stretches `items` with their places, in order: {items, from, to}, `from` and `to` Float64Array. */
export function placesOf(series, items, rows = null) {
  const spans = items.map((item) => spanOf(series, item, rows));
  return { items, from: Float64Array.from(spans, ([from]) => from), to: Float64Array.from(spans, ([, to]) => to) };
}

/** [first, stop) of the stretches that reach into from..to. They do not overlap. */
export function within(places, from, to) {
  const stop = position(places.from, to);
  return [position(places.to, from), places.from[stop] === to ? stop + 1 : stop];
}

/**
 * The stretches in view as pixels: [[left, right]], each at least `least` wide, those that touch joined, so that ten
 * thousand are drawn as fast as ten. `pixel(at)` is where a place of the axis is drawn.
 */
export function strips(places, from, to, pixel, least) {
  const joined = [];
  const [first, stop] = within(places, from, to);
  for (let k = first; k < stop; k += 1) {
    const [begin, end] = [pixel(places.from[k]), pixel(places.to[k])];
    const half = Math.max(least, end - begin) / 2;
    const [left, right] = [(begin + end) / 2 - half, (begin + end) / 2 + half];
    const last = joined.at(-1);
    if (last && left <= last[1]) last[1] = Math.max(last[1], right);
    else joined.push([left, right]);
  }
  return joined;
}

/** The stretch nearest to `at` and at most `reach` away; null where there is none. */
export function nearest(places, at, reach) {
  const after = position(places.to, at);
  const distance = (k) =>
    k < 0 || k >= places.items.length ? Infinity : Math.max(places.from[k] - at, at - places.to[k], 0);
  const best = distance(after - 1) < distance(after) ? after - 1 : after;
  return distance(best) <= reach ? places.items[best] : null;
}

/** Where the worst point of each event stands: {x, y}, Float64Array. */
export function peaksOf(series, events) {
  const at = ({ peak, peak_time: time }) => (series.x ? series.x[peak] : series.hasTimes ? ms(time) : peak);
  return { x: Float64Array.from(events, at), y: Float64Array.from(events, ({ value }) => value ?? NaN) };
}
