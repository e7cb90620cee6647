// Requests for stored series, their detections and labels.
import { requestJson, send } from "../ui/api.js";
import { requestOf } from "./source.js";

const JSON_HEADERS = { "Content-Type": "application/json" };
const urlOf = (kind, id, rest = "") => `/api/v1/${kind}/${encodeURIComponent(id)}${rest}`;

/** @typedef {import("../ui/api.js").RequestOptions} RequestOptions */

/**
 * @param {string} method
 * @param {string} url
 * @param {any} body
 * @param {RequestOptions} [options]
 */
const sendJson = (method, url, body, options = {}) =>
  requestJson(method, url, { ...options, body: JSON.stringify(body), headers: JSON_HEADERS });

export const seriesUrl = (id, rest = "") => urlOf("series", id, rest);
export const detectionUrl = (id, rest = "") => urlOf("detections", id, rest);

/**
 * Uploads a source (see source.js).
 * @param {DataSource} source
 * @param {RequestOptions} options
 * @returns {Promise<SeriesInfo>}
 */
export const createSeries = (source, options) =>
  requestJson("POST", "/api/v1/series?times=ms", { ...requestOf(source), ...options });

export const listSeries = (limit) => requestJson("GET", `/api/v1/series?times=ms&limit=${limit}`);
export const getSeries = (id, options = {}) => requestJson("GET", seriesUrl(id, "?times=ms"), options);
export const deleteSeries = (id) => send("DELETE", seriesUrl(id));
export const getOverview = (id, buckets) => requestJson("GET", seriesUrl(id, `/overview?times=ms&buckets=${buckets}`));

/** The labels of a response, with their times where the series has any. */
export const withTimes = ({ labels, times }) =>
  labels.map((label, k) => (times ? { ...label, start_time: times[k][0], stop_time: times[k][1] } : label));

const withoutTimes = ({ start, stop, kind, note }) => ({ start, stop, kind, note });

/** @returns {Promise<Label[]>} */
export const getLabels = async (id) => withTimes(await requestJson("GET", seriesUrl(id, "/labels?times=ms")));

/** @returns {Promise<Label[]>} */
export async function putLabels(id, labels) {
  const body = { labels: labels.map(withoutTimes) };
  return withTimes(await sendJson("PUT", seriesUrl(id, "/labels?times=ms"), body));
}

/** The half-open positions of the points from one point of the axis to another. */
export const getPositions = (id, from, to) =>
  requestJson("GET", seriesUrl(id, `/points?${new URLSearchParams({ from, to, buckets: "1", times: "ms" })}`));

/** Starts a detection of {column, detector, params}; a short one is done in the response. */
export const startDetection = (id, request, options = {}) =>
  sendJson("POST", seriesUrl(id, "/detections?times=ms"), request, options);

export const getDetection = (id, options = {}) => requestJson("GET", detectionUrl(id, "?times=ms"), options);

/** Applies other {params, event_filter} to the stored scores, without a fit. @returns {Promise<Detection>} */
export const rethreshold = (id, changes) => sendJson("PATCH", detectionUrl(id, "?times=ms"), changes);

/** Which injected faults {column, detector, params} would detect. */
export const getDetectability = (id, request, options = {}) =>
  sendJson("POST", seriesUrl(id, "/detectability"), request, options);

/** The number of events for each value of the threshold; `perMonth`: and the value that gives no more than that. */
export function getSensitivity(id, /** @type {number | undefined} */ perMonth = undefined, options = {}) {
  const query = perMonth === undefined ? "" : `?${new URLSearchParams({ events_per_month: String(perMonth) })}`;
  return requestJson("GET", detectionUrl(id, `/sensitivity${query}`), options);
}
