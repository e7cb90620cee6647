// What was understood can be put right: another column of times, another order of day and month.
import { byId, element } from "./dom.js";

const HEAD = 65_536; // bytes of a file in which its header stands
const ORDERS = [["", "as it was read"], ["dmy", "day first"], ["mdy", "month first"], ["ymd", "year first"]];

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
 * with them. Without a file there is nothing to read again.
 */
export async function drawCorrections(place, kept, source, onChange) {
  place.hidden = !source?.file;
  if (!source?.file) return;
  const head = await source.file.slice(0, HEAD).text();
  const known = [kept.time_column, ...kept.columns].filter(Boolean);
  const header = headerOf(head, kept.columns);
  const names = header.length ? header : known;
  const current = kept.time_column ?? "";
  const option = (value, words, chosen) => element("option", { value, selected: value === chosen }, words);
  byId("correct-time").replaceChildren(...(current ? [] : [option("", "none", "")]), ...names.map((name) => option(name, name, current)));
  byId("correct-dates").replaceChildren(...ORDERS.map(([value, words]) => option(value, words, source.options.date_order ?? "")));
  byId("correct").onclick = () => {
    const chosen = { time_column: byId("correct-time").value, date_order: byId("correct-dates").value };
    if (chosen.time_column === current) chosen.time_column = source.options.time_column ?? "";
    onChange(Object.fromEntries(Object.entries(chosen).filter(([, value]) => value)));
  };
}
