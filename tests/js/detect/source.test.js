import assert from "node:assert/strict";
import { test } from "node:test";

import { choicesOf, messageOf } from "../../../static/js/ui/problem.js";
import { curlOf, fromDemo, fromFile, requestOf } from "../../../static/js/detect/source.js";
import { boundsWords, typeWords } from "../../../static/js/docs/schema.js";
import { prettyJson } from "../../../static/js/docs/request_form.js";
import { quoted } from "../../../static/js/ui/shell.js";
import { invalidReason } from "../../../static/js/ui/parameter_form.js";
import { lines } from "../../../static/js/detect/import_summary.js";

const window = { name: "window", type: "integer", default: 50, minimum: 3, maximum: 100000 };
const sigma = { name: "sigma", type: "number", default: 5, minimum: 0.5, maximum: 100 };

test("shell words are quoted where they must be", () => {
  assert.equal(quoted("http://127.0.0.1:5001/api"), "http://127.0.0.1:5001/api");
  assert.equal(quoted("it's; rm"), "'it'\\''s; rm'");
  assert.equal(quoted("a?b=1&c"), "'a?b=1&c'");
});

test("the curl line of a file names the file, the column and every parameter", () => {
  const source = fromFile({ name: "my data.csv", size: 3 }, { date_order: "dmy" });
  const line = curlOf(source, { column: "a b", detector: "lstm", params: { sigma: 4 } }, "http://h:1");
  assert.match(line, /-F 'file=@"my data.csv"'/);
  assert.match(line, /--form-string date_order=dmy/);
  assert.match(line, /--form-string 'value_column=a b'/);
  assert.match(line, /--form-string sigma=4/);
});

test("the curl line of a demo fetches it and judges its value column", () => {
  const source = fromDemo({ kind: "trend", points: "500", seed: "1" }, { times: [], values: [] });
  const line = curlOf(source, { column: "trend", detector: "lstm", params: { sigma: 4 } }, "http://h:1");
  assert.match(line, /demo\?kind=trend&points=500&seed=1/);
  assert.match(line, /value_column=value&detector=lstm&sigma=4/);
});

test("a demo is sent as JSON with its parameters", () => {
  const source = fromDemo({ kind: "trend" }, { times: [1], values: [2] });
  const sent = JSON.parse(requestOf(source, { detector: "lstm", params: { sigma: 4 } }).body);
  assert.deepEqual(sent, {
    series: { name: "trend", times: [1], values: [2] },
    detector: "lstm",
    params: { sigma: 4 },
  });
});

test("a file is sent with what was answered to the service's question", () => {
  const source = fromFile(new File(["a\n1"], "a.csv"), { date_order: "mdy" });
  const { body } = requestOf(source, { column: "a", detector: "lstm", params: { sigma: 4 } });
  const fields = Object.fromEntries([...body].filter(([name]) => name !== "file"));
  assert.deepEqual(fields, { date_order: "mdy", value_column: "a", detector: "lstm", sigma: "4" });
  assert.equal(body.get("file").name, "a.csv");
});

test("a question becomes its choices in words", () => {
  const error = { code: "ambiguous", detail: { setting: "date_order", choices: ["dmy", "mdy"], example: "01/02" } };
  assert.deepEqual(choicesOf(error), [
    { name: "date_order", value: "dmy", text: "Day first: 01/02 is 1 February" },
    { name: "date_order", value: "mdy", text: "Month first: 01/02 is 2 January" },
  ]);
  assert.deepEqual(choicesOf({ code: "unreadable", detail: {} }), []);
});

test("beside buttons a question speaks of them, elsewhere the service's sentence stays", () => {
  const error = {
    message: "Say it with date_order.",
    detail: { setting: "date_order", column: "day", example: "01/02" },
  };
  assert.equal(
    messageOf(error, ["dmy", "mdy"]),
    "Every date of column “day” can be read day first or month first. Which one is 01/02?",
  );
  assert.equal(messageOf(error, []), "Say it with date_order.");
});

test("a repair tells how many places it touched when its lines are not all", () => {
  assert.equal(lines({ lines: [3], count: 1 }), " (line 3)");
  assert.equal(lines({ lines: [3, 5], count: 2 }), " (lines 3, 5)");
  assert.equal(lines({ lines: [3, 5, 7, 9, 1100], count: 1234 }), " (lines 3, 5, 7, 9, 1,100, …; 1,234 in all)");
  assert.equal(lines({ lines: [], count: 4 }), "");
});

test("a parameter out of bounds, not whole or not a number is one sentence", () => {
  assert.equal(invalidReason(window, "50"), "");
  assert.equal(invalidReason(window, "50.5"), "Window must be a whole number from 3 to 100,000.");
  assert.equal(invalidReason(window, ""), "Window must be a whole number from 3 to 100,000.");
  assert.equal(invalidReason(window, "2"), "Window must lie from 3 to 100,000.");
  assert.equal(invalidReason(sigma, "0.75"), "");
  assert.equal(invalidReason(sigma, "1e400"), "Sigma must be a number from 0.5 to 100.");
});

test("schemas in words", () => {
  const document = { components: { schemas: {} } };
  assert.equal(
    typeWords({ type: "array", items: { anyOf: [{ type: "number" }, { type: "null" }] } }, document),
    "array of number or null",
  );
  assert.equal(typeWords({ enum: ["a", "b"] }, document), "one of a, b");
  assert.equal(typeWords({ $ref: "#/components/schemas/Event" }, document), "Event");
  assert.equal(boundsWords({ minimum: 0.5, maximum: 100, default: 5 }), "from 0.5 to 100, default 5");
});

test("JSON is written with plain arrays on one line", () => {
  const value = { a: [1, null, "x  y"], b: [{ c: 1 }], d: {} };
  assert.deepEqual(JSON.parse(prettyJson(value)), value);
  assert.match(prettyJson(value), /"a": \[1, null, "x {2}y"\]/);
});
