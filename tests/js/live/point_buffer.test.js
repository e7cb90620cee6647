import assert from "node:assert/strict";
import { test } from "node:test";

import { eventsOf, MOST_EVENTS, severityAt, withEvents } from "../../../static/js/live/stream_events.js";
import { History, usualStep } from "../../../static/js/live/point_buffer.js";

const START = Date.UTC(2026, 0, 5);

/** An answer of the service: a point each 100 ms from number `first` on; `flags` are the numbers of anomalies. */
function answer(first, n, { flags = [], judge = "lstm" } = {}) {
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
    judged_by: numbers.map(() => judge),
    cursor: first + n,
  };
}

const numbersOf = (history) => Array.from(history.view("x"), (x) => (x - START) / 100);
const range = (from, to) => Array.from({ length: to - from }, (_, k) => from + k);

test("the newest points stay, however they come", () => {
  for (const step of [1, 3, 7, 25, 60]) {
    const history = new History(20);
    for (let first = 0; first < 200; first += step) {
      history.add(answer(first, step));
      const last = first + step;
      assert.deepEqual(numbersOf(history), range(Math.max(0, last - 20), last));
    }
    const { values } = history.series("s");
    numbersOf(history).forEach((k, i) => assert.equal(values[i], k % 7 === 3 ? NaN : 10));
  }
});

test("its columns are never made again", () => {
  const history = new History(50);
  const before = { ...history.columns };
  for (let first = 0; first < 5000; first += 13) history.add(answer(first, 13));
  for (const [name, each] of Object.entries(before)) assert.equal(history.columns[name], each);
  assert.equal(history.length, 50);
});

test("late points and history find their place, and the later arrived of one time stays", () => {
  const history = new History(40);
  history.add(answer(20, 10));
  history.add(answer(35, 5));
  history.add(answer(5, 5));
  assert.deepEqual(numbersOf(history), [...range(5, 10), ...range(20, 30), ...range(35, 40)]);
  const again = answer(28, 9, { flags: [29] });
  again.times.reverse();
  history.add(again);
  assert.deepEqual(numbersOf(history), [...range(5, 10), ...range(20, 40)]);
  assert.equal(history.series("s").flagged.length, 1);
  assert.equal(numbersOf(history)[history.series("s").flagged[0]], 35);
});

test("history asked for afterwards never pushes out newer points", () => {
  const history = new History(30);
  history.add(answer(100, 20));
  history.add(answer(70, 30));
  assert.deepEqual(numbersOf(history), range(90, 120));
  history.add(answer(60, 5));
  assert.deepEqual(numbersOf(history), range(90, 120));
});

test("points without times are counted by their cursor", () => {
  const history = new History(10);
  for (const first of [4, 8, 0]) history.add({ ...answer(first, 4), times: null });
  assert.deepEqual(Array.from(history.view("x")), range(2, 12));
  assert.equal(history.series("s").hasTimes, false);
});

test("the newest judge is known, nothing is known of an empty stream", () => {
  const history = new History(10);
  assert.equal(history.judge, undefined);
  history.add({ ...answer(0, 0), times: [], cursor: 0 });
  assert.equal(history.length, 0);
  history.add(answer(0, 3, { judge: "early" }));
  history.add(answer(3, 1, { judge: "lstm" }));
  assert.equal(history.judge, "lstm");
  const silent = answer(4, 1);
  silent.judged_by = [null];
  history.add(silent);
  assert.equal(history.judge, undefined);
});

test("the usual step is not moved by a gap", () => {
  assert.equal(usualStep(Float64Array.from([0, 10, 20, 900, 910, 920])), 10);
  assert.equal(usualStep(new Float64Array(1)), 0);
});

function seriesOf(flags, n = 40) {
  const history = new History(1000);
  history.add(answer(0, n, { flags }));
  return history.series("s");
}

test("runs of anomalies are events, joined over a small gap", () => {
  const spans = (gap) => eventsOf(seriesOf([2, 5, 6, 9, 20]), gap).map(({ start, stop }) => [start, stop]);
  assert.deepEqual(spans(0), [
    [2, 3],
    [5, 7],
    [9, 10],
    [20, 21],
  ]);
  assert.deepEqual(spans(2), [
    [2, 10],
    [20, 21],
  ]);
});

test("an event peaks on its highest score and says by how much", () => {
  const [event] = eventsOf(seriesOf([4, 5, 6]));
  assert.equal(event.peak, 5);
  assert.equal(event.direction, "above");
  assert.equal(event.severity, 5);
  assert.equal(event.from, START + 400);
  assert.equal(event.explanation, "20 is 100 % above the expected 10, 5 times the distance allowed; lasts 3 points.");
  assert.ok(Number.isNaN(severityAt({ values: [1], expected: [NaN], lower: [NaN], upper: [NaN] }, 0)));
});

test("an event is open while the next anomaly would belong to it", () => {
  assert.equal(eventsOf(seriesOf([39]))[0].open, true);
  assert.equal(eventsOf(seriesOf([37]))[0].open, false);
  assert.equal(eventsOf(seriesOf([37]), 2)[0].open, true);
});

test("there are never more events than a list can hold, and the newest are kept", () => {
  const flags = range(0, 1500).filter((k) => k % 2 === 1);
  const history = new History(1500);
  history.add(answer(0, 1500, { flags }));
  const { events, peaks, flagged } = withEvents(history.series("s"));
  assert.equal(events.length, MOST_EVENTS);
  assert.equal(peaks.length, MOST_EVENTS);
  assert.equal(flagged.length, 750);
  assert.equal(events.at(-1).start, 1499);
});
