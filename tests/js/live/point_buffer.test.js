import assert from "node:assert/strict";
import { test } from "node:test";

import { MAX_EVENTS, PointBuffer, typicalStep } from "../../../static/js/live/point_buffer.js";

const START = Date.UTC(2026, 0, 5);

/** An answer of the service: a point each 100 ms from number `first` on; `flags` are the numbers of anomalies. */
function answer(first, n, { flags = [], detector = "lstm" } = {}) {
  const numbers = Array.from({ length: n }, (_, k) => first + k);
  const bad = new Set(flags);
  return {
    times: numbers.map((k) => START + k * 100),
    values: numbers.map((k) => (k % 7 === 3 ? null : bad.has(k) ? 20 : 10)),
    expected: numbers.map(() => 10),
    lower: numbers.map(() => 8),
    upper: numbers.map(() => 12),
    score: numbers.map((k) => (bad.has(k) ? 5 + (k % 2) : 0.1)),
    is_anomaly: numbers.map((k) => bad.has(k)),
    judged_by: numbers.map(() => detector),
    cursor: first + n,
  };
}

const numbersOf = (buffer) => Array.from(buffer.view("x"), (x) => (x - START) / 100);
const range = (from, to) => Array.from({ length: to - from }, (_, k) => from + k);

test("the newest points stay, in whatever steps they arrive", () => {
  for (const step of [1, 3, 7, 25, 60]) {
    const buffer = new PointBuffer(20);
    for (let first = 0; first < 200; first += step) {
      buffer.add(answer(first, step));
      const last = first + step;
      assert.deepEqual(numbersOf(buffer), range(Math.max(0, last - 20), last));
    }
    const { values } = buffer.series("s");
    numbersOf(buffer).forEach((k, i) => assert.equal(values[i], k % 7 === 3 ? NaN : 10));
  }
});

test("its columns are allocated once", () => {
  const buffer = new PointBuffer(50);
  const before = { ...buffer.columns };
  for (let first = 0; first < 5000; first += 13) buffer.add(answer(first, 13));
  for (const [name, each] of Object.entries(before)) assert.equal(buffer.columns[name], each);
  assert.equal(buffer.length, 50);
});

test("late points and history are in order, and of one time the later arrived stays", () => {
  const buffer = new PointBuffer(40);
  buffer.add(answer(20, 10));
  buffer.add(answer(35, 5));
  buffer.add(answer(5, 5));
  assert.deepEqual(numbersOf(buffer), [...range(5, 10), ...range(20, 30), ...range(35, 40)]);
  const again = answer(28, 9, { flags: [29] });
  again.times.reverse();
  buffer.add(again);
  assert.deepEqual(numbersOf(buffer), [...range(5, 10), ...range(20, 40)]);
  assert.equal(buffer.series("s").flagged.length, 1);
  assert.equal(numbersOf(buffer)[buffer.series("s").flagged[0]], 35);
});

test("history never removes newer points", () => {
  const buffer = new PointBuffer(30);
  buffer.add(answer(100, 20));
  buffer.add(answer(70, 30));
  assert.deepEqual(numbersOf(buffer), range(90, 120));
  buffer.add(answer(60, 5));
  assert.deepEqual(numbersOf(buffer), range(90, 120));
});

test("points without times are counted by their cursor", () => {
  const buffer = new PointBuffer(10);
  for (const first of [4, 8, 0]) buffer.add({ ...answer(first, 4), times: null });
  assert.deepEqual(Array.from(buffer.view("x")), range(2, 12));
  assert.equal(buffer.series("s").hasTimes, false);
});

test("the newest detector is known, and none of an empty stream", () => {
  const buffer = new PointBuffer(10);
  assert.equal(buffer.detector, undefined);
  buffer.add({ ...answer(0, 0), times: [], cursor: 0 });
  assert.equal(buffer.length, 0);
  buffer.add(answer(0, 3, { detector: "early" }));
  buffer.add(answer(3, 1, { detector: "lstm" }));
  assert.equal(buffer.detector, "lstm");
  const silent = answer(4, 1);
  silent.judged_by = [null];
  buffer.add(silent);
  assert.equal(buffer.detector, undefined);
});

test("the typical step ignores a gap", () => {
  assert.equal(typicalStep(Float64Array.from([0, 10, 20, 900, 910, 920])), 10);
  assert.equal(typicalStep(new Float64Array(1)), 0);
});

const event = (start, stop, fields = {}) => ({
  id: `anomaly-${start}`,
  start,
  stop,
  peak: start,
  start_time: START + (start - 1) * 100,
  stop_time: START + (stop - 2) * 100,
  peak_time: START + (start - 1) * 100,
  ...fields,
});

test("events of the service stand at the rows of their points", () => {
  const buffer = new PointBuffer(100);
  buffer.add({ ...answer(0, 40, { flags: [4, 6] }), events: [event(5, 8, { peak: 7, peak_time: START + 600 })] });
  const { events, peaks } = buffer.series("s");
  const [{ from, to, start, stop, peak }] = events;
  assert.deepEqual([from, to, start, stop, peak], [START + 400, START + 600, 4, 7, 6]);
  assert.deepEqual([...peaks], [6]);
});

test("an event replaces those that it overlaps", () => {
  const buffer = new PointBuffer(100);
  buffer.add({ ...answer(0, 10), events: [event(2, 3), event(9, 11, { open: true })] });
  buffer.add({ ...answer(10, 10), events: [event(9, 15)] });
  assert.deepEqual(
    buffer.heldEvents.map(({ from, stop, open }) => [(from - START) / 100, stop, open]),
    [
      [1, 2, undefined],
      [8, 14, undefined],
    ],
  );
});

test("an event whose first point is not held is left out, one that goes on is cut", () => {
  const buffer = new PointBuffer(20);
  buffer.add({ ...answer(0, 40), events: [event(10, 25), event(30, 60)] });
  assert.deepEqual(
    buffer.heldEvents.map(({ start, stop }) => [start, stop]),
    [[9, 20]],
  );
});

test("events of a stream without times stand at their cursors", () => {
  const buffer = new PointBuffer(20);
  const counted = { start_time: null, stop_time: null, peak_time: null };
  buffer.add({ ...answer(0, 9), times: null, events: [event(3, 5, counted)] });
  const [{ from, to, start, stop }] = buffer.heldEvents;
  assert.deepEqual([from, to, start, stop], [2, 3, 2, 4]);
});

test("only the newest events are held", () => {
  const buffer = new PointBuffer(2000);
  const events = range(1, 1500).map((k) => event(k, k + 1));
  buffer.add({ ...answer(0, 1500), events });
  assert.equal(buffer.heldEvents.length, MAX_EVENTS);
  assert.equal(buffer.heldEvents.at(-1).start, 1498);
});
