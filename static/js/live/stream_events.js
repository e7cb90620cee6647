// The events among the points held: runs of anomalies, told as the service tells those of a file.
import { counted, number, rough } from "../ui/format.js";

export const MOST_EVENTS = 500; // the newest; older ones stay dots in the chart

/** Half open runs of the increasing positions `flagged`, newest first; at most `gap` unflagged points within one. */
function* newestRuns(flagged, gap) {
  let stop = flagged.length;
  for (let k = flagged.length - 1; k >= 0; k -= 1) {
    if (k > 0 && flagged[k] - flagged[k - 1] <= gap + 1) continue;
    yield flagged.subarray(k, stop);
    stop = k;
  }
}

/** How many times the allowed distance a value lies from the expected one; NaN where that cannot be said. */
export function severityAt({ values, expected, lower, upper }, i) {
  return Math.abs(values[i] - expected[i]) / ((upper[i] - lower[i]) / 2);
}

function explained(value, expected, direction, severity, points) {
  const beyond = `${Number.isFinite(severity) ? `${rough(severity) === "1" ? "just above" : `${rough(severity)} times`} the distance allowed; ` : ""}lasts ${counted(points, "point")}.`;
  if (direction === "shape") return `An unusual shape around ${number(value)}, ${beyond}`;
  const distance = Math.abs(value - expected);
  const percent = (distance / Math.abs(expected)) * 100;
  const apart = expected && (value * Math.sign(expected) < 0 || (direction === "below" && percent > 100)); // "293 % below" says nothing
  const share = apart ? `${number(distance)} ` : percent < 1000 ? `${rough(percent)} % ` : "";
  return `${number(value)} is ${share}${direction} the expected ${number(expected)}, ${beyond}`;
}

function eventOf(series, run, gap) {
  const { x, values, expected, score } = series;
  const [start, stop] = [run[0], run[run.length - 1] + 1];
  const peak = run.reduce((best, i) => (score[i] > score[best] ? i : best));
  const [value, awaited] = [values[peak], expected[peak]];
  const direction = value > awaited ? "above" : value < awaited ? "below" : "shape";
  const severity = severityAt(series, peak);
  const explanation = explained(value, awaited, direction, severity, stop - start);
  return {
    from: x[start],
    start,
    stop,
    peak,
    direction,
    severity,
    value,
    expected: awaited,
    explanation,
    open: stop + gap >= x.length,
  };
}

/**
 * The newest events of `series`, in order; where it is `cut`, points before its first are not held, and an event that may
 * have begun among them is left out: its start and its worst point are not known here. Beside what the service says of an event: `from`, its first time, by which
 * it is known again when positions have moved; `open`, whether the next anomaly would still belong to it.
 */
export function eventsOf(series, gap = 0, cut = false) {
  const events = [];
  for (const run of newestRuns(series.flagged, gap)) {
    if (events.length === MOST_EVENTS || (cut && run[0] <= gap)) break;
    events.push(eventOf(series, run, gap));
  }
  return events.reverse();
}

/** `series` with its events; see eventsOf. */
export function withEvents(series, gap = 0, cut = false) {
  const events = eventsOf(series, gap, cut);
  return { ...series, events, peaks: Int32Array.from(events, ({ peak }) => peak) };
}
