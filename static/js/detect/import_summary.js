// What the service understood of the data, and what it had to repair, in sentences.
import { element } from "../ui/dom.js";
import { bytes, count, counted, duration, styled, time } from "../ui/format.js";

const said = (name, ...words) => element("li", { "data-fact": name }, ...words);
const strong = (words) => element("strong", {}, words);
const and = (names) => (names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0]);
const MOST_NAMED = 6;

/** Where the points came from. */
function origin(kept, source) {
  const points = strong(counted(kept.points, "point"));
  if (source?.kind === "demo") return said("origin", points, ` of invented data, ${source.query.kind}.`);
  const size = source?.file ? ` (${bytes(source.file.size)})` : "";
  return said("origin", points, " from ", strong(source?.name ?? kept.name), `${size}.`);
}

function columnWords({ columns }) {
  if (columns.length === 1) return said("columns", "One column of values: ", strong(columns[0]), ".");
  const named =
    columns.length > MOST_NAMED
      ? [...columns.slice(0, MOST_NAMED - 1), `${count(columns.length - MOST_NAMED + 1)} more`]
      : columns;
  return said("columns", strong(`${count(columns.length)} columns of values`), `: ${and(named)}.`);
}

const hasTimes = ({ start }) => start !== null && start !== undefined;

/** How dates like 01/02/2026 were read; where that is likely and not proved, where to say otherwise. */
function dateWords({ date_order: dates }, source) {
  if (!dates) return [];
  const sure = !["steps", "dots"].includes(dates.by) || !source?.file;
  return [said("dates", styled(dates.message), sure ? "" : " If that is wrong, say so below.")];
}

function timeWords(kept, source) {
  if (!hasTimes(kept)) return [said("times", "No column of times was found: points are counted from 0.")];
  const from = kept.time_column ? ["Times come from the column ", strong(kept.time_column), ": "] : ["Times go "];
  const found = [
    said("times", ...from, `${time(kept.start)} to ${time(kept.stop)} UTC, ${duration(kept.stop - kept.start)}.`),
  ];
  found.push(...dateWords(kept, source));
  if (kept.step_seconds) found.push(said("step", "A value every ", strong(duration(kept.step_seconds * 1000)), "."));
  if (kept.gaps === 0) found.push(said("gaps", "No gaps."));
  else if (kept.gaps)
    found.push(
      said(
        "gaps",
        strong(counted(kept.gaps, "gap")),
        ": stretches in which points are missing. Nothing is drawn or judged there.",
      ),
    );
  return found;
}

/** `missing` says of each column how many values lack; undefined while nobody has looked. */
function missingWords({ missing }) {
  if (!missing) return [];
  const some = Object.entries(missing).filter(([, many]) => many);
  if (!some.length) return [said("missing", "No values are missing.")];
  const all = some.reduce((sum, [, many]) => sum + many, 0);
  const where =
    Object.keys(missing).length > 1
      ? ` (${and(some.slice(0, MOST_NAMED).map(([name, many]) => `${name}: ${count(many)}`))})`
      : "";
  return [said("missing", strong(counted(all, "value is", "values are")), ` missing${where}; they are not judged.`)];
}

/** Where a repair was made: the lines told, and how many places there are when those are not all. */
export function lines({ lines: first, count: total }) {
  if (!first?.length) return "";
  const more = total > first.length ? `, …; ${count(total)} in all` : "";
  return ` (${first.length > 1 ? "lines" : "line"} ${first.map(count).join(", ")}${more})`;
}

function repairs(list, fromFile) {
  if (!list.length) return element("p", { class: "clean" }, "Nothing had to be repaired.");
  return element(
    "div",
    { class: "repairs" },
    element("strong", {}, `${counted(list.length, "thing was", "things were")} changed to read this:`),
    element(
      "ul",
      {},
      ...list.map((repair) => element("li", {}, styled(repair.message), fromFile ? lines(repair) : "")),
    ),
  );
}

/** Draws what was understood of a kept series, with its `gaps` and what is `missing` where that is known, into `factsPlace` and what was repaired into `repairsPlace`. */
export function drawUnderstood(factsPlace, repairsPlace, kept, source) {
  factsPlace.replaceChildren(
    origin(kept, source),
    columnWords(kept),
    ...timeWords(kept, source),
    ...missingWords(kept),
  );
  repairsPlace.replaceChildren(repairs(kept.repairs ?? [], source?.kind !== "demo"));
}

/** The same in one sentence, to be spoken. */
export function spoken(kept) {
  const repaired = kept.repairs?.length
    ? `${counted(kept.repairs.length, "repair")} made.`
    : "Nothing had to be repaired.";
  return `Read ${counted(kept.points, "point")} of ${kept.columns.length > 1 ? `${count(kept.columns.length)} columns` : kept.columns[0]}. ${repaired}`;
}
