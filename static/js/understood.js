// What the service understood of the data, and what it had to repair, in plain words.
import { element } from "./dom.js";
import { bytes, count, counted, duration, styled, time } from "./format.js";

const fact = (name, ...value) => element("div", {}, element("dt", {}, name), element("dd", {}, ...value));

function facts(read, source, series) {
  const { x, hasTimes } = series;
  const found = [fact(source.kind === "file" ? "File" : "Demo", source.kind === "file" ? `${source.name} (${bytes(source.file.size)})` : source.query.kind)];
  found.push(fact("Points", count(read.points)));
  if (hasTimes) {
    found.push(fact("Time column", read.time_column ?? "time"));
    found.push(fact("From (UTC)", time(x[0])), fact("To (UTC)", time(x[x.length - 1])));
    if (read.step_seconds) found.push(fact("Step", duration(read.step_seconds * 1000)));
    found.push(fact("Gaps", read.gaps ? count(read.gaps) : "none"));
  } else found.push(fact("Times", "none: points are counted from 0"));
  found.push(fact("Missing values", read.missing ? count(read.missing) : "none"));
  const columns = read.columns ?? [];
  if (source.kind === "file") {
    if (columns.length > 1) found.push(fact("Value columns", columns.length > 6 ? count(columns.length) : columns.join(", ")));
    else found.push(fact("Value column", series.name));
  }
  return found;
}

/** Where a repair was made: the lines told, and how many places there are when those are not all. */
export function lines({ lines: first, count: total }) {
  if (!first?.length) return "";
  const more = total > first.length ? `, …; ${count(total)} in all` : "";
  return ` (${first.length > 1 ? "lines" : "line"} ${first.map(count).join(", ")}${more})`;
}

function repairs(list, fromFile) {
  if (!list.length) return element("p", { class: "clean" }, "Nothing had to be repaired.");
  return element("div", { class: "repairs" },
    element("strong", {}, `${counted(list.length, "thing was", "things were")} changed to read this:`),
    element("ul", {}, ...list.map((repair) => element("li", {}, styled(repair.message), fromFile ? lines(repair) : ""))));
}

/** Draws what was read into `factsPlace` and what was repaired into `repairsPlace`. */
export function drawUnderstood(factsPlace, repairsPlace, read, source, series) {
  factsPlace.replaceChildren(...facts(read, source, series));
  repairsPlace.replaceChildren(repairs(read.repairs ?? [], source.kind === "file"));
}

/** The same in one sentence, to be spoken. */
export function spoken(read) {
  const repaired = read.repairs?.length ? `${counted(read.repairs.length, "repair")} made.` : "Nothing had to be repaired.";
  return `Read ${counted(read.points, "point")} of ${read.column ?? read.name}. ${repaired}`;
}
