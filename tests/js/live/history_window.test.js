import assert from "node:assert/strict";
import { test } from "node:test";

import { HistoryWindow } from "../../../static/js/live/history_window.js";

const POINTS = 9000;

/** Reads points of a stream without those before `oldest`. */
function reader({ oldest = 0 } = {}) {
  const requests = [];
  const read = async (cursor, limit) => {
    requests.push([cursor, limit]);
    const first = Math.max(cursor, oldest);
    const n = Math.min(limit, POINTS - first);
    const all = (value) => Array(n).fill(value);
    return {
      times: Array.from({ length: n }, (_, k) => (first + k + 1) * 1000),
      values: all(1),
      expected: all(1),
      lower: all(0),
      upper: all(2),
      score: all(0),
      is_anomaly: all(false),
      judged_by: all("lstm"),
      cursor: first + n,
    };
  };
  return { read, requests };
}

const span = ({ buffer }) => [buffer.view("x")[0] / 1000, buffer.view("x").at(-1) / 1000];

test("around a cursor, then on at both ends up to the newest", async () => {
  const window = new HistoryWindow(reader().read);
  assert.equal(await window.load(5000), true);
  assert.deepEqual(span(window), [4001, 6000]);
  assert.equal(await window.extend(-1, POINTS), true);
  assert.deepEqual(span(window), [2001, 6000]);
  assert.equal(await window.extend(1, POINTS), true);
  assert.equal(await window.extend(1, POINTS), true);
  assert.deepEqual(span(window), [2001, POINTS]);
  assert.equal(await window.extend(1, POINTS), false);
});

test("deleted points are not requested again", async () => {
  const { read, requests } = reader({ oldest: 4500 });
  const window = new HistoryWindow(read);
  assert.equal(await window.load(2000), false);
  assert.equal(window.open, false);
  assert.equal(await window.load(5000), true);
  assert.deepEqual(span(window), [4501, 6500]);
  assert.equal(await window.extend(-1, POINTS), false);
  const before = requests.length;
  assert.equal(await window.extend(-1, POINTS), false);
  assert.equal(requests.length, before);
});

test("one request at a time, and no response after it was closed", async () => {
  const window = new HistoryWindow(reader().read);
  await window.load(5000);
  const both = [window.extend(-1, POINTS), window.extend(-1, POINTS)];
  assert.deepEqual(await Promise.all(both), [true, false]);
  const late = window.extend(-1, POINTS);
  window.close();
  assert.equal(await late, false);
  assert.equal(window.buffer.length, 0);
});

test("it holds no more than its capacity", async () => {
  const window = new HistoryWindow(reader().read);
  window.buffer.capacity = 5000;
  await window.load(5000);
  await window.extend(-1, POINTS);
  assert.equal(await window.extend(-1, POINTS), false);
  assert.equal(window.buffer.length, 4000);
});
