// What the service read of the data, and the repairs it made.
import { element } from "../ui/dom.js";
import { bytes, count, counted, duration, styled, time } from "../ui/format.js";

const MAX_NAMED = 6; // columns

const fact = (name, ...content) => element("li", { "data-fact": name }, ...content);
const strong = (text) => element("strong", {}, text);
const listed = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]);

/** @param {SeriesInfo} series @param {DataSource | null} source */
function originFact(series, source) {
  const points = strong(counted(series.points, "point"));
  if (source?.kind === "demo") return fact("origin", points, ` of generated data, ${source.query?.kind}.`);
  const size = source?.file ? ` (${bytes(source.file.size)})` : "";
  return fact("origin", points, " from ", strong(source?.name ?? series.name), `${size}.`);
}

function columnsFact({ columns }) {
  if (columns.length === 1) return fact("columns", "One column of values: ", strong(columns[0]), ".");
  const more = `${count(columns.length - MAX_NAMED + 1)} more`;
  const named = columns.length > MAX_NAMED ? [...columns.slice(0, MAX_NAMED - 1), more] : columns;
  return fact("columns", strong(`${count(columns.length)} columns of values`), `: ${listed(named)}.`);
}

/** How dates like 01/02/2026 were read; where it is uncertain, where to correct it. */
function dateFacts(/** @type {SeriesInfo} */ { date_order: dates }, source) {
  if (!dates) return [];
  const certain = !["steps", "dots"].includes(dates.by) || !source?.file;
  return [fact("dates", styled(dates.message), certain ? "" : " If that is wrong, correct it below.")];
}

/** @param {SeriesInfo} series @param {DataSource | null} source */
function timeFacts(series, source) {
  const { start, stop, time_column: column, step_seconds: step, gaps } = series;
  if (start === null || stop === null || start === undefined) {
    return [fact("times", "No column of times: points are counted from 0.")];
  }
  const range = `${time(start)} to ${time(stop)} UTC, ${duration(stop - start)}.`;
  const from = column ? ["Times from the column ", strong(column), ": "] : ["Times: "];
  const facts = [fact("times", ...from, range), ...dateFacts(series, source)];
  if (step) facts.push(fact("step", "A value every ", strong(duration(step * 1000)), "."));
  if (gaps === 0) facts.push(fact("gaps", "No gaps."));
  else if (gaps)
    facts.push(fact("gaps", strong(counted(gaps, "gap")), " without points. Nothing is drawn or scored there."));
  return facts;
}

/** `missing` holds the number of missing values of each column; undefined before they are counted. */
function missingFacts(/** @type {SeriesInfo} */ { missing }) {
  if (!missing) return [];
  const some = Object.entries(missing).filter(([, many]) => many);
  if (!some.length) return [fact("missing", "No values are missing.")];
  const total = some.reduce((sum, [, many]) => sum + many, 0);
  const byColumn = some.slice(0, MAX_NAMED).map(([name, many]) => `${name}: ${count(many)}`);
  const where = Object.keys(missing).length > 1 ? ` (${listed(byColumn)})` : "";
  return [fact("missing", strong(counted(total, "value is", "values are")), ` missing${where}; they are not scored.`)];
}

/** " (lines 3, 4, …; 10 in all)": where a repair was made. */
export function lines({ lines: first = [], count: total = 0 }) {
  if (!first?.length) return "";
  const more = total > first.length ? `, …; ${count(total)} in all` : "";
  return ` (${first.length > 1 ? "lines" : "line"} ${first.map(count).join(", ")}${more})`;
}

function repairList(repairs, fromFile) {
  if (!repairs.length) return element("p", { class: "clean" }, "No repairs were necessary.");
  return element(
    "div",
    { class: "repairs" },
    element("strong", {}, `${counted(repairs.length, "repair was", "repairs were")} made to read this:`),
    element(
      "ul",
      {},
      ...repairs.map((repair) => element("li", {}, styled(repair.message), fromFile ? lines(repair) : "")),
    ),
  );
}

/**
 * Draws facts about a stored series; `gaps` and `missing` only where they are known.
 * @param {HTMLElement} facts
 * @param {HTMLElement} repairs
 * @param {SeriesInfo} series
 * @param {DataSource | null} source
 */
export function drawSummary(facts, repairs, series, source) {
  facts.replaceChildren(
    originFact(series, source),
    columnsFact(series),
    ...timeFacts(series, source),
    ...missingFacts(series),
  );
  repairs.replaceChildren(repairList(series.repairs ?? [], source?.kind !== "demo"));
}

/** The same in one sentence, for screen readers. */
export function spokenSummary(
  /** @type {Pick<SeriesInfo, "points" | "columns" | "repairs">} */ { points, columns, repairs },
) {
  const made = repairs?.length ? `${counted(repairs.length, "repair")} made.` : "No repairs were necessary.";
  return `Read ${counted(points, "point")} of ${columns.length > 1 ? `${count(columns.length)} columns` : columns[0]}. ${made}`;
}
