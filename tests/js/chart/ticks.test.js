import assert from "node:assert/strict";
import { test } from "node:test";

import { indexTicks, niceStep, timeTicks } from "../../../static/js/chart/ticks.js";

const MINUTE = 60000;
const DAY = 86400000;
const start = Date.UTC(2026, 0, 5);

test("a nice step is 1, 2 or 5 times a power of ten", () => {
  assert.deepEqual([0.9, 1, 1.1, 3, 7, 40, 99].map(niceStep), [1, 1, 2, 5, 10, 50, 100]);
});

test("positions are whole", () => {
  assert.deepEqual(
    indexTicks(0, 4, 10).map(({ value }) => value),
    [0, 1, 2, 3, 4],
  );
  assert.deepEqual(
    indexTicks(0, 2000, 4).map(({ label }) => label),
    ["0", "500", "1,000", "1,500", "2,000"],
  );
});

test("there are never many more ticks than asked for", () => {
  for (let span = 3; span < 1e14; span *= 1.7) {
    const ticks = timeTicks(start, start + span, 8);
    assert.ok(ticks.length <= 10, `${span} ms: ${ticks.length}`);
    assert.ok(ticks.every(({ value }) => value >= start && value <= start + span));
    if (span > 20) assert.ok(ticks.length >= 2, `${span} ms: ${ticks.length}`);
  }
});

test("the date is told where it changes", () => {
  const labels = timeTicks(start + 720 * MINUTE, start + DAY + 720 * MINUTE, 5).map(({ label }) => label);
  assert.deepEqual(labels, [["12:00", "5 Jan 2026"], ["18:00"], ["00:00", "6 Jan 2026"], ["06:00"], ["12:00"]]);
});

test("days, months and years", () => {
  assert.deepEqual(timeTicks(start, start + 3 * DAY, 4)[0].label, ["5 Jan", "2026"]);
  assert.deepEqual(
    timeTicks(Date.UTC(2025, 11, 1), Date.UTC(2026, 2, 1), 4).map(({ label }) => label),
    [["Dec", "2025"], ["Jan", "2026"], ["Feb"], ["Mar"]],
  );
  assert.deepEqual(
    timeTicks(Date.UTC(1990, 5), Date.UTC(2021, 0), 4).map(({ label }) => label),
    [["2000"], ["2010"], ["2020"]],
  );
});

test("weeks begin on a Monday", () => {
  for (const { value } of timeTicks(start, start + 40 * DAY, 8)) assert.equal(new Date(value).getUTCDay(), 1);
});
