import assert from "node:assert/strict";
import { test } from "node:test";

import { dots, envelope, minMax, position, windowOf } from "../../../static/js/chart/decimate.js";

// A small generator with a seed (mulberry32): the same series on every run.
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function series(seed, points, { missing = 0.1, gaps = true } = {}) {
  const next = random(seed);
  const x = new Float64Array(points);
  let at = 1e12;
  for (let i = 0; i < points; i += 1) {
    at += gaps && next() < 0.01 ? 5e6 * next() + 1 : 1000;
    x[i] = at;
  }
  const values = Float64Array.from(x, () => (next() < missing ? NaN : Math.round(next() * 1000)));
  return { x, values, next };
}

// The slow, obvious way: ask every bucket for its members.
function naiveBuckets({ x, from, to, buckets, start, stop }) {
  const members = new Map();
  for (let i = start; i < stop; i += 1) {
    const raw = Math.floor((x[i] - from) * (buckets / (to - from)));
    const bucket = Math.min(buckets - 1, Math.max(0, raw));
    members.set(bucket, [...(members.get(bucket) ?? []), i]);
  }
  return [...members.values()];
}

function naiveMinMax(window, values) {
  return naiveBuckets(window).flatMap((members) => {
    const known = members.filter((i) => !Number.isNaN(values[i]));
    if (!known.length) return [members[0]];
    const low = Math.min(...known.map((i) => values[i]));
    const high = Math.max(...known.map((i) => values[i]));
    const first = known.find((i) => values[i] === low);
    const second = known.find((i) => values[i] === high);
    return [...new Set([first, second])].sort((a, b) => a - b);
  });
}

const strictlyRising = (positions) => positions.every((each, k) => k === 0 || each > positions[k - 1]);

test("position is the first one not below", () => {
  const x = Float64Array.of(1, 3, 3.5, 9);
  assert.deepEqual(
    [0, 1, 2, 3, 9, 10].map((at) => position(x, at)),
    [0, 0, 1, 1, 3, 4],
  );
});

test("a window takes in one neighbour on each side", () => {
  const x = Float64Array.of(10, 20, 30, 40, 50);
  const { start, stop } = windowOf(x, 20, 30, 10);
  assert.deepEqual([start, stop], [0, 4]);
  const whole = windowOf(x, 10, 50, 10);
  assert.deepEqual([whole.start, whole.stop], [0, 5]);
});

test("a window between two points holds both", () => {
  const { start, stop } = windowOf(Float64Array.of(10, 20, 30), 21, 22, 10);
  assert.deepEqual([start, stop], [1, 3]);
});

test("few points are all kept", () => {
  const { x, values } = series(1, 50);
  const window = windowOf(x, x[0], x[49], 25);
  assert.deepEqual([...minMax(window, values)], [...Array(50).keys()]);
});

test("min and max per bucket are those of the naive version", () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const { x, values, next } = series(seed, 3000, { missing: seed % 4 === 0 ? 0.95 : 0.1 });
    const from = x[Math.floor(next() * 1000)] + (seed % 2) * 333;
    const to = x[1500 + Math.floor(next() * 1499)];
    const window = windowOf(x, from, to, 40);
    const kept = minMax(window, values);
    assert.deepEqual([...kept], naiveMinMax(window, values), `seed ${seed}`);
    assert.ok(kept.length <= 80 && strictlyRising(kept));
  }
});

test("the lowest and the highest value of the window always stay", () => {
  const { x, values } = series(7, 100000, { missing: 0 });
  values[54321] = 1e9;
  values[12345] = -1e9;
  const kept = minMax(windowOf(x, x[0], x.at(-1), 1000), values);
  assert.ok(kept.includes(54321) && kept.includes(12345));
  assert.ok(kept.length <= 2000);
});

test("a far neighbour outside does not squeeze the window into one bucket", () => {
  const x = Float64Array.from({ length: 2001 }, (_, i) => (i ? 1e12 + i : 0));
  const values = Float64Array.from(x, (_, i) => i % 7);
  assert.ok(minMax(windowOf(x, 1e12, 1e12 + 2000, 100), values).length >= 190);
});

test("a long missing stretch stays a break in the line", () => {
  const { x, values } = series(3, 10000, { missing: 0, gaps: false });
  values.fill(NaN, 4000, 5000);
  const kept = minMax(windowOf(x, x[0], x.at(-1), 100), values);
  assert.ok(kept.some((i) => Number.isNaN(values[i])));
});

test("the band encloses every lower and upper of its bucket", () => {
  const { x, values, next } = series(5, 5000);
  const upper = values.map((value) => value + next() * 10);
  const window = windowOf(x, x[100], x[4900], 60);
  const band = envelope(window, values, upper);
  const naive = naiveBuckets(window);
  assert.equal(band.x.length, naive.length + 1);
  naive.forEach((members, k) => {
    const lows = members.map((i) => values[i]).filter((value) => !Number.isNaN(value));
    const highs = members.map((i) => upper[i]).filter((value) => !Number.isNaN(value));
    assert.equal(band.lower[k], lows.length ? Math.min(...lows) : NaN);
    assert.equal(band.upper[k], highs.length ? Math.max(...highs) : NaN);
  });
});

function events(next, points, many) {
  const flagged = [];
  const peaks = [];
  for (let i = 0; i < points; i += 1) {
    if (next() >= many) continue;
    const length = 1 + Math.floor(next() * 4);
    peaks.push(Math.min(points - 1, i + Math.floor(next() * length)));
    for (let k = 0; k < length && i + k < points; k += 1) flagged.push(i + k);
    i += length + 3;
  }
  return { flagged: Int32Array.from(flagged), peaks: Int32Array.from(peaks) };
}

test("every event has a dot of its own while there are at most one a bucket", () => {
  for (const many of [0.0001, 0.001, 0.004]) {
    const { x, values, next } = series(11, 100000, { missing: 0 });
    const { flagged, peaks } = events(next, 100000, many);
    const window = windowOf(x, x[0], x.at(-1), 500);
    const drawn = dots(window, values, flagged, peaks);
    const own = new Set(drawn);
    assert.ok(strictlyRising(drawn) && drawn.length <= 1500);
    assert.ok(drawn.every((i) => flagged.includes(i)));
    if (peaks.length <= 500) assert.ok(peaks.every((peak) => own.has(peak)));
  }
});

test("with more events than pixels, every bucket that holds an anomaly shows its lowest and its highest", () => {
  const { x, values, next } = series(13, 50000, { missing: 0 });
  const { flagged, peaks } = events(next, 50000, 0.3);
  const window = windowOf(x, x[1000], x[49000], 100);
  const drawn = new Set(dots(window, values, flagged, peaks));
  const here = new Set(flagged);
  assert.ok(peaks.length > 100 && drawn.size <= 200);
  for (const members of naiveBuckets(window)) {
    const anomalies = members.filter((i) => here.has(i)).map((i) => values[i]);
    if (!anomalies.length) continue;
    const shown = members.filter((i) => drawn.has(i)).map((i) => values[i]);
    assert.equal(Math.max(...shown), Math.max(...anomalies));
    assert.equal(Math.min(...shown), Math.min(...anomalies));
  }
});

test("a million points are reduced in well under a frame of patience", () => {
  const { x, values } = series(17, 1000000, { gaps: false });
  const window = windowOf(x, x[0], x.at(-1), 1000);
  minMax(window, values);
  const began = performance.now();
  minMax(window, values);
  assert.ok(performance.now() - began < 200);
});
