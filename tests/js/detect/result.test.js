import assert from "node:assert/strict";
import { test } from "node:test";

import { verdictWords } from "../../../static/js/detect/result.js";

const answer = (events, anomalies, score) => ({
  column: "load",
  score,
  summary: {
    points: score.length,
    missing: 0,
    warm_up: 0,
    events,
    anomalies,
    seconds: { read: 0.1, fit: 0.25, detect: 0 },
  },
});

test("the verdict names the column, the points judged and the seconds", () => {
  assert.deepEqual(verdictWords(answer(2, 3, [null, 9, 9, 9, 1])), [
    "2 anomalous events found in “load”",
    ": 3 of 4 points judged are anomalous. Took 0.35 s.",
  ]);
  assert.deepEqual(verdictWords(answer(1, 1, [9])), [
    "1 anomalous event found in “load”",
    ": 1 of 1 point judged is anomalous. Took 0.35 s.",
  ]);
  const [found, rest] = verdictWords(answer(0, 0, [null, 1, 1]));
  assert.equal(found, "No anomalies found in “load”");
  assert.match(rest, /^: all 2 points judged are usual\. .* Took 0\.35 s\.$/);
  assert.match(verdictWords(answer(0, 0, [null]))[1], /no point could be judged/);
});
