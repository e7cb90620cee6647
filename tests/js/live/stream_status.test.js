import assert from "node:assert/strict";
import { test } from "node:test";

import { loadedText } from "../../../static/js/live/create_stream.js";
import { labelText } from "../../../static/js/live/event_labels.js";
import { clock, displayedState, titleOf } from "../../../static/js/live/stream_status.js";

const RECEIVED_AT = Date.UTC(2026, 0, 5, 10, 42, 31, 7);

test("while the service does not answer, the state is unknown", () => {
  assert.equal(clock(RECEIVED_AT), "10:42 UTC");
  const unreachable = displayedState({ reported: "normal", receivedAt: RECEIVED_AT, unreachable: true, paused: false });
  assert.equal(unreachable.state, "unknown");
  assert.equal(unreachable.meaning, "no answer since 10:42 UTC; it was normal then");
  assert.equal(titleOf("pump", unreachable, false), "Not live since 10:42 UTC · pump · Live");
  assert.equal(displayedState({ reported: undefined, receivedAt: 0, unreachable: true }).meaning, "no answer");
  const paused = displayedState({ reported: "anomalous", receivedAt: RECEIVED_AT, unreachable: false, paused: true });
  assert.match(paused.meaning, /since 10:42 UTC; it was anomalous then/);
  assert.equal(titleOf("pump", paused, false), "Paused · pump · Live");
});

test("the title names a state only while the page is visible", () => {
  const now = displayedState({ reported: "normal", receivedAt: RECEIVED_AT, unreachable: false, paused: false });
  assert.equal(titleOf("pump", now, false), "Normal · pump · Live");
  assert.equal(titleOf("pump", now, true), "pump · Live");
  assert.equal(titleOf("pump", displayedState({ reported: undefined }), false), "pump · Live");
});

test("the label of an event has words and a sign", () => {
  const labels = [
    { start: 10, stop: 20, kind: "normal" },
    { start: 15, stop: 16, kind: "anomaly" },
  ];
  assert.match(labelText(labels, [11, 13]), /^✗ .*false alarm/);
  assert.match(labelText(labels, [15, 16]), /^✓ .*anomaly/);
  assert.equal(labelText(labels, [20, 22]), "");
});

test("the text after loading a file names its column, those left out, and missing times", () => {
  const answer = {
    values: [1, 2],
    repairs: [{ message: "Sorted.", count: 3 }],
    column: "a",
    columns: ["a", "b"],
    times: [1, 2],
  };
  assert.equal(
    loadedText("f.csv", answer),
    "2 points of f.csv loaded. The values are those of column “a”. Not loaded: “b”. Sorted. (3)",
  );
  assert.match(
    loadedText("f.csv", { ...answer, columns: ["a"], times: null }),
    /loaded\. The file has no times: the stream counts its points/,
  );
});
