import assert from "node:assert/strict";
import { test } from "node:test";

import { PAGE_POINTS, Poller, retryDelay } from "../../../static/js/live/poller.js";

const soon = () => new Promise((done) => setImmediate(done));

/** A poller of a service with `total` points, in a time that only the test moves. */
function polling(t, { total = 10 } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const seen = { asked: [], answers: [], problems: [], well: 0, aborted: 0 };
  const service = { total, down: null };
  const read = async (cursor, limit, signal) => {
    seen.asked.push(cursor);
    signal.addEventListener("abort", () => {
      seen.aborted += 1;
    });
    if (service.down === "hangs")
      await new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("given up")));
      });
    if (service.down) throw new Error(service.down);
    const first = cursor !== null && cursor <= service.total ? cursor : Math.max(0, service.total - limit);
    const n = Math.min(limit, service.total - first);
    return { values: Array(n).fill(1), first, cursor: first + n };
  };
  const poller = new Poller({
    read,
    onPoints: ({ first, values }, fresh) => seen.answers.push([first, values.length, fresh]),
    onError: (error, wait) => seen.problems.push([error.message, wait]),
    onRecovery: () => {
      seen.well += 1;
    },
  });
  const pass = async (ms) => {
    t.mock.timers.tick(ms);
    await soon();
  };
  return { poller, service, seen, pass };
}

test("each point is read once, at the interval", async (t) => {
  const { poller, service, seen, pass } = polling(t);
  poller.start();
  await soon();
  service.total = 13;
  await pass(499);
  assert.deepEqual(seen.answers, [[0, 10, true]]);
  await pass(1);
  assert.deepEqual(seen.answers, [
    [0, 10, true],
    [10, 3, false],
  ]);
  poller.set({ interval: 100 });
  await soon();
  await pass(100);
  assert.equal(seen.asked.length, 4);
});

test("paused or out of sight it asks nothing; back it catches up at once", async (t) => {
  for (const way of ["paused", "hidden"]) {
    const { poller, service, seen, pass } = polling(t);
    poller.start();
    await soon();
    poller.set({ [way]: true });
    service.total = 15;
    await pass(60000);
    assert.equal(seen.asked.length, 1);
    poller.set({ [way]: false });
    await soon();
    assert.deepEqual(seen.answers.at(-1), [10, 5, false]);
    t.mock.timers.reset();
  }
});

test("paused and out of sight, it needs both to go on", async (t) => {
  const { poller, seen } = polling(t);
  poller.set({ paused: true, hidden: true });
  poller.start();
  poller.set({ hidden: false });
  await soon();
  assert.equal(seen.asked.length, 0);
});

test("a little behind it reads page after page without waiting", async (t) => {
  const { poller, service, seen, pass } = polling(t, { total: 0 });
  poller.start();
  await soon();
  service.total = 2 * PAGE_POINTS + 5;
  await pass(500);
  await pass(0);
  await pass(0);
  assert.deepEqual(seen.answers.slice(1), [
    [0, PAGE_POINTS, false],
    [PAGE_POINTS, PAGE_POINTS, false],
    [2 * PAGE_POINTS, 5, false],
  ]);
});

test("far behind it goes on from the newest points", async (t) => {
  const { poller, service, seen, pass } = polling(t, { total: 0 });
  poller.start();
  await soon();
  service.total = 1000 * PAGE_POINTS;
  await pass(500);
  for (let k = 0; k < 10; k += 1) await pass(0);
  assert.ok(seen.asked.length < 10);
  assert.deepEqual(seen.answers.at(-1), [999 * PAGE_POINTS, PAGE_POINTS, true]);
});

test("a service that is away is asked more and more slowly, and read on when it is back", async (t) => {
  const { poller, service, seen, pass } = polling(t);
  poller.start();
  await soon();
  service.down = "away";
  await pass(500);
  for (const wait of [500, 1000, 2000, 4000, 5000]) await pass(wait);
  assert.deepEqual(
    seen.problems.map(([, wait]) => wait),
    [500, 1000, 2000, 4000, 5000, 5000],
  );
  assert.equal(seen.well, 0);
  Object.assign(service, { down: null, total: 12 });
  await pass(5000);
  assert.equal(seen.well, 1);
  assert.deepEqual(seen.answers.at(-1), [10, 2, false]);
  assert.equal(retryDelay(10000, 1), 10000);
});

test("a stream made anew is read from its newest points", async (t) => {
  const { poller, service, seen, pass } = polling(t);
  poller.start();
  await soon();
  service.total = 4;
  await pass(500);
  service.total = 6;
  await pass(500);
  assert.deepEqual(seen.answers, [
    [0, 10, true],
    [0, 4, true],
    [4, 2, false],
  ]);
});

test("an answer that never comes is given up, and asked for again", async (t) => {
  const { poller, service, seen, pass } = polling(t);
  service.down = "hangs";
  poller.start();
  await pass(20000);
  assert.deepEqual(seen.problems, [["given up", 500]]);
  service.down = null;
  await pass(500);
  assert.deepEqual(seen.answers, [[0, 10, true]]);
});

test("what was asked before a stop is not taken", async (t) => {
  const { poller, seen, pass } = polling(t);
  poller.start();
  poller.stop();
  await pass(60000);
  assert.equal(seen.aborted, 1);
  assert.deepEqual([seen.answers, seen.problems], [[], []]);
});
