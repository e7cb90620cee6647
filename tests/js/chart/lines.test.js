import assert from "node:assert/strict";
import { test } from "node:test";

import { gapsAmong } from "../../../static/js/chart/gaps.js";
import { pinched, turned } from "../../../static/js/chart/gestures.js";
import { anomalies, linesOf, positionsIn, rowAt } from "../../../static/js/chart/lines.js";
import { axisAt, nearest, positionsOf, spanOf, strips, within } from "../../../static/js/chart/positions.js";
import { rowsOf } from "../../../static/js/chart/window_source.js";

const whole = (n) => Float64Array.from({ length: n }, (_, k) => k);
const NO_PEAKS = { x: new Float64Array(), y: new Float64Array() };

/** Rows 0, step, 2 step … of n points, as a reduced window has them. */
const thinned = (n, step) => {
  const x = whole(Math.ceil(n / step)).map((k) => k * step);
  return {
    x,
    positions: Int32Array.from(x),
    values: x.map((k) => k % 7),
    width: step,
    gaps: new Int32Array(),
    from: 0,
    to: n - 1,
    expected: x.map(() => 3),
    lower: x.map(() => 1),
    upper: x.map(() => 5),
    flagged: new Int32Array(),
    peaks: new Int32Array(),
  };
};

test("an event whose points were left out has its dot all the same", () => {
  const rows = thinned(100000, 100);
  const peaks = { x: Float64Array.of(5, 777, 50500, 99999), y: Float64Array.of(1, 2, 3, 4) };
  const { dots } = linesOf({ ...rows, flagged: Int32Array.of(505) }, 0, 99999, 1000, peaks);
  assert.deepEqual(
    dots.map(({ x, i }) => [x, i]),
    [
      [5, -1],
      [777, -1],
      [50500, 505],
      [99999, -1],
    ],
  );
});

test("with more events than pixels, each stretch shows its lowest and its highest", () => {
  const at = whole(50000).map((k) => k * 2);
  const peaks = { x: at, y: at.map((k) => (k * 7919) % 1000) };
  const dots = anomalies(thinned(100000, 100), linesOf(thinned(100000, 100), 0, 99999, 100, NO_PEAKS).window, peaks);
  assert.ok(dots.length <= 200);
  const highest = dots.filter(({ x }) => x < 1000).map(({ y }) => y);
  assert.equal(Math.max(...highest), Math.max(...peaks.y.subarray(0, 500)));
});

test("an event at the very end of the window has its dot, one beyond it has none", () => {
  const rows = thinned(1000, 10);
  const peaks = { x: Float64Array.of(99, 500, 501), y: Float64Array.of(1, 1, 1) };
  assert.deepEqual(
    linesOf(rows, 100, 500, 100, peaks).dots.map(({ x }) => x),
    [500],
  );
});

test("what was not judged has a line of values alone", () => {
  const { x, values, positions, gaps } = thinned(1000, 1);
  const lines = linesOf({ x, values, positions, gaps, width: 0 }, 0, 999, 1000, NO_PEAKS);
  assert.equal(lines.value.length, 1000);
  assert.deepEqual([lines.expected, lines.upper, lines.lower, lines.dots], [[], [], [], []]);
});

test("the positions of a marked stretch are those of the points in it", () => {
  const all = thinned(100, 1);
  assert.deepEqual(positionsIn(all, 1, 9.5, 20), [10, 21]);
  assert.deepEqual(positionsIn(all, 1, 10, 10), [10, 11]);
  assert.deepEqual(positionsIn(all, 1, 10.2, 10.8), [11, 11]); // between two points: none
  assert.deepEqual(positionsIn(all, 1, -5, 500), [0, 100]);
  const few = thinned(1000, 50);
  assert.deepEqual(positionsIn(few, 1, 60, 70), [60, 71]);
  assert.deepEqual(positionsIn(few, 1, 49.5, 149.9), [50, 150]);
});

test("the nearest row", () => {
  const rows = { x: Float64Array.of(0, 10, 30) };
  assert.deepEqual(
    [-5, 4, 6, 21, 99].map((at) => rowAt(rows, at)),
    [0, 0, 1, 2, 2],
  );
  assert.equal(rowAt({ x: new Float64Array() }, 3), -1);
});

test("events have their place by position, by time, or by their own times", () => {
  const event = { start: 1, stop: 3, start_time: 1000, stop_time: "1970-01-01T00:00:02Z" };
  assert.deepEqual(spanOf({ x: Float64Array.of(5, 6, 8, 9) }, event), [6, 8]);
  assert.deepEqual(spanOf({ hasTimes: true }, event), [1000, 2000]);
  assert.deepEqual(spanOf({ hasTimes: false }, event), [1, 2]);
});

test("a position stands a usual step from the row before it, and never after the next row", () => {
  const rows = { x: Float64Array.of(0, 100, 1000), positions: Int32Array.of(0, 10, 20) };
  assert.deepEqual(
    [0, 5, 10, 12, 20].map((at) => axisAt(rows, 10, at)),
    [0, 50, 100, 120, 1000],
  );
  assert.deepEqual(
    [5, 15].map((at) => axisAt(rows, 0, at)),
    [50, 550],
  );
  assert.equal(axisAt(rows, 500, 19), 1000);
  assert.deepEqual(spanOf({ hasTimes: true, step: 10 }, { start: 5, stop: 11 }, rows), [50, 100]);
});

const places = positionsOf(
  { hasTimes: false },
  [
    [0, 2],
    [10, 11],
    [20, 31],
    [100, 101],
  ].map(([start, stop]) => ({ start, stop })),
);

test("the stretches in view, those that only reach into it among them", () => {
  assert.deepEqual(within(places, 1, 10), [0, 2]);
  assert.deepEqual(within(places, 25, 26), [2, 3]);
  assert.deepEqual(within(places, 31, 99), [3, 3]);
});

test("stretches that touch on the screen are one, and none is too narrow to see", () => {
  assert.deepEqual(
    strips(places, 0, 100, (at) => at * 10, 3),
    [
      [0, 10],
      [98.5, 101.5],
      [200, 300],
      [998.5, 1001.5],
    ],
  );
  assert.deepEqual(
    strips(places, 0, 100, (at) => at / 10, 3),
    [
      [-1.45, 4],
      [8.5, 11.5],
    ],
  );
});

test("a click means the nearest event within reach", () => {
  assert.equal(nearest(places, 12, 3), places.items[1]);
  assert.equal(nearest(places, 17, 3), places.items[2]);
  assert.equal(nearest(places, 25, 0), places.items[2]);
  assert.equal(nearest(places, 60, 3), null);
  assert.equal(nearest(places, 99, 3), places.items[3]);
});

test("gaps among rows between which points were left out", () => {
  const x = Float64Array.of(0, 10, 25, 26, 40);
  assert.deepEqual([...gapsAmong(x, Int32Array.of(0, 10, 11, 12, 26), 1, 0)], [2]); // 14 steps without a point
  assert.deepEqual([...gapsAmong(x, Int32Array.of(0, 10, 11, 12, 26), 1, 20)], []); // narrower than a bucket
  assert.deepEqual([...gapsAmong(x, Int32Array.of(0, 1, 2, 3, 4), 1, 0)], []); // no step is usual
});

test("an answer of the service as rows; width 0 says that no point was left out", () => {
  const answer = {
    positions: [3, 4, 5],
    times: [30, 40, 50],
    values: [1, null, 3],
    score: [null, 1, 9],
    expected: [1, 1, 1],
    lower: [0, 0, 0],
    upper: [2, 2, 2],
    is_anomaly: [false, false, true],
  };
  const rows = rowsOf(answer, 25, 55, 100, 10);
  assert.deepEqual([rows.width, [...rows.x], [...rows.flagged], rows.values[1]], [0, [30, 40, 50], [2], NaN]);
  assert.equal(rowsOf({ ...answer, positions: [3, 4, 9] }, 25, 55, 100, 10).width, 0.3);
  const plain = rowsOf({ positions: [7, 8], times: null, values: [1, 2] }, 7, 8, 10, 1);
  assert.deepEqual([[...plain.x], plain.expected], [[7, 8], undefined]);
});

test("the wheel forth and back leads to where it was, and one turn is never wild", () => {
  assert.equal(turned({ deltaY: 100, deltaMode: 0 }) * turned({ deltaY: -100, deltaMode: 0 }), 1);
  assert.ok(turned({ deltaY: 9999, deltaMode: 0 }) < 2);
  assert.ok(turned({ deltaY: -5, ctrlKey: true }) < 1);
});

test("what two fingers hold stays under them", () => {
  const near = ([a, b]) => [Math.round(a), Math.round(b)];
  assert.deepEqual(near(pinched([0, 1000], [0.4, 0.6], [0.2, 0.8])), [333, 667]);
  assert.deepEqual(near(pinched([0, 1000], [0.4, 0.6], [0.5, 0.7])), [-100, 900]);
});
