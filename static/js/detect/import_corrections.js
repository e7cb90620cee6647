// What was understood can be put right: another column of times, another order of day and month.
import { byId, element } from "../ui/dom.js";

const HEAD = 65_536; // bytes of a file in which its header stands
const ORDERS = { dmy: "day first", mdy: "month first", ymd: "year first" };

/** The names in the header of a file's text; [] where it cannot be told, as in a compressed one. */
export function headerOf(text, known) {
  for (const line of text.split(/\r\n|\n|\r/, 50)) {
    for (const mark of [",", ";", "\t", "|"]) {
      const cells = line.split(mark).map((cell) => cell.trim().replace(/^#?\s*"?|"$/g, ""));
      if (cells.length > 1 && known.every((name) => cells.includes(name))) return cells.filter(Boolean);
    }
  }
  return [];
}

/**
 * Draws what can be corrected of a kept series, whose file is still at hand; `onChange(options)` reads the file again
 * with them.
 */
export async function drawCorrections(kept, source, onChange) {
  const head = await source.file.slice(0, HEAD).text();
  const known = [kept.time_column, ...kept.columns].filter(Boolean);
  const header = headerOf(head, kept.columns);
  const names = header.length ? header : known;
  const current = kept.time_column ?? "";
  const option = (value, words, chosen) => element("option", { value, selected: value === chosen }, words);
  byId("correct-time").replaceChildren(
    ...(current ? [] : [option("", "none", "")]),
    ...names.map((name) => option(name, name, current)),
  );
  const read = ORDERS[kept.date_order?.order];
  byId("correct-dates").replaceChildren(
    option("", `as it was read${read ? `, ${read}` : ""}`, ""),
    ...Object.entries(ORDERS).map(([value, words]) => option(value, words, "")),
  );
  byId("correct-status").textContent = "";
  byId("correct").onclick = () => {
    const changes = correctionOf(
      { time_column: byId("correct-time").value, date_order: byId("correct-dates").value },
      kept,
      source.options,
    );
    byId("correct-status").textContent = changes ? "" : nothingChanged(kept);
    if (changes) onChange(changes);
  };
}

/** With which options a file is read again, of what was `chosen`; null where it would be read as it was. */
export function correctionOf(chosen, kept, options) {
  const other = chosen.time_column !== (kept.time_column ?? "");
  const turned = chosen.date_order !== "" && chosen.date_order !== kept.date_order?.order;
  if (!other && !(turned && kept.date_order)) return null;
  const date_order = chosen.date_order || (other ? undefined : options.date_order);
  return Object.fromEntries(
    Object.entries({ time_column: other ? chosen.time_column : options.time_column, date_order }).filter(
      ([, value]) => value,
    ),
  );
}

const nothingChanged = (kept) =>
  kept.date_order || !kept.time_column
    ? "It was read like this already: choose another column of times or another order."
    : "It was read like this already: choose another column of times. These times can be read in one order only.";

/** Whether two readings of one file came to the same. */
export const sameReading = (one, other) =>
  ["time_column", "points", "start", "stop"].every((name) => one[name] === other[name]) &&
  one.date_order?.order === other.date_order?.order;
