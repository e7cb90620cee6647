import assert from "node:assert/strict";
import { test } from "node:test";

import { eventsOf } from "../../../static/js/live/stream_events.js";
import { toldOf } from "../../../static/js/live/create_stream.js";
import { saidOf } from "../../../static/js/live/event_labels.js";
import { clock, standing, titleOf } from "../../../static/js/live/status.js";

const SEEN = Date.UTC(2026, 0, 5, 10, 42, 31, 7);

test("while the service is away nothing is said of the present", () => {
  assert.equal(clock(SEEN), "10:42 UTC");
  const away = standing({ told: "normal", seen: SEEN, away: true, paused: false });
  assert.equal(away.state, "unknown");
  assert.equal(away.meaning, "no answer since 10:42 UTC; it was normal then");
  assert.equal(titleOf("pump", away, false), "Not live since 10:42 UTC · pump · Live");
  assert.equal(standing({ told: undefined, seen: 0, away: true }).meaning, "no answer");
  const paused = standing({ told: "anomalous", seen: SEEN, away: false, paused: true });
  assert.match(paused.meaning, /since 10:42 UTC; it was anomalous then/);
  assert.equal(titleOf("pump", paused, false), "Paused · pump · Live");
});

test("the title names a state only while somebody asks for it", () => {
  const now = standing({ told: "normal", seen: SEEN, away: false, paused: false });
  assert.equal(titleOf("pump", now, false), "Normal · pump · Live");
  assert.equal(titleOf("pump", now, true), "pump · Live");
  assert.equal(titleOf("pump", standing({ told: undefined }), false), "pump · Live");
});

test("an event at the edge of what is held is left out, since it may have begun before", () => {
  const n = 30;
  const column = (value) => new Float64Array(n).fill(value);
  const series = (flagged) => ({
    x: Float64Array.from({ length: n }, (_, k) => k),
    hasTimes: true,
    values: column(20),
    expected: column(10),
    lower: column(8),
    upper: column(12),
    score: column(5),
    flagged: Int32Array.from(flagged),
  });
  const starts = (flagged, cut) => eventsOf(series(flagged), 2, cut).map(({ start }) => start);
  assert.deepEqual(starts([2, 3, 20], false), [2, 20]);
  assert.deepEqual(starts([2, 3, 20], true), [20]);
  assert.deepEqual(starts([3, 20], true), [3, 20]); // three points before it are held: more than its gap
});

test("what people said of an event is told in words with a sign of its own", () => {
  const labels = [
    { start: 10, stop: 20, kind: "normal" },
    { start: 15, stop: 16, kind: "anomaly" },
  ];
  assert.match(saidOf(labels, [11, 13]), /^✗ .*false alarm/);
  assert.match(saidOf(labels, [15, 16]), /^✓ .*anomaly/);
  assert.equal(saidOf(labels, [20, 22]), "");
});

test("what came of a file names the column that was taken, those that were left, and that there are no times", () => {
  const answer = {
    values: [1, 2],
    repairs: [{ message: "Sorted.", count: 3 }],
    column: "a",
    columns: ["a", "b"],
    times: [1, 2],
  };
  assert.equal(
    toldOf("f.csv", answer),
    "2 points of f.csv came in. They are of the column “a”; left out: “b”. Sorted. (3)",
  );
  assert.match(
    toldOf("f.csv", { ...answer, columns: ["a"], times: null }),
    /in\. The file has no times: the stream counts its points/,
  );
});
