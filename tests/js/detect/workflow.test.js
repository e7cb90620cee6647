import assert from "node:assert/strict";
import { test } from "node:test";

// Chart.js is a classic script, which the chart expects.
globalThis.Chart = { Interaction: { modes: {} } };

const { compareEvents, eventsIn, maxRate, perMonth, rateText, unitsWithin } =
  await import("../../../static/js/detect/event_rate.js");
const { remainingText, stageText } = await import("../../../static/js/detect/job.js");
const { extent, pathOf, stateText } = await import("../../../static/js/detect/column_thumbnails.js");
const { thumbnailPoints } = await import("../../../static/js/detect/import_data.js");
const { labelOf, withLabel } = await import("../../../static/js/detect/labels.js");
const { curveOf, sliderRange, stepOf, targetText, thresholdParam, valueAt } =
  await import("../../../static/js/detect/sensitivity.js");
const { correctionOf, headerOf, sameImport } = await import("../../../static/js/detect/import_corrections.js");
const { addressOf, readAddress } = await import("../../../static/js/detect/address.js");
const { axisOf, lengthOf } = await import("../../../static/js/detect/state.js");
const { differenceText } = await import("../../../static/js/detect/differences.js");
const { pastedFile } = await import("../../../static/js/detect/files.js");
const { spokenSummary } = await import("../../../static/js/detect/import_summary.js");
const { stepAt } = await import("../../../static/js/detect/precision_recall.js");
const { curlCommands } = await import("../../../static/js/detect/export.js");

const DAY = 86_400_000;
const event = (start, stop = start + 1) => ({ start, stop });

test("the rate of events is in the unit selected", () => {
  assert.equal(rateText(9, 90 * DAY, 1, "month"), "9 events, about 3 a month");
  assert.equal(rateText(9, 90 * DAY, 1, "week"), "9 events, about 0.7 a week");
  assert.equal(rateText(48, 2 * DAY, 1, "hour"), "48 events, about 1 an hour");
  assert.equal(rateText(5000, 10 * DAY, 1, "week"), "5,000 events, about 3,500 a week");
  assert.equal(rateText(0, 90 * DAY, 1, "month"), "0 events in 90 days");
  assert.equal(rateText(2, 9 * 60_000, 1, ""), "2 events in 9 min");
  assert.equal(rateText(1, 0, 2000, ""), "1 event in 2,000 points");
});

test("a target rate is the same number of events for page and service", () => {
  assert.equal(Math.round(eventsIn(3, "month", 90 * DAY)), 9);
  assert.equal(perMonth(3, "month"), 3);
  assert.equal(perMonth(12, "year"), 1);
  assert.ok(Math.abs(perMonth(1, "day") - 30.436875) < 1e-9);
  assert.deepEqual(["hour", "day", "year"].map(maxRate), [1368, 32854, 100000]);
  assert.ok(perMonth(maxRate("hour"), "hour") <= 1e6); // what the service takes
  assert.deepEqual(
    unitsWithin(10 * DAY).map(({ name }) => name),
    ["hour", "day", "week"],
  );
});

test("a target that is not met closely is explained", () => {
  const curve = [
    { value: 1.5, events: 40 },
    { value: 4, events: 9 },
  ];
  const words = (target, wanted, sliderStart = 0.6) => targetText({ curve, target }, wanted, "sigma", sliderStart);
  assert.equal(words({ value: 4, events: 9 }, 9.5), "");
  assert.equal(words({ value: 100, events: 3 }, 1), "No value gives fewer: 3 events in all.");
  assert.equal(
    words({ value: 1.5, events: 40 }, 99),
    "40 events in all at sigma 1.5, the lowest value tried; the slider goes further.",
  );
  assert.equal(words({ value: 1.5, events: 40 }, 99, 1.5), "40 events in all at sigma 1.5, the lowest value tried.");
  assert.equal(
    words({ value: 4, events: 9 }, 20.7),
    "9 events in all: the next lower value gives more than the maximum of 20.",
  );
});

test("a file is read again only where that can change something", () => {
  const series = { time_column: "a", date_order: { order: "dmy" } };
  assert.equal(correctionOf({ time_column: "a", date_order: "" }, series, {}), null);
  assert.equal(correctionOf({ time_column: "a", date_order: "dmy" }, series, { date_order: "dmy" }), null);
  assert.equal(correctionOf({ time_column: "a", date_order: "mdy" }, { ...series, date_order: null }, {}), null);
  assert.deepEqual(correctionOf({ time_column: "a", date_order: "mdy" }, series, { time_column: "a" }), {
    time_column: "a",
    date_order: "mdy",
  });
  assert.deepEqual(correctionOf({ time_column: "b", date_order: "" }, series, { date_order: "dmy" }), {
    time_column: "b",
  });
  const read = { ...series, points: 3, start: 1, stop: 2 };
  assert.ok(sameImport(read, { ...read }));
  assert.ok(!sameImport(read, { ...read, date_order: { order: "mdy" } }));
  assert.ok(!sameImport(read, { ...read, time_column: "b" }));
});

test("two detections are compared by events that overlap", () => {
  const { same, gained, lost } = compareEvents(
    [event(0, 5), event(10, 12), event(50)],
    [event(4, 6), event(12, 13), event(50)],
  );
  assert.deepEqual([same.length, gained, lost], [2, [event(12, 13)], [event(10, 12)]]);
  assert.equal(
    differenceText([event(1), event(5)], [event(5), event(9)], ["before", "now"]),
    "2 events before, 2 now: 1 gained, 1 lost, 1 the same.",
  );
  const together = differenceText([event(0, 3), event(5, 8), event(20)], [event(1, 7), event(30)], ["before", "now"]);
  assert.equal(together, "3 events before, 2 now: 1 gained, 1 lost, the other 2 before lie where the other 1 now do.");
});

test("the state of a job in words", () => {
  assert.equal(stageText({ status: "queued", ahead: 2 }), "Queued: 2 others are ahead");
  assert.equal(stageText({ status: "running", stage: "fit" }), "Fitting the detector");
  assert.deepEqual([null, undefined, 1, 7.2, 43, 200].map(remainingText), [
    "",
    "",
    "almost done",
    "about 8 s left",
    "about 50 s left",
    "about 4 min left",
  ]);
});

test("a thumbnail breaks its line where a value is missing, and is flat where all are equal", () => {
  assert.equal(pathOf([0, 1, 2, 3], [0, NaN, 1, 1], 30, 20, 0), "M0.0 20.0M20.0 0.0L30.0 0.0");
  assert.equal(pathOf([0, 1], [5, 5], 30, 20), "M0.0 10.0L30.0 10.0");
  assert.equal(pathOf([], [], 30, 20), "");
  assert.deepEqual(extent([NaN, 3, -1]), [-1, 3]);
  assert.deepEqual([undefined, "running", [], [1]].map(stateText), [
    "no detection yet",
    "detecting …",
    "no events",
    "1 event",
  ]);
});

test("a thumbnail breaks at a gap in time, but not between buckets", () => {
  const axis = { extent: [0, 2400], step: 1 };
  const column = { times: [0, 20, 40, 400, 420], positions: [0, 20, 40, 60, 80], values: [1, null, 3, 4, 5] };
  assert.deepEqual(thumbnailPoints(column, axis), { x: [0, 20, 40, 400, 400, 420], values: [1, NaN, 3, NaN, 4, 5] });
  assert.deepEqual(thumbnailPoints({ ...column, times: null }, axis).x, column.positions);
});

test("a new label of an interval replaces the old one", () => {
  const first = withLabel([], event(5, 8), "anomaly", "pump");
  const second = withLabel(first, event(5, 8), "normal");
  assert.deepEqual(second, [{ start: 5, stop: 8, kind: "normal", note: "" }]);
  assert.deepEqual(withLabel(second, event(5, 8), null), []);
  assert.deepEqual(
    withLabel(first, event(1), "normal").map(({ start }) => start),
    [1, 5],
  );
  assert.equal(labelOf(first, event(7, 20)).note, "pump");
  assert.equal(labelOf(first, event(8, 20)), undefined);
});

test("the slider's steps are equal factors, and every value in effect lies on it", () => {
  const sigma = { name: "sigma", default: 6, minimum: 0.5, maximum: 100 };
  const ends = sliderRange(sigma);
  assert.deepEqual(ends, [1.2, 30]);
  assert.equal(valueAt(stepOf(6, ends), ends), 6);
  assert.deepEqual([valueAt(0, ends), valueAt(200, ends)], ends);
  assert.deepEqual(sliderRange(sigma, 80), [1.2, 80]);
  assert.equal(thresholdParam({ params: [{ name: "merge_gap" }, sigma] }), sigma);
  assert.equal(thresholdParam({ params: [{ name: "merge_gap" }] }), undefined);
});

test("a curve rises by its value, and what is unknown is NaN", () => {
  const answer = {
    param: "sigma",
    curve: [
      { value: 4, events: 1, precision: null, recall: 0.5 },
      { value: 2, events: 3 },
    ],
  };
  const [low, high] = curveOf(answer);
  assert.deepEqual([low.at, high.at, high.recall], [2, 4, 0.5]);
  assert.ok(Number.isNaN(high.precision) && Number.isNaN(low.recall));
  assert.equal(stepAt([low, high], 3.9), high);
});

test("the header of a file is the line with its columns", () => {
  assert.deepEqual(headerOf('# a title\nwhen;"load";note\n1;2;x\n', ["load"]), ["when", "load", "note"]);
  assert.deepEqual(headerOf("1,2\n3,4\n", ["column_2"]), []);
});

test("an address restores data, detection, column and window, or a demo with its settings", () => {
  const address = addressOf({ series: "a-1", detection: "b_2", column: "load %", window: [5, 9] });
  const read = readAddress(address);
  assert.deepEqual(
    [read.series, read.detection, read.column, read.window, read.demo],
    ["a-1", "b_2", "load %", [5, 9], null],
  );
  assert.equal(readAddress("?from=9&to=5").window, null);
  const demo = readAddress(
    addressOf({ demo: { kind: "trend", points: "500" }, series: "x", detector: "lstm", params: { sigma: 4.5 } }),
  );
  assert.deepEqual(
    [demo.demo, demo.series, demo.detector, demo.params],
    [{ kind: "trend", points: "500" }, "x", "lstm", { sigma: 4.5 }],
  );
  const seeds = readAddress(
    addressOf({ demo: { kind: "trend", seed: "5" }, series: "x", detector: "auto", params: { seed: 7 } }),
  );
  assert.deepEqual([seeds.demo.seed, seeds.params], ["5", { seed: 7 }]);
});

test("the axis of a stored series is time, or positions", () => {
  const timed = { start: 1000, stop: 9000, points: 9, step_seconds: 1 };
  assert.deepEqual(axisOf(timed), { hasTimes: true, extent: [1000, 9000], step: 1000 });
  assert.equal(lengthOf(timed), 9000);
  assert.deepEqual(axisOf({ start: null, stop: null, points: 9 }), { hasTimes: false, extent: [0, 8], step: 1 });
  assert.equal(lengthOf({ start: null, points: 9 }), 0);
});

test("pasted text is a file, nothing is none", async () => {
  assert.equal(pastedFile(" \n"), null);
  assert.equal(await pastedFile("a\n1").text(), "a\n1");
});

test("an import is announced in a sentence", () => {
  assert.equal(
    spokenSummary({ points: 2000, columns: ["load"], repairs: [] }),
    "Read 2,000 points of load. No repairs were necessary.",
  );
  assert.equal(
    spokenSummary({ points: 1, columns: ["a", "b"], repairs: [1] }),
    "Read 1 point of 2 columns. 1 repair made.",
  );
});

test("a command from the data is offered only where nothing else enters", () => {
  const choice = {
    detection: { id: "d", detector: "lstm", params: {} },
    column: "a",
    origin: "http://h:1",
    source: { kind: "file", file: { name: "a.csv" }, options: {} },
  };
  const { stored, fromData } = curlCommands({ ...choice, reproducible: true });
  assert.equal(stored, "curl -s http://h:1/api/v1/detections/d.csv");
  assert.match(fromData, /\/api\/v1\/detect/);
  assert.equal(curlCommands({ ...choice, reproducible: false }).fromData, "");
});
