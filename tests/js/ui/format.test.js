import assert from "node:assert/strict";
import { test } from "node:test";

import { bytes, counted, duration, label, number, signed, styled, time, times } from "../../../static/js/ui/format.js";

test("numbers", () => {
  assert.equal(number(12345.678), "12,345.7");
  assert.equal(number(-0.5), "−0.5");
  assert.equal(number(0), "0");
  assert.equal(number(NaN), "–");
  assert.equal(number(1.5e12), "1.5e12");
  assert.equal(number(2e-7), "2e-7");
  assert.equal(signed(3), "+3");
  assert.equal(signed(-3), "−3");
  assert.equal(counted(1, "point"), "1 point");
  assert.equal(counted(4032, "point"), "4,032 points");
});

test("a severity just beyond what is allowed is not told as one", () => {
  assert.equal(times(1.004), "just above 1 ×");
  assert.equal(times(1.006), "1.01 ×");
  assert.equal(times(12.34), "12.3 ×");
});

test("numbers in a sentence of the service are written as on the page, and nothing else is touched", () => {
  assert.equal(
    styled("17800 is 12.3 % above the expected -15000.25, 3.2 times"),
    "17,800 is 12.3 % above the expected −15,000.25, 3.2 times",
  );
  assert.equal(styled("around -999, lasts 1440 points."), "around −999, lasts 1,440 points.");
  assert.equal(styled("1.5e+09 is below 1.23457e+06; 1e-05"), "1.5e9 is below 1,234,570; 1e-5");
  for (const same of [
    "Column 'a 12000' held 2026-03-01T10:15:00Z, 01/02, 10:15 and x_12345",
    "days since 1899-12-30, milliseconds since 1970.",
    "numbered 0, 1, 2.",
    "read as UTF-16.",
    'it\'s "9999"',
  ])
    assert.equal(styled(same), same);
  for (const value of [0, 17800, -999, 12345.6, -0.5, 3e-7]) assert.equal(styled(String(value)), number(value));
});

test("times are UTC, with seconds and milliseconds only where there are any", () => {
  const at = Date.UTC(2026, 2, 1, 10, 15);
  assert.equal(time(at), "2026-03-01 10:15");
  assert.equal(time(at + 5000), "2026-03-01 10:15:05");
  assert.equal(time(at + 5250), "2026-03-01 10:15:05.250");
  assert.equal(time(NaN), "–");
});

test("durations have their two largest units", () => {
  assert.equal(duration(0), "0 s");
  assert.equal(duration(250), "250 ms");
  assert.equal(duration(300000), "5 min");
  assert.equal(duration(4800000), "1 h 20 min");
  assert.equal(duration(86400000), "1 day");
  assert.equal(duration(14 * 86400000 + 5000), "14 days");
});

test("sizes and labels", () => {
  assert.equal(bytes(999), "999 bytes");
  assert.equal(bytes(170000), "170 kB");
  assert.equal(bytes(2.5e6), "2.5 MB");
  assert.equal(label("rolling_window"), "Rolling window");
});
