import assert from "node:assert/strict";
import { test } from "node:test";

import { inMemory, spliced, WindowLoader } from "../../../static/js/chart/windows.js";

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

/** A source of whole numbers that answers when `answer()` is called, and remembers what it was asked. */
function slow(last = 1000000) {
  const asked = [];
  const window = (from, to, buckets, signal) =>
    new Promise((resolve, reject) => {
      const rows = { from, to, width: (to - from) / buckets };
      asked.push({ from, to, buckets, signal, answer: () => resolve(rows), fail: () => reject(new Error("refused")) });
      signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
    });
  return { extent: [0, last], window, asked };
}

const opened = async (source, told = []) => {
  const windows = new WindowLoader(
    source,
    () => told.push("arrived"),
    (error) => told.push(error.message),
  );
  windows.loadOverall();
  source.asked[0].answer();
  await rest(0);
  return windows;
};

test("what is in memory is all there at once and nothing is asked", () => {
  const source = inMemory({ x: Float64Array.of(1, 2, 9, 10, 11), values: new Float64Array(5), step: 1 });
  const windows = new WindowLoader({ ...source, window: assert.fail }, assert.fail, assert.fail);
  windows.loadOverall();
  windows.load(1, 2, 100);
  assert.deepEqual([windows.best(1, 2), source.extent, [...source.rows.gaps]], [source.rows, [1, 11], [2]]);
});

test("the whole is drawn until the exact window is there", async () => {
  const source = slow();
  const told = [];
  const windows = await opened(source, told);
  windows.load(1000, 2000, 100);
  assert.equal(windows.best(1000, 2000).to, 1000000);
  source.asked[1].answer();
  await rest(0);
  assert.deepEqual([windows.best(1000, 2000).from, windows.best(1000, 2000).width], [750, 10]);
  assert.deepEqual(told, ["arrived", "arrived"]);
  assert.equal(windows.busy, false);
});

test("moving within what was fetched around the window asks for nothing", async () => {
  const source = slow();
  const windows = await opened(source);
  windows.load(1000, 2000, 100);
  source.asked[1].answer();
  await rest(60);
  windows.load(1200, 2200, 100);
  windows.load(800, 1800, 100);
  await rest(60);
  assert.equal(source.asked.length, 2);
  windows.load(1400, 2400, 100);
  await rest(60);
  assert.equal(source.asked.length, 3);
});

test("an older request is given up for a newer one, and a hurry of moves becomes few requests", async () => {
  const source = slow();
  const windows = await opened(source);
  for (let k = 0; k < 20; k += 1) windows.load(k * 20000, k * 20000 + 1000, 100);
  assert.equal(source.asked.length, 2); // the first at once
  await rest(80);
  assert.equal(source.asked.length, 3); // and the last
  assert.equal(source.asked[1].signal.aborted, true);
  assert.ok(source.asked[2].from < 380000 && source.asked[2].to > 381000);
});

test("what comes after it was given up changes nothing", async () => {
  const source = slow();
  const told = [];
  const windows = await opened(source, told);
  windows.load(1000, 2000, 100);
  windows.close();
  source.asked[1].answer();
  await rest(0);
  assert.equal(windows.best(1000, 2000).to, 1000000);
  assert.deepEqual(told, ["arrived"]);
});

test("a failure is told once, and can be tried again", async () => {
  const source = slow();
  const told = [];
  const windows = await opened(source, told);
  windows.load(1000, 2000, 100);
  source.asked[1].fail();
  await rest(60);
  assert.deepEqual(told, ["arrived", "refused"]);
  windows.load(1000, 2000, 100);
  assert.equal(source.asked.length, 3);
});

test("the windows held are bounded, and the last used stay", async () => {
  const source = slow();
  const windows = await opened(source);
  for (let k = 0; k < 30; k += 1) {
    windows.load(k * 10000, k * 10000 + 1000, 100);
    await rest(45);
    source.asked.at(-1).answer();
    await rest(0);
    windows.best(0, 1000);
  }
  assert.ok(windows.loaded.length <= 12);
  assert.ok(windows.best(0, 1000).width < 20);
});

test("nothing beyond the ends is asked for", async () => {
  const source = slow(10000);
  const windows = await opened(source);
  windows.load(0, 5000, 1000);
  const { from, to, buckets } = source.asked[1];
  assert.deepEqual([from, to, buckets], [0, 6250, 1250]);
});

test("finer rows take their place among those of the whole, and what is said of rows with them", () => {
  const rows = (x, flagged) => ({
    x: Float64Array.from(x),
    values: Float64Array.from(x),
    positions: Int32Array.from(x),
    flagged: Int32Array.from(flagged),
    peaks: new Int32Array(),
    gaps: Int32Array.from(flagged),
    from: x[0],
    to: x.at(-1),
    width: 10,
  });
  const found = spliced(rows([0, 10, 20, 30, 40], [0, 2, 4]), { ...rows([10, 15, 20, 25], [1]), width: 1 });
  assert.deepEqual([...found.x], [0, 10, 15, 20, 25, 30, 40]);
  assert.deepEqual([...found.flagged], [0, 2, 6]);
  assert.deepEqual([found.from, found.to, found.width], [0, 40, 10]);
});

test("while the exact window is on its way, the part that is known finely is drawn so", async () => {
  const source = slow();
  source.window = (from, to, buckets) => {
    const x = Float64Array.from({ length: 11 }, (_, k) => from + ((to - from) * k) / 10);
    const none = new Int32Array();
    return Promise.resolve({
      x,
      values: x,
      positions: Int32Array.from(x),
      flagged: none,
      peaks: none,
      gaps: none,
      from,
      to,
      width: (to - from) / buckets,
    });
  };
  const windows = new WindowLoader(source, () => {}, assert.fail);
  await windows.loadOverall();
  windows.load(1000, 2000, 100);
  await rest(0);
  const { x } = windows.best(1500, 2500); // 750 to 2,250 was fetched
  assert.equal(x.filter((at) => at >= 750 && at <= 2250).length, 11);
  assert.ok(x.at(-1) === 1000000);
  assert.equal(windows.best(1500, 2500), windows.best(1600, 2600));
});
