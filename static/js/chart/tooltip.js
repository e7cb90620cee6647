// A point in words: what the pointer or the keys have come to.
import { number, rough, time, times } from "../ui/format.js";

const known = (column, k) => (column && Number.isFinite(column[k]) ? column[k] : null);

/** When the row `k` is. */
export function when(rows, k, hasTimes) {
  return hasTimes ? `${time(rows.x[k])} UTC` : `Point ${rows.x[k].toLocaleString("en")}`;
}

/** The scorer of an event as text: "level spread over 64 points". */
function scorer({ top_scorer: name, window }) {
  return name.replaceAll("_", " ") + (window ? ` over ${window} points` : "");
}

/** The judgement of row `k` in lines: `series` has its threshold and the detector's title; `severity` is null where it is usual. */
export function judged(series, rows, k, severity, event) {
  const score = known(rows.score, k);
  if (score === null) return ["Not judged: warming up or missing"];
  const lines = [];
  if (known(rows.expected, k) !== null) lines.push(`Expected ${number(rows.expected[k])}`);
  if (known(rows.lower, k) !== null) lines.push(`Band ${number(rows.lower[k])} to ${number(rows.upper[k])}`);
  if (Number.isFinite(series.threshold)) lines.push(`Score ${rough(score)}, threshold ${rough(series.threshold)}`);
  const judge = rows.judgedBy?.[k] ?? series.detector;
  if (judge) lines.push(`Judged by ${judge}`);
  for (const [name, column] of Object.entries(rows.views ?? {})) {
    if (known(column, k) !== null) lines.push(`By its ${name}: ${rough(column[k])}`);
  }
  if (severity !== null)
    lines.push(
      `Anomaly: severity ${times(severity)}${event?.top_scorer ? `, highest by ${scorer(event)}` : ""}`,
    );
  return lines;
}
