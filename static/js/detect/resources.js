// The addresses of what the service keeps: series, their detections, what people said of them.
import { ask, send } from "../ui/api.js";
import { requestOf } from "./source.js";

const JSON_HEADERS = { "Content-Type": "application/json" };
const at = (kind, id, rest = "") => `/api/v1/${kind}/${encodeURIComponent(id)}${rest}`;

const told = (method, url, body, options = {}) =>
  ask(method, url, { ...options, body: JSON.stringify(body), headers: JSON_HEADERS });

/** Uploads a source (see source.js) and answers what was understood of it. */
export const keep = (source, options) => ask("POST", "/api/v1/series?times=ms", { ...requestOf(source), ...options });

export const seriesUrl = (id, rest) => at("series", id, rest);
export const detectionUrl = (id, rest) => at("detections", id, rest);

export const recent = (limit) => ask("GET", `/api/v1/series?times=ms&limit=${limit}`);
export const seriesOf = (id, options) => ask("GET", seriesUrl(id, "?times=ms"), options);
export const forget = (id) => send("DELETE", seriesUrl(id));
export const overviewOf = (id, buckets) => ask("GET", seriesUrl(id, `/overview?times=ms&buckets=${buckets}`));

/** The labels of an answer, with their times where the series has any. */
export const withTimes = ({ labels, times }) =>
  labels.map((label, k) => (times ? { ...label, start_time: times[k][0], stop_time: times[k][1] } : label));

export const labelsOf = async (id) => withTimes(await ask("GET", seriesUrl(id, "/labels?times=ms")));
const bare = ({ start, stop, kind, note }) => ({ start, stop, kind, note });
export const putLabels = async (id, labels) =>
  withTimes(await told("PUT", seriesUrl(id, "/labels?times=ms"), { labels: labels.map(bare) }));

/** The half open positions of the points from one place of the axis up to another. */
export const positionsOf = (id, from, to) =>
  ask("GET", seriesUrl(id, `/points?${new URLSearchParams({ from, to, buckets: 1, times: "ms" })}`));

/** Begins a judgement; small work comes back done. */
export const judge = (id, question, options) => told("POST", seriesUrl(id, "/detections?times=ms"), question, options);
/** What would be caught of known faults planted into a column. */
export const catchesOf = (id, question, options) => told("POST", seriesUrl(id, "/detectability"), question, options);
export const detectionOf = (id, options) => ask("GET", detectionUrl(id, "?times=ms"), options);
/** Judges again from the kept scores. */
export const judgeAgain = (id, changes, options) => told("PATCH", detectionUrl(id, "?times=ms"), changes, options);
/** How many events each value would give; with `perMonth`, which value gives no more than that. */
export const sensitivityOf = (id, perMonth, options) =>
  ask(
    "GET",
    detectionUrl(
      id,
      `/sensitivity${perMonth === undefined ? "" : `?${new URLSearchParams({ events_per_month: perMonth })}`}`,
    ),
    options,
  );
