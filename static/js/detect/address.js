// The address of the page: data, detection and the window in view, so that a link or a reload restores them.

const DEMO = ["kind", "points", "seed"];
const PREFIX = "detector_"; // of a parameter that has the name of one of the demo: both have a seed
const IDS = ["series", "detection", "column"];
const WINDOW = ["from", "to"];

/**
 * @typedef {object} Address
 * @property {Record<string, string> | null} [demo] kind, points, seed
 * @property {string} [series]
 * @property {string} [detection]
 * @property {string} [column]
 * @property {[number, number] | null} [window]
 * @property {string} [detector]
 * @property {Record<string, number>} [params]
 */

/**
 * The fields of the query of an address.
 * @param {string} search
 * @returns {Address & {params: Record<string, number>}}
 */
export function readAddress(search) {
  const query = new URLSearchParams(search);
  const demo = query.has("kind") ? Object.fromEntries([...query].filter(([name]) => DEMO.includes(name))) : null;
  const known = [...DEMO, ...IDS, ...WINDOW, "detector"];
  const rest = [...query].filter(
    ([name, value]) => !known.includes(name) && value !== "" && Number.isFinite(Number(value)),
  );
  const [from, to] = WINDOW.map((name) => Number(query.get(name) ?? NaN));
  return {
    demo,
    series: query.get("series") ?? undefined,
    detection: query.get("detection") ?? undefined,
    column: query.get("column") ?? undefined,
    detector: query.get("detector") ?? undefined,
    window: from < to ? [from, to] : null,
    params: Object.fromEntries(rest.map(([name, value]) => [name.replace(PREFIX, ""), Number(value)])),
  };
}

/** The query of an address; undefined and null are left out. @param {Address} address */
export function addressOf({ demo, series, detection, column, window, detector, params }) {
  const prefixed = Object.entries(params ?? {}).map(([name, value]) => [
    DEMO.includes(name) ? PREFIX + name : name,
    value,
  ]);
  const fields = {
    ...demo,
    series,
    detection,
    column,
    ...(window ? { from: window[0], to: window[1] } : {}),
    detector,
    ...Object.fromEntries(prefixed),
  };
  return `?${new URLSearchParams(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))}`;
}
