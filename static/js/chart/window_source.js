// Stored series and detections, as sources of windows (windows.js).
import { requestJson } from "../ui/api.js";
import { column, positions } from "./columns.js";
import { gapsAmong } from "./gaps.js";

const MAX_BUCKETS = 4000; // the service rejects more
const SCORE_COLUMNS = ["expected", "lower", "upper", "score"];

/** The response with points as rows. @returns {Rows} */
export function rowsOf(answer, from, to, buckets, step) {
  const at = Int32Array.from(answer.positions);
  const x = answer.times ? column(answer.times) : Float64Array.from(at);
  const consecutive = at.length === 0 || at[at.length - 1] - at[0] === at.length - 1;
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
  for (const name of SCORE_COLUMNS) rows[name] = column(answer[name]);
  return { ...rows, flagged: positions(answer.is_anomaly), peaks: new Int32Array() };
}

/**
 * @param {string} path of the points
 * @param {Axis} axis
 * @param {Record<string, string>} [query]
 * @returns {RowSource}
 */
function source(path, { extent, step, hasTimes }, query = {}) {
  return {
    extent,
    async window(from, to, buckets, signal) {
      const many = Math.min(MAX_BUCKETS, buckets);
      // Half-open there. ISO times, as digits could be read in another unit.
      const place = (at) => (hasTimes ? new Date(at).toISOString() : String(Math.max(0, at)));
      const search = new URLSearchParams({
        ...query,
        from: place(Math.floor(from)),
        to: place(Math.floor(to) + 1),
        buckets: String(many),
        times: "ms",
      });
      return rowsOf(await requestJson("GET", `${path}?${search}`, { signal }), from, to, many, step);
    },
  };
}

/**
 * The values of one column of a stored series.
 * @param {string} id
 * @param {string} columnName
 * @param {Axis} axis
 */
export const storedSeries = (id, columnName, axis) =>
  source(`/api/v1/series/${encodeURIComponent(id)}/points`, axis, { column: columnName });

/**
 * The scored points of a stored detection.
 * @param {string} id
 * @param {Axis} axis
 */
export const storedDetection = (id, axis) => source(`/api/v1/detections/${encodeURIComponent(id)}/points`, axis);
