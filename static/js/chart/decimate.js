// Fewer points to draw, none of them invented: the smallest and the largest value of each bucket stay.
// Buckets are equal parts of the window, about a pixel wide, so that what is dropped could not have been seen.
// Ranges of positions are half-open.

/** First position of the increasing array `x` whose value is not below `at`. */
export function position(x, at) {
  let low = 0;
  let high = x.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (x[middle] < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The interval from..to of the strictly increasing Float64Array `x`, cut into buckets. Positions start to stop take in
 * one neighbour on each side, so that the line reaches the edge.
 */
export function windowOf(x, from, to, buckets) {
  let stop = position(x, to);
  if (stop < x.length && x[stop] === to) stop += 1;
  return { x, from, to, buckets, start: Math.max(0, position(x, from) - 1), stop: Math.min(x.length, stop + 1) };
}

/** Calls `each(first, last)` for the half open run of positions in every bucket that holds any. */
function inBuckets({ x, from, to, buckets, start, stop }, each) {
  const scale = buckets / (to - from);
  const bucketOf = (i) => Math.max(0, Math.min(buckets - 1, Math.floor((x[i] - from) * scale)));
  let first = start;
  let bucket = bucketOf(start);
  for (let i = start + 1; i < stop; i += 1) {
    const here = bucketOf(i);
    if (here === bucket) continue;
    each(first, i);
    first = i;
    bucket = here;
  }
  if (first < stop) each(first, stop);
}

const every = (start, stop) => Int32Array.from({ length: Math.max(0, stop - start) }, (_, i) => start + i);

/**
 * Positions to draw of one line, in order, at most two a bucket. A bucket without any number keeps one NaN, so that
 * the line breaks there.
 */
export function minMax(window, values) {
  if (window.stop - window.start <= 2 * window.buckets) return every(window.start, window.stop);
  /** @type {number[]} */
  const drawn = [];
  inBuckets(window, (first, last) => {
    let low = -1;
    let high = -1;
    for (let i = first; i < last; i += 1) {
      const value = values[i];
      if (Number.isNaN(value)) continue;
      if (low < 0 || value < values[low]) low = i;
      if (high < 0 || value > values[high]) high = i;
    }
    if (low < 0) drawn.push(first);
    else if (low === high) drawn.push(low);
    else drawn.push(Math.min(low, high), Math.max(low, high));
  });
  return Int32Array.from(drawn);
}

/** The band, one pair a bucket and one at the end: lowest `lower`, highest `upper`, as {i, x, lower, upper}: `i` is where. */
export function envelope(window, lower, upper) {
  const { x, start, stop, buckets } = window;
  /** @type {{i: number[], x: number[], lower: number[], upper: number[]}} */
  const out = { i: [], x: [], lower: [], upper: [] };
  const add = (i, low, high) => {
    out.i.push(i);
    out.x.push(x[i]);
    out.lower.push(low);
    out.upper.push(high);
  };
  if (stop - start <= buckets) {
    for (let i = start; i < stop; i += 1) add(i, lower[i], upper[i]);
    return out;
  }
  inBuckets(window, (first, last) => {
    let low = NaN;
    let high = NaN;
    for (let i = first; i < last; i += 1) {
      if (!(lower[i] >= low) && !Number.isNaN(lower[i])) low = lower[i];
      if (!(upper[i] <= high) && !Number.isNaN(upper[i])) high = upper[i];
    }
    add(first, low, high);
  });
  add(stop - 1, lower[stop - 1], upper[stop - 1]);
  return out;
}

/**
 * Positions of the anomalies to draw, in order. `flagged` (Int32Array) holds the positions of all of them, `peaks` one
 * for each event. All are drawn while they are at most two a bucket; otherwise the lowest and the highest anomaly of
 * each bucket and, while they are at most one a bucket, the peak of every event. So no event is ever out of sight: it
 * has a dot of its own, or shares the dots of a bucket about a pixel wide.
 */
export function dots(window, values, flagged, peaks) {
  const { start, stop, buckets } = window;
  const inside = (positions) => positions.subarray(position(positions, start), position(positions, stop));
  const here = inside(flagged);
  if (here.length <= 2 * buckets) return here;
  const flaggedWindow = { ...window, x: Float64Array.from(here, (i) => window.x[i]), start: 0, stop: here.length };
  const extremes = minMax(
    flaggedWindow,
    Float64Array.from(here, (i) => values[i]),
  ).map((k) => here[k]);
  const own = inside(peaks);
  if (own.length > buckets) return extremes;
  return Int32Array.from(new Set([...extremes, ...own])).sort();
}
