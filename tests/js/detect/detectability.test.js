import assert from "node:assert/strict";
import { test } from "node:test";

import { delayWords, sizeWords, toldSize } from "../../../static/js/detect/detectability_format.js";

test("a size is written with its unit", () => {
  assert.equal(sizeWords(8, "times the usual noise"), "8 ×");
  assert.equal(sizeWords(1, "cycles"), "1 cycle");
  assert.equal(sizeWords(2, "cycles"), "2 cycles");
});

test("a delay is told in points and in time, none at all as at once", () => {
  assert.equal(delayWords({ detected: 0, delay_points: null, delay_seconds: null }), "–");
  assert.equal(delayWords({ detected: 9, delay_points: 0, delay_seconds: 0 }), "at once");
  assert.equal(delayWords({ detected: 9, delay_points: 3, delay_seconds: 900 }), "3 points (15 min)");
  assert.equal(delayWords({ detected: 9, delay_points: 1, delay_seconds: null }), "1 point");
});

test("a row tells the smallest size that is caught, else the largest that was tried", () => {
  const sizes = [{ size: 3 }, { size: 5 }, { size: 8 }];
  assert.equal(toldSize({ smallest: 5, sizes }).size, 5);
  assert.equal(toldSize({ smallest: null, sizes }).size, 8);
});
