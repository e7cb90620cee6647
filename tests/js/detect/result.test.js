import assert from "node:assert/strict";
import { test } from "node:test";

import { resultText, thresholdText } from "../../../static/js/detect/result.js";

const detection = ({ points, events = 0, anomalies = 0, warm_up = 1 }) => ({
  column: "load",
  summary: { points, missing: 0, warm_up, events, anomalies, seconds: { read: 0.1, fit: 0.25, detect: 0 } },
});

test("the result names the column, the scored points and the seconds", () => {
  assert.deepEqual(resultText(detection({ points: 5, events: 2, anomalies: 3 })), [
    "2 anomalous events found in “load”",
    ": 3 of 4 scored points are anomalous. Took 0.35 s.",
  ]);
  assert.deepEqual(resultText(detection({ points: 1, events: 1, anomalies: 1, warm_up: 0 })), [
    "1 anomalous event found in “load”",
    ": 1 of 1 scored point is anomalous. Took 0.35 s.",
  ]);
  const [found, rest] = resultText(detection({ points: 3 }));
  assert.equal(found, "No anomalies found in “load”");
  assert.match(rest, /^: all 2 scored points are normal\. .* Took 0\.35 s\.$/);
  assert.match(resultText(detection({ points: 1 }))[1], /no point has a score/);
});

test("the threshold is explained with the warm-up", () => {
  const text = thresholdText({ ...detection({ points: 9, warm_up: 3 }), threshold: 2.5 });
  assert.match(text, /above the threshold, 2\.5\. The first 3 points have no score/);
});
