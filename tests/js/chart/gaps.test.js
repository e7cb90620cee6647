import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { GAP_STEPS, broken, gapsOf } from "../../../static/js/chart/gaps.js";
import { envelope, minMax, windowOf } from "../../../static/js/chart/decimate.js";

const line = (x, positions) => Array.from(positions, (i) => ({ x: x[i], y: 1, i }));
const breaks = (points) => points.flatMap((point, k) => (point.gap ? [[points[k - 1].i, points[k + 1].i]] : []));

test("a gap is more than 1.5 usual steps", () => {
  assert.deepEqual([...gapsOf([0, 10, 25, 35, 50.1, 60, 70], 10)], [4]);
  assert.deepEqual([...gapsOf([0, 10, 30], 0)], [], "no step is known");
});

test("where more than a quarter of the distances are too long, no step is usual", () => {
  assert.deepEqual([...gapsOf([0, 1, 2, 3, 6], 1)], [4]);
  assert.deepEqual([...gapsOf([0, 1, 2, 5], 1)], []);
});

test("the line breaks between the two points around each gap and nowhere else", () => {
  const x = Float64Array.from([0, 1, 2, 3, 7, 8, 9, 10, 20, 21]);
  const points = broken(line(x, x.keys()), windowOf(x, 0, 21, 100), gapsOf(x, 1));
  assert.deepEqual(breaks(points), [
    [3, 4],
    [7, 8],
  ]);
  assert.deepEqual(
    points.map((point) => point.x),
    [0, 1, 2, 3, 5, 7, 8, 9, 10, 15, 20, 21],
  );
  assert.ok(points.every((point) => Number.isNaN(point.y) === Boolean(point.gap)));
});

test("in a part of the series only the gaps between the points drawn break it", () => {
  const x = Float64Array.from([0, 1, 2, 10, 11, 12, 20, 21, 22, 23]);
  const drawn = (from, to) => {
    const window = windowOf(x, from, to, 100);
    return breaks(broken(line(x, minMax(window, x)), window, gapsOf(x, 1)));
  };
  assert.deepEqual(drawn(5, 15), [
    [2, 3],
    [5, 6],
  ]);
  assert.deepEqual(drawn(11, 11.5), []);
});

test("of many points, reduced, exactly the gaps wider than a bucket break the line and the band", () => {
  const x = Float64Array.from(
    { length: 20000 },
    (_, i) => i + (i > 4000 ? 2 : 0) + (i > 9000 ? 5000 : 0) + (i % 7 === 0 ? 0.1 : 0),
  );
  const window = windowOf(x, x[0], x[19999], 500);
  const gaps = gapsOf(x, 1);
  assert.deepEqual([...gaps], [4001, 9001]);
  const [[before, after], ...others] = breaks(broken(line(x, minMax(window, x)), window, gaps));
  assert.ok(before <= 9000 && after >= 9001 && others.length === 0);
  const band = envelope(window, x, x);
  assert.equal(breaks(broken(line(x, band.i), window, gaps)).length, 1);
  assert.deepEqual(
    Array.from(band.i, (i) => x[i]),
    band.x,
  );
});

test("a gap is as many steps as the service counts", () => {
  const source = readFileSync(new URL("../../../timeseries/regular_grid.py", import.meta.url), "utf8");
  assert.equal(Number(/^GAP_STEPS = (.*)$/m.exec(source)[1]), GAP_STEPS);
});
