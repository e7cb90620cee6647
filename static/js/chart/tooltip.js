// A point in words, for the tooltip and for screen readers.
import { counted, number, rough, time, times } from "../ui/format.js";

const known = (column, k) => (column && Number.isFinite(column[k]) ? column[k] : null);

/** The time or position of row `k`. */
export function timeText(rows, k, hasTimes) {
  return hasTimes ? `${time(rows.x[k])} UTC` : `Point ${rows.x[k].toLocaleString("en")}`;
}

/** ", highest by level spread over 24 points"; "" where an event names none. */
function scorerText(event) {
  if (!event?.top_scorer) return "";
  const window = event.window ? ` over ${counted(event.window, "point")}` : "";
  return `, highest by ${event.top_scorer.replaceAll("_", " ")}${window}`;
}

/** Expected value, band, score and severity of row `k`, in lines; `severity` is null where it is no anomaly. */
export function scoreLines(series, rows, k, severity, event) {
  const score = known(rows.score, k);
  if (score === null) return ["Not scored: warm-up or missing"];
  const lines = [];
  if (known(rows.expected, k) !== null) lines.push(`Expected ${number(rows.expected[k])}`);
  if (known(rows.lower, k) !== null) lines.push(`Band ${number(rows.lower[k])} to ${number(rows.upper[k])}`);
  if (Number.isFinite(series.threshold)) lines.push(`Score ${rough(score)}, threshold ${rough(series.threshold)}`);
  const detector = rows.judgedBy?.[k] ?? series.detector;
  if (detector) lines.push(`Detector ${detector}`);
  if (severity !== null) lines.push(`Anomaly: severity ${times(severity)}${scorerText(event)}`);
  return lines;
}
