// What can be exported: results as files, the chart as a PNG, commands.
import { send } from "../ui/api.js";
import { announce, element } from "../ui/dom.js";
import { quoted } from "../ui/shell.js";
import { detectionUrl } from "./resources.js";
import { curlOf } from "./source.js";

const REVOKE_DELAY = 10_000; // milliseconds, after which the browser has begun to save

/** A file name without its extension and special characters. */
const baseName = (name) =>
  name
    .replace(/\.(csv|tsv|txt|gz|zip)$/i, "")
    .replace(/[^\w.-]+/g, "-")
    .replace(/^-+|-+$/g, "") || "series";

/** Lets the browser save a file. @param {Blob} blob @param {string} name */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_DELAY);
}

const FORMATS = {
  csv: { type: "text/csv", url: (id) => detectionUrl(id, ".csv") },
  json: { type: "application/json", url: (id) => detectionUrl(id) },
};

/**
 * Saves the results of a detection of the series `name`.
 * @param {Detection} detection
 * @param {"csv" | "json"} format
 * @param {string} name
 * @param {AbortSignal} signal
 */
export async function saveResults(detection, format, name, signal) {
  const { type, url } = FORMATS[format];
  const { text } = await send("GET", url(detection.id), { headers: { Accept: type }, signal });
  saveFile(new Blob([text], { type }), `${baseName(name)}-anomalies.${format}`);
}

export const pngName = (name) => `${baseName(name)}-chart.png`;

/** Commands for the same results: the stored ones and, where only the data and settings matter, from the data. */
export function curlCommands({ source, detection, column, origin, reproducible }) {
  const stored = `curl -s ${quoted(origin + detectionUrl(detection.id, ".csv"))}`;
  const { detector, params } = detection;
  return { stored, fromData: source && reproducible ? curlOf(source, { column, detector, params }, origin) : "" };
}

/** Copies a text and announces it. @param {string} text @param {string} message */
export async function copyText(text, message) {
  await navigator.clipboard.writeText(text);
  announce(message);
}
