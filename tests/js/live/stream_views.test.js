import assert from "node:assert/strict";
import { test } from "node:test";

import { Past } from "../../../static/js/live/history_view.js";

const POINTS = 9000;

/** Reads points of a stream that has forgotten those before `kept`. */
function reader({ kept = 0 } = {}) {
  const asked = [];
  const read = async (cursor, limit) => {
    asked.push([cursor, limit]);
    const first = Math.max(cursor, kept);
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
  return { read, asked };
}

const span = ({ history }) => [history.view("x")[0] / 1000, history.view("x").at(-1) / 1000];

test("around a cursor, then on at both ends up to the newest", async () => {
  const past = new Past(reader().read);
  assert.equal(await past.around(5000), true);
  assert.deepEqual(span(past), [4001, 6000]);
  assert.equal(await past.more(-1, POINTS), true);
  assert.deepEqual(span(past), [2001, 6000]);
  assert.equal(await past.more(1, POINTS), true);
  assert.equal(await past.more(1, POINTS), true);
  assert.deepEqual(span(past), [2001, POINTS]);
  assert.equal(await past.more(1, POINTS), false);
});

test("what was forgotten is not asked for again", async () => {
  const { read, asked } = reader({ kept: 4500 });
  const past = new Past(read);
  assert.equal(await past.around(2000), false);
  assert.equal(past.open, false);
  assert.equal(await past.around(5000), true);
  assert.deepEqual(span(past), [4501, 6500]);
  assert.equal(await past.more(-1, POINTS), false);
  const before = asked.length;
  assert.equal(await past.more(-1, POINTS), false);
  assert.equal(asked.length, before);
});

test("one reading at a time, and none that comes after it was closed", async () => {
  const past = new Past(reader().read);
  await past.around(5000);
  const both = [past.more(-1, POINTS), past.more(-1, POINTS)];
  assert.deepEqual(await Promise.all(both), [true, false]);
  const late = past.more(-1, POINTS);
  past.close();
  assert.equal(await late, false);
  assert.equal(past.history.length, 0);
});

test("it holds no more than it has room for", async () => {
  const past = new Past(reader().read);
  past.history.capacity = 5000;
  await past.around(5000);
  await past.more(-1, POINTS);
  assert.equal(await past.more(-1, POINTS), false);
  assert.equal(past.history.length, 4000);
});
