// Series and detections that the service keeps, as sources of windows (windows.js).
import { ask } from "../ui/api.js";
import { column, positions } from "./columns.js";
import { gapsAmong } from "./gaps.js";

const MOST_BUCKETS = 4000; // more are refused
const JUDGED = ["expected", "lower", "upper", "score"];

/** The answer to a request for points as rows; `x` is milliseconds since 1970, or the position. */
export function rowsOf(answer, from, to, buckets, step) {
  const at = Int32Array.from(answer.positions);
  const x = answer.times ? column(answer.times) : Float64Array.from(at);
  const consecutive = at.length === 0 || at.at(-1) - at[0] === at.length - 1;
  const width = consecutive ? 0 : (to - from) / buckets;
  const rows = {
    x,
    positions: at,
    values: column(answer.values),
    from,
    to,
    width,
    gaps: gapsAmong(x, at, step, width),
  };
  if (!answer.score) return { ...rows, flagged: new Int32Array(), peaks: new Int32Array() };
  for (const name of JUDGED) rows[name] = column(answer[name]);
  return { ...rows, flagged: positions(answer.is_anomaly), peaks: new Int32Array() };
}

/** `path` answers windows of points; `extent` and `step` are on the axis: ms, or positions. */
function source(path, { extent, step, hasTimes }, more = {}) {
  return {
    extent,
    async window(from, to, buckets, signal) {
      const many = Math.min(MOST_BUCKETS, buckets);
      // Half open there; a text of digits could be taken for another unit of time.
      const place = (at) => (hasTimes ? new Date(at).toISOString() : Math.max(0, at));
      const query = new URLSearchParams({
        ...more,
        from: place(Math.floor(from)),
        to: place(Math.floor(to) + 1),
        buckets: many,
        times: "ms",
      });
      return rowsOf(await ask("GET", `${path}?${query}`, { signal }), from, to, many, step);
    },
  };
}

/** The values of one column of a stored series, not judged. `axis` is {extent, step, hasTimes}. */
export const storedSeries = (id, columnName, axis) =>
  source(`/api/v1/series/${encodeURIComponent(id)}/points`, axis, { column: columnName });

/** The judged points of a stored detection. `axis` is {extent, step, hasTimes}. */
export const storedDetection = (id, axis) => source(`/api/v1/detections/${encodeURIComponent(id)}/points`, axis);
