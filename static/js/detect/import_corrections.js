// Corrections of an import: another column of times, another order of day and month.

/** The names in the header of a file's text; [] where it has none that can be read, as in a compressed one. */
export function headerOf(text, known) {
  for (const line of text.split(/\r\n|\n|\r/, 50)) {
    for (const mark of [",", ";", "\t", "|"]) {
      const cells = line.split(mark).map((cell) => cell.trim().replace(/^#?\s*"?|"$/g, ""));
      if (cells.length > 1 && known.every((name) => cells.includes(name))) return cells.filter(Boolean);
    }
  }
  return [];
}

/** The options to read a file again with what was `chosen`; null where the result would be the same. */
export function correctionOf(chosen, series, options) {
  const otherColumn = chosen.time_column !== (series.time_column ?? "");
  const otherOrder = chosen.date_order !== "" && chosen.date_order !== series.date_order?.order;
  if (!otherColumn && !(otherOrder && series.date_order)) return null;
  const date_order = chosen.date_order || (otherColumn ? undefined : options.date_order);
  const time_column = otherColumn ? chosen.time_column : options.time_column;
  return Object.fromEntries(Object.entries({ time_column, date_order }).filter(([, value]) => value));
}

/** Why a correction changes nothing. */
export const unchangedText = (series) =>
  series.date_order || !series.time_column
    ? "The file was read like this already: choose another column of times or another order."
    : "The file was read like this already: choose another column of times. These times have one order only.";

/** Whether two imports of one file are equal. */
export const sameImport = (one, other) =>
  ["time_column", "points", "start", "stop"].every((name) => one[name] === other[name]) &&
  one.date_order?.order === other.date_order?.order;
