import assert from "node:assert/strict";
import { test } from "node:test";

import { delayText, reportedSize, sizeText, unitText } from "../../../static/js/detect/detectability.js";

test("a size is written with its unit", () => {
  assert.equal(sizeText(8, "noise"), "8 ×");
  assert.equal(sizeText(1, "cycles"), "1 cycle");
  assert.equal(sizeText(2, "cycles"), "2 cycles");
});

test("the unit of a size is followed by the size in the unit of the series", () => {
  assert.equal(unitText({ change: 0.9 }, "noise"), "the typical noise: 0.9");
  assert.equal(unitText({ change: null }, "speed"), "the typical speed");
  assert.equal(unitText({ change: null }, "cycles"), "");
});

test("a delay is in points and in time, none at all is immediate", () => {
  assert.equal(delayText({ detected: 0, delay_points: null, delay_seconds: null }), "–");
  assert.equal(delayText({ detected: 9, delay_points: 0, delay_seconds: 0 }), "immediately");
  assert.equal(delayText({ detected: 9, delay_points: 3, delay_seconds: 900 }), "3 points (15 min)");
  assert.equal(delayText({ detected: 9, delay_points: 1, delay_seconds: null }), "1 point");
});

test("a row shows the smallest size detected, else the largest tried", () => {
  const sizes = [{ size: 3 }, { size: 5 }, { size: 8 }];
  assert.equal(reportedSize({ smallest: 5, sizes }).size, 5);
  assert.equal(reportedSize({ smallest: null, sizes }).size, 8);
});
